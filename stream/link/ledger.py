"""The ledger: every account that was touched, as columns, and every value that it used.

What was not used for LIFE_MS is forgotten, and so is who was not seen for as long: accounts are
then numbered anew, in the order that they had. Memory (bench/linking.py): 720 bytes an account, and
385 bytes for each pair of an account and a value.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.features import CONDUCT_NAMES
from stream.link import habits, hands
from stream.link.surprise import Edges, Mask
from stream.link.touches import Touch, Value
from stream.link.uses import Uses
from stream.link.values import Values

LIFE_MS = 30 * 86_400_000
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
        ("conduct", "f8"),  # as of the last search: see population.py
        ("requests", "i8"),
        ("tokens", "i8"),
        ("tier", "i8"),
        ("established", "?"),
        ("trusted", "?"),  # established, and in the hands that made it so
        *hands.COLUMNS,
        ("row", "f2", len(CONDUCT_NAMES)),
    ]
)


class Leaving(NamedTuple):
    """Accounts that left: their names; of those who stay the numbers, by those that they had."""

    gone: list[str]
    number: dict[int, int]


class Witnessed(NamedTuple):
    """Who used what, with which of these uses an account may vouch for others, and what accounts
    that moved took up (see habits.py)."""

    edges: Edges
    vouching: Mask
    anew: Edges


class Ledger:
    """Accounts by number, in the order of their first touch."""

    def __init__(self) -> None:
        self.number: dict[str, int] = {}
        self.name: list[str] = []
        self.event_id: list[str] = []
        self.country: list[str] = []
        self.model: list[str] = []
        self.clock = 0
        self._columns = np.zeros(1024, COLUMNS)
        self._values = Values()
        self._uses = Uses(self._values)
        self._erased: list[int] = []  # accounts that leave with the next `forget`

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
            self._uses.note(account, value, touch.ts, self.clock)
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
            if kind in hands.HABITS and self._uses.has_some(account, kind):
                novel[kind] = novel.get(kind, False) or not self._uses.knows(account, value)
        return novel

    def _account(self, touch: Touch) -> int:
        known = self.number.get(touch.account_id)
        if known is not None:
            return known
        account = self.number[touch.account_id] = len(self.name)
        self.name.append(touch.account_id)
        for texts in (self.event_id, self.country, self.model):
            texts.append("")
        self._uses.welcome()
        self._columns = _room(self._columns, account)
        columns = self._columns[account]
        columns["partition"], columns["begun"] = touch.partition, touch.ts
        columns["first"] = touch.ts
        return account

    def erase(self, account_id: str) -> int | None:
        """Forget an account and what it used, its uses with the next `forget`. The number that it
        had, which means nobody until then; None where it is not known."""
        account = self.number.pop(account_id, None)
        if account is None:
            return None
        for texts in (self.name, self.event_id, self.country, self.model):
            texts[account] = ""
        self._uses.end(account)
        self._columns[account] = np.zeros((), COLUMNS)
        self._erased.append(account)
        return account

    def uses(self) -> Witnessed:
        """Every use within LIFE_MS."""
        rows = self._uses.rows
        used = rows.take(rows.last >= self.clock - LIFE_MS)
        edges = Edges(used.account, used.value, self._values.kinds)
        first = self.columns["first"]
        kinds = edges.kind[used.value]
        vouching, anew = habits.weighed(used.account, kinds, used.since, first, self.clock)
        return Witnessed(edges, vouching, edges.take(anew))

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
        return self._values.by_number[number]

    def values_of(self, account: int) -> list[int]:
        """The numbers of the values that an account used."""
        return self._uses.of(account)

    def number_of(self, value: Value) -> int | None:
        """The number of a value, None where nobody used it."""
        return self._values.number.get(value)

    def forget(self) -> Leaving | None:
        """Drop uses that are older than LIFE_MS, and accounts that were not seen for as long; who
        left, None for nobody. While both are few they wait; numbers of values stay."""
        uses, seen = self._uses.rows, self.seen
        seen[self._erased] = False
        used = uses.last >= self.clock - LIFE_MS
        if _are_most(used) and _are_most(seen) and not self._erased:
            return None
        self._erased = []
        kept = uses.take(used)
        kept = kept._replace(account=(np.cumsum(seen) - 1)[kept.account])
        leaving = None if seen.all() else self._leave(seen)
        self._uses.hold(kept, len(self.name), self.clock)
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


def _are_most(kept: Mask) -> bool:
    """Whether too few are not to be worth the time."""
    return bool(kept.sum() >= (1 - STALE) * len(kept))


def _room(rows: NDArray[np.void], wanted: int) -> NDArray[np.void]:
    """`rows` with room for one more than `wanted`: twice as many when they are full."""
    if wanted < len(rows):
        return rows
    return np.concatenate([rows, np.zeros(max(len(rows), 1), rows.dtype)])
