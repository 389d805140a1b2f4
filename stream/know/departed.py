"""The departed: accounts that were erased while this process ran.

A batch of requests that was under way then knew them as alive. What it left of them has to go when
it is done, since no later event need ever come to do it.
"""

from collections.abc import Iterable
from typing import Final

# Erasures of the last minutes, by far: a batch takes seconds.
MOST: Final = 10_000


class Departed:
    """Remembers the last MOST of them."""

    def __init__(self) -> None:
        self._accounts: dict[str, None] = {}

    def add(self, accounts: Iterable[str]) -> None:
        """Remember accounts, before what the store holds of them goes."""
        self._accounts |= dict.fromkeys(accounts)
        for account in list(self._accounts)[:-MOST]:
            del self._accounts[account]

    def among(self, accounts: Iterable[str]) -> list[str]:
        """Those of the accounts that are gone, in their order."""
        return (
            [account for account in accounts if account in self._accounts] if self._accounts else []
        )
