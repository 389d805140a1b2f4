"""The ledger: every account that was touched, and every value that it used, as columns.

What was not used for LIFE_MS is forgotten, and so is who was not seen for as long: accounts are
then numbered anew, in the order that they had. Memory (bench/linking.py): 720 bytes an account, and
370 bytes for each pair of an account and a value; an account keeps its newest MOST_VALUES of one
kind.
"""

from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.features import CONDUCT_NAMES
from stream.link import habits, hands
from stream.link.surprise import Edges, Mask
from stream.link.touches import Touch, Value

LIFE_MS = 30 * 86_400_000
MOST_VALUES = 48  # of one kind, the newest: what an account does now is not what it did once
# After so long nobody speaks any more of a value that nobody uses, and another takes its number.
REUSED_MS = 48 * 3_600_000
# Of the uses, or of the accounts, are dropped at a time: it takes as long as noting all the others
# anew.
STALE = 0.05

COLUMNS = np.dtype(
    [
        ("partition", "i8"),
        ("first", "i8"),  # ms: the first touch that is held
        ("last", "i8"),
        ("begun", "i8"),  # ms: sign-up, or the first touch where it is not known
        ("score", "f8"),
        ("peak", "f8"),  # the highest score of any of its requests
        ("kyc_peak", "f8"),  # see touches.py
        ("conduct", "f8"),  # as of the last search: see portrait.Population
        ("requests", "i8"),
        ("tokens", "i8"),
        ("tier", "i8"),
        ("established", "?"),
        ("trusted", "?"),  # established, and in the hands that made it so
        *hands.COLUMNS,
        ("row", "f2", len(CONDUCT_NAMES)),
    ]
)
_NOBODYS = (1 << 32) - 1  # the number of a value that nobody used
USES = np.dtype([("account", "i8"), ("value", "i8"), ("since", "i8"), ("last", "i8")])  # ms


class Leaving(NamedTuple):
    """Accounts that left: their names; of those who stay the numbers, by those that they had."""

    gone: list[str]
    number: dict[int, int]


