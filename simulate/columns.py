"""Columns of Python values from columns of keys and numbers."""

from typing import Any

from numpy.typing import NDArray

from simulate.chance import Keys, Lane, mix

Column = list[Any]


def hexes(keys: Keys) -> list[str]:
    """Each key as 16 hex digits."""
    digits = keys.astype(">u8").tobytes().hex()
    return [digits[i : i + 16] for i in range(0, len(digits), 16)]


def named(prefix: str, keys: Keys) -> list[str]:
    """Each key as an id."""
    return [prefix + digits for digits in hexes(keys)]


def looked_up(numbers: NDArray[Any], strings: list[Any]) -> Column:
    """The string of each number, int[n]."""
    return [strings[n] for n in numbers.tolist()]


def api_keys(account: Keys, nth: Keys) -> list[str]:
    """The id of key number `nth`, uint64[n], of the account with each key, uint64[n]."""
    return named("key_", mix(mix(account, Lane.KEY), nth))
