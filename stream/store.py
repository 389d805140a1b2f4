"""The store: states, profiles, memberships, notices and decisions by account; one in memory.

It and the one on Redis (stream/redis_store.py) keep one promise: a record is never replaced by one
that holds fewer events of the same partition, so that a worker that lost its partition cannot undo
the next owner's work.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from schemas.wire import DecisionWire, encode_decision
from stream.remember.packing import HEADER

# Longer than the longest window and its last hop (33 days): what is forgotten no window covers.
LIFETIME_S = 34 * 86_400
# An account tells its facts once: its profile must outlive any pause. Requests renew it, so that
# only an account without requests and account events for 400 days (a year and a month's grace)
# is forgotten, and then all of it.
PROFILE_LIFETIME_S = 400 * 86_400
_FENCE = slice(0, HEADER.fields["offset"][1] + 8)  # type: ignore[index]
_STREAM = slice(0, HEADER.fields["offset"][1])  # type: ignore[index]


class Kind(StrEnum):
    """What is kept of an account beside its decision; the letter in its key.

    NOTICE: what linking says of it; PARDON: that a campaign of which it was a member was dismissed.
    """

    STATE = "s"
    PROFILE = "p"
    MEMBERSHIP = "m"
    NOTICE = "w"
    PARDON = "f"

    @property
    def lifetime_s(self) -> int:
        """How long it is kept after the last write."""
        return PROFILE_LIFETIME_S if self in {Kind.PROFILE, Kind.PARDON} else LIFETIME_S


# What a batch reads of each account; pardons are the linker's alone.
HELD = (Kind.STATE, Kind.PROFILE, Kind.MEMBERSHIP, Kind.NOTICE)
# What requests leave of an account, and its erasure takes.
LEFT = (Kind.STATE, Kind.MEMBERSHIP, Kind.NOTICE, Kind.PARDON)


@dataclass(frozen=True, slots=True)
class Current:
    """The decision that stands about an account: the message, and how long it lives, ms."""

    message: bytes
    lifetime: int

    @classmethod
    def of(cls, decision: DecisionWire) -> "Current":
        """A decision that stands until it expires."""
        return cls(encode_decision(decision), decision.expires_at - decision.ts)


@dataclass(frozen=True, slots=True)
class Entry:
    """What to write about one account; without `decision` the one in the store stays."""

    account: str
    value: bytes
    decision: Current | None = None


Values = list[bytes | None]


class Held(NamedTuple):
    """What is held of some accounts, None where there is nothing; in the order of HELD."""

    states: Values
    profiles: Values
    memberships: Values
    notices: Values


class Store(Protocol):
    """Where all of it lives. Methods raise StoreError."""

    async def load(self, accounts: Sequence[str], kind: Kind = Kind.STATE) -> Values:
        """The packed value of each account, None where there is none."""

    async def load_all(self, accounts: Sequence[str]) -> Held:
        """What a batch reads of each account, in one round trip."""

    async def write(self, entries: Sequence[Entry], kind: Kind = Kind.STATE) -> int:
        """Write what is not older than what is there; how many were refused."""

    async def renew(self, accounts: Sequence[str]) -> None:
        """Let the profiles of these accounts live as long as if they were written now."""

    async def erase(self, accounts: Sequence[str]) -> None:
        """Forget what requests left of these accounts: all but their profiles."""

    async def decision(self, account: str) -> bytes | None:
        """The current decision about an account, None where none stands."""

    async def decree(self, account: str, decision: Current) -> None:
        """Let a decision stand that no event brought about."""


@dataclass(slots=True)
class MemoryStore:
    """A store in this process, for replay and tests. Decisions lapse only for their readers."""

    states: dict[str, bytes] = field(default_factory=dict)
    profiles: dict[str, bytes] = field(default_factory=dict)
    memberships: dict[str, bytes] = field(default_factory=dict)
    notices: dict[str, bytes] = field(default_factory=dict)
    pardons: dict[str, bytes] = field(default_factory=dict)
    decisions: dict[str, bytes] = field(default_factory=dict)

    def _of(self, kind: Kind) -> dict[str, bytes]:
        kept = (self.states, self.profiles, self.memberships, self.notices, self.pardons)
        return kept[list(Kind).index(kind)]

    async def load(self, accounts: Sequence[str], kind: Kind = Kind.STATE) -> Values:
        return list(map(self._of(kind).get, accounts))

    async def load_all(self, accounts: Sequence[str]) -> Held:
        return Held(*[await self.load(accounts, kind) for kind in HELD])

    async def write(self, entries: Sequence[Entry], kind: Kind = Kind.STATE) -> int:
        values, refused = self._of(kind), 0
        for entry in entries:
            held = values.get(entry.account)
            if held and _is_newer(held, entry.value):
                refused += 1
                continue
            values[entry.account] = entry.value
            if entry.decision:
                self.decisions[entry.account] = entry.decision.message
        return refused

    async def renew(self, accounts: Sequence[str]) -> None:
        """Nothing lapses here."""

    async def erase(self, accounts: Sequence[str]) -> None:
        for account in accounts:
            for values in (*map(self._of, LEFT), self.decisions):
                values.pop(account, None)

    async def decision(self, account: str) -> bytes | None:
        return self.decisions.get(account)

    async def decree(self, account: str, decision: Current) -> None:
        self.decisions[account] = decision.message


def _is_newer(held: bytes, new: bytes) -> bool:
    # Big-endian and not negative, so bytes compare as the numbers do.
    return held[_STREAM] == new[_STREAM] and held[_FENCE] > new[_FENCE]