@dataclass(slots=True)
class Ledger:
    """Accounts by number, in the order of their first touch."""

    number: dict[str, int] = field(default_factory=dict)
    name: list[str] = field(default_factory=list)
    event_id: list[str] = field(default_factory=list)
    country: list[str] = field(default_factory=list)
    model: list[str] = field(default_factory=list)
    clock: int = 0
    _columns: NDArray[np.void] = field(default_factory=lambda: np.zeros(1024, COLUMNS))
    _value: dict[Value, int] = field(default_factory=dict)
    _values: list[Value] = field(default_factory=list)
    _kinds: bytearray = field(default_factory=bytearray)  # of each value
    _users: list[int] = field(default_factory=list)  # of each value
    _unused: OrderedDict[int, int] = field(default_factory=OrderedDict)  # value: since when
    _use: dict[int, int] = field(default_factory=dict)  # account and value: row of `_uses`
    _uses: NDArray[np.void] = field(default_factory=lambda: np.zeros(1024, USES))
    _of_account: list[list[int]] = field(default_factory=list)  # the values of each
    _of_kind: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    _erased: list[int] = field(default_factory=list)  # accounts that leave with the next `forget`

    @property
    def columns(self) -> NDArray[np.void]:
        """COLUMNS of each account."""
        return self._columns[: len(self.name)]

    def fold(self, touch: Touch) -> int:
        """Take in a touch; the number of its account. A touch older than the last one adds only
        its values."""
        account = self._account(touch)
        columns = self._columns[account]
        self.clock = max(self.clock, touch.ts)
        if touch.ts >= columns["last"]:
            columns["last"], columns["score"], columns["tier"] = touch.ts, touch.score, touch.tier
            columns["peak"], columns["kyc_peak"] = touch.peak, touch.kyc_peak
            columns["requests"], columns["tokens"] = touch.requests, touch.tokens
            columns["established"] = touch.established
            columns["trusted"] = self._is_trusted(account, touch)
            columns["row"] = np.frombuffer(touch.row, np.float16)
            columns["begun"] = touch.begun or columns["begun"]
            self.event_id[account], self.model[account] = touch.event_id, touch.model
            self.country[account] = touch.country or self.country[account]
        for value in touch.values:
            self._note(account, value, touch.ts)
        return account

    def _is_trusted(self, account: int, touch: Touch) -> bool:
        """Before the touch's values are noted: they are not new any more then."""
        if not touch.established:
            return False
        columns = self._columns[account]
        hands.turn(columns, touch, self._novel(account, touch.values))
        return not hands.is_lost(columns, touch)

    def _novel(self, account: int, values: list[Value]) -> hands.Novel:
        novel: dict[int, bool] = {}
        for value in values:
            kind = value[0]
            if kind in hands.HABITS and 0 < self._of_kind.get((account, kind), 0) < MOST_VALUES:
                use = account << 32 | self._value.get(value, _NOBODYS)
                novel[kind] = novel.get(kind, False) or use not in self._use
        return novel

    def _account(self, touch: Touch) -> int:
        known = self.number.get(touch.account_id)
        if known is not None:
            return known
        account = self.number[touch.account_id] = len(self.name)
        self.name.append(touch.account_id)
        for texts in (self.event_id, self.country, self.model):
            texts.append("")
        self._of_account.append([])
        self._columns = _room(self._columns, account)
        columns = self._columns[account]
        columns["partition"], columns["begun"] = touch.partition, touch.ts
        columns["first"] = touch.ts
        return account

    def _note(self, account: int, value: Value, ts: int) -> None:
        number = self._numbered(value)
        use = account << 32 | number
        row = self._use.get(use)
        if row is not None:
            self._uses["last"][row] = max(self._uses["last"][row], ts)
            return
        row = self._vacated(account, value[0])
        self._use[use] = row
        self._uses[row] = (account, number, ts, ts)
        self._of_account[account].append(number)
        self._users[number] += 1
        self._unused.pop(number, None)

    def _numbered(self, value: Value) -> int:
        """The number of a value; a new one takes that of one which nobody has used for long."""
        number = self._value.get(value)
        if number is not None:
            return number
        number, since = next(iter(self._unused.items()), (-1, self.clock))
        if since >= self.clock - REUSED_MS:
            number = len(self._values)
            self._values.append(value)
            self._kinds.append(value[0])
            self._users.append(0)
        else:
            del self._unused[number], self._value[self._values[number]]
            self._values[number], self._kinds[number] = value, value[0]
        self._value[value] = number
        return number

    def _vacated(self, account: int, kind: int) -> int:
        """A row for one more use: a new one, or that of the use of its kind noted first."""
        if self._of_kind[account, kind] >= MOST_VALUES:
            held = self._of_account[account]
            first = next(number for number in held if self._kinds[number] == kind)
            held.remove(first)
            self._users[first] -= 1
            if not self._users[first]:
                self._unused[first] = self.clock
            return self._use.pop(account << 32 | first)
        self._of_kind[account, kind] += 1
        row = len(self._use)
        self._uses = _room(self._uses, row)
        return row

    def erase(self, account_id: str) -> int | None:
        """Forget an account and what it used, its uses with the next `forget`. The number that it
        had, which means nobody until then; None where it is not known."""
        account = self.number.pop(account_id, None)
        if account is None:
            return None
        for texts in (self.name, self.event_id, self.country, self.model):
            texts[account] = ""
        for number in self._of_account[account]:
            self._uses["last"][self._use[account << 32 | number]] = 0
        self._columns[account] = np.zeros((), COLUMNS)
        self._erased.append(account)
        return account

    def edges(self) -> Edges:
        """Every use within LIFE_MS."""
        uses = self._held_uses()
        # A copy: while NumPy looks at a bytearray it cannot grow.
        return Edges(uses["account"], uses["value"], np.array(self._kinds, np.uint8))

    def vouching(self) -> Mask:
        """Which of the `edges` may vouch for their values: see habits.py."""
        uses = self._held_uses()
        kinds = np.array(self._kinds, np.uint8)[uses["value"]]
        first = self.columns["first"]
        return habits.vouching(uses["account"], kinds, uses["since"], first, self.clock)

    def _held_uses(self) -> NDArray[np.void]:
        uses = self._uses[: len(self._use)]
        return uses[uses["last"] >= self.clock - LIFE_MS]

    @property
    def seen(self) -> Mask:
        """Who touched within LIFE_MS; bool[accounts]."""
        touched: Mask = self.columns["last"] >= self.clock - LIFE_MS
        return touched

    @property
    def values(self) -> int:
        """How many values there are; their numbers are below it."""
        return len(self._values)

    @property
    def turned(self) -> int:
        """How many accounts changed hands not long ago."""
        return int((self.columns["turned"] > self.clock - hands.LAPSES_MS).sum())

    def value(self, number: int) -> Value:
        """Kind and hash of a value."""
        return self._values[number]

    def values_of(self, account: int) -> list[int]:
        """The numbers of the values that an account used."""
        return self._of_account[account]

    def number_of(self, value: Value) -> int | None:
        """The number of a value, None where nobody used it."""
        return self._value.get(value)

    def forget(self) -> Leaving | None:
        """Drop uses that are older than LIFE_MS, and accounts that were not seen for as long; who
        left, None for nobody. While both are few they wait; numbers of values stay."""
        uses, seen = self._uses[: len(self._use)], self.seen
        seen[self._erased] = False
        used = uses["last"] >= self.clock - LIFE_MS
        if _are_most(used) and _are_most(seen) and not self._erased:
            return None
        self._erased = []
        kept = uses[used]
        kept["account"] = (np.cumsum(seen) - 1)[kept["account"]]
        leaving = None if seen.all() else self._leave(seen)
        self._hold(kept)
        return leaving

    def _leave(self, seen: Mask) -> Leaving:
        """Keep those who were seen, as numbers without a gap."""
        gone = [name for name, stays in zip(self.name, seen.tolist(), strict=True) if not stays]
        stay = np.flatnonzero(seen).tolist()
        self._columns = self.columns[seen]
        for texts in (self.name, self.event_id, self.country, self.model):
            texts[:] = [texts[account] for account in stay]
        self.number = {name: number for number, name in enumerate(self.name)}
        # Who was erased has no name, and was let go of before.
        return Leaving(list(filter(None, gone)), {had: has for has, had in enumerate(stay)})

    def _hold(self, uses: NDArray[np.void]) -> None:
        """Hold these uses, and no other."""
        self._uses = uses
        keys = uses["account"] << 32 | uses["value"]
        self._use = dict(zip(keys.tolist(), range(len(uses)), strict=True))
        self._of_kind = defaultdict(int)
        self._of_account = [[] for _ in self.name]
        for account, number in zip(uses["account"].tolist(), uses["value"].tolist(), strict=True):
            self._of_kind[account, self._values[number][0]] += 1
            self._of_account[account].append(number)
        self._users = np.bincount(uses["value"], minlength=len(self._values)).tolist()
        for number in np.flatnonzero(np.equal(self._users, 0)).tolist():
            self._unused.setdefault(number, self.clock)


def _are_most(kept: Mask) -> bool:
    """Whether too few are not to be worth the time."""
    return bool(kept.sum() >= (1 - STALE) * len(kept))


def _room(rows: NDArray[np.void], wanted: int) -> NDArray[np.void]:
    """`rows` with room for one more than `wanted`: twice as many when they are full."""
    if wanted < len(rows):
        return rows
    return np.concatenate([rows, np.zeros(max(len(rows), 1), rows.dtype)])
