"""Countries as numbers, for the rows of a profile: 0 where not known, else 28 to 728."""

from functools import cache
from typing import Final

UNKNOWN: Final = 0
# Larger than any country's number: a time times this, plus a country, sorts by the time.
COUNTRIES: Final = 1_024
_BEFORE_A: Final = 64


@cache
def number(country: str | None) -> int:
    """ISO 3166-1 alpha-2 as a number; 0 for None and the empty string."""
    if not country:
        return UNKNOWN
    first, second = (ord(letter) - _BEFORE_A for letter in country)
    return 27 * first + second


def name(country: int) -> str:
    """The two letters of a number; empty for 0."""
    if country == UNKNOWN:
        return ""
    return "".join(chr(part + _BEFORE_A) for part in divmod(country, 27))
