"""Values: what accounts used, by number; a value that nobody uses gives its number to another."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.link.surprise import Ints
from stream.link.touches import Value

# After so long nobody speaks any more of a value that nobody uses, and another takes its number.
REUSED_MS: Final = 48 * 3_600_000


@dataclass(slots=True)
class Values:
    """Values by number, and how many accounts use each."""

    number: dict[Value, int] = field(default_factory=dict)
    by_number: list[Value] = field(default_factory=list)
    _kinds: bytearray = field(default_factory=bytearray)
    _users: list[int] = field(default_factory=list)
    _unused: OrderedDict[int, int] = field(default_factory=OrderedDict)  # value: since when, ms

    def __len__(self) -> int:
        """How many there are; their numbers are below it."""
        return len(self.by_number)

    @property
    def kinds(self) -> NDArray[np.uint8]:
        """The kind of each."""
        # A copy: while NumPy looks at a bytearray it cannot grow.
        return np.array(self._kinds, np.uint8)

    def numbered(self, value: Value, clock: int) -> int:
        """The number of a value; a new one takes that of one which nobody has used for long."""
        number = self.number.get(value)
        if number is not None:
            return number
        number, since = next(iter(self._unused.items()), (-1, clock))
        if since >= clock - REUSED_MS:
            number = len(self.by_number)
            self.by_number.append(value)
            self._kinds.append(value[0])
            self._users.append(0)
        else:
            del self._unused[number], self.number[self.by_number[number]]
            self.by_number[number], self._kinds[number] = value, value[0]
        self.number[value] = number
        return number

    def gain(self, number: int) -> None:
        """One account more uses a value."""
        self._users[number] += 1
        self._unused.pop(number, None)

    def lose(self, number: int, clock: int) -> None:
        """One account fewer uses a value."""
        self._users[number] -= 1
        if not self._users[number]:
            self._unused[number] = clock

    def count(self, used: Ints, clock: int) -> None:
        """Every use there is, by value."""
        self._users = np.bincount(used, minlength=len(self)).tolist()
        for number in np.flatnonzero(np.equal(self._users, 0)).tolist():
            self._unused.setdefault(number, clock)
