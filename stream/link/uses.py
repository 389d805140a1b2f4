"""Uses: which account used which value, since when and until when, as columns.

An account keeps its newest MOST_VALUES of one kind.
"""

from collections import defaultdict
from typing import Final, NamedTuple

import numpy as np

from stream.link.surprise import Ints, Mask
from stream.link.touches import Value
from stream.link.values import Values

MOST_VALUES: Final = 48  # of one kind, the newest: what an account does now is not what it did once


class Used(NamedTuple):
    """Uses as columns: account, value, since when and until when, ms."""

    account: Ints
    value: Ints
    since: Ints
    last: Ints

    def take(self, uses: Mask | slice) -> "Used":
        """Some of the uses."""
        return Used(*(column[uses] for column in self))


class Uses:
    """All uses of `accounts` by number, each once."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._columns = Used(*np.zeros((4, 1024), np.int64))
        self._row: dict[int, int] = {}  # account and value: where its use is
        self._of_account: list[list[int]] = []
        self._of_kind: dict[tuple[int, int], int] = defaultdict(int)

    @property
    def rows(self) -> Used:
        """All of them."""
        return self._columns.take(slice(len(self._row)))

    def welcome(self) -> None:
        """One account more."""
        self._of_account.append([])

    def of(self, account: int) -> list[int]:
        """The values of an account, in the order in which it took them up."""
        return self._of_account[account]

    def knows(self, account: int, value: Value) -> bool:
        """Whether an account uses a value."""
        number = self._values.number.get(value)
        return number is not None and account << 32 | number in self._row

    def has_some(self, account: int, kind: int) -> bool:
        """Whether all values of a kind that an account uses are known, and there are some."""
        return 0 < self._of_kind.get((account, kind), 0) < MOST_VALUES

    def note(self, account: int, value: Value, ts: int, clock: int) -> None:
        """An account used a value at `ts`."""
        number = self._values.numbered(value, clock)
        use = account << 32 | number
        row = self._row.get(use)
        if row is not None:
            self._columns.last[row] = max(self._columns.last[row], ts)
            return
        row = self._vacated(account, value[0], clock)
        self._row[use] = row
        columns = self._columns  # which may just have grown
        columns.account[row], columns.value[row] = account, number
        columns.since[row] = columns.last[row] = ts
        self._of_account[account].append(number)
        self._values.gain(number)

    def _vacated(self, account: int, kind: int, clock: int) -> int:
        """A row for one more use: a new one, or that of the use of its kind noted first."""
        if self._of_kind[account, kind] >= MOST_VALUES:
            held, values = self._of_account[account], self._values.by_number
            first = next(number for number in held if values[number][0] == kind)
            held.remove(first)
            self._values.lose(first, clock)
            return self._row.pop(account << 32 | first)
        self._of_kind[account, kind] += 1
        row = len(self._row)
        if row == len(self._columns.account):  # twice as many
            more = np.zeros(max(row, 1), np.int64)
            self._columns = Used(*(np.concatenate([column, more]) for column in self._columns))
        return row

    def end(self, account: int) -> None:
        """What an account used it used never; the rows go with the next `hold`."""
        for number in self._of_account[account]:
            self._columns.last[self._row[account << 32 | number]] = 0

    def hold(self, used: Used, accounts: int, clock: int) -> None:
        """Hold these uses, and no other, of so many accounts."""
        self._columns = used
        keys = used.account << 32 | used.value
        self._row = dict(zip(keys.tolist(), range(len(keys)), strict=True))
        self._of_kind = defaultdict(int)
        self._of_account = [[] for _ in range(accounts)]
        values = self._values.by_number
        for account, number in zip(used.account.tolist(), used.value.tolist(), strict=True):
            self._of_kind[account, values[number][0]] += 1
            self._of_account[account].append(number)
        self._values.count(used.value, clock)
