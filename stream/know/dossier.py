"""A dossier: what one chunk brings about one account, worked through event by event."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import accumulate
from typing import NamedTuple

from kyc.assessed import UNASSESSED, Assessed
from kyc.claims import Claim, claims
from kyc.profile import Profile, join
from kyc.screening.screener import Subject
from schemas.wire import DecisionWire
from stream.know.assessor import Occasion
from stream.store import Current


class Told(NamedTuple):
    """One event of an account: where it stood, which one it was, what it says, whom it names."""

    offset: int
    event_id: str
    ts: int
    facts: Profile
    named: tuple[Subject, ...] = ()


@dataclass(slots=True)
class Dossier:
    """An account's news over what is held of it; stand_in: a hash in place of the account; held:
    offset of the last event that it holds; proofs: bits of those that count, which others may have
    shown before."""

    account: str
    stand_in: int
    held: int
    before: Profile
    assessed: Assessed
    proofs: int
    news: Sequence[Told]
    decisions: list[DecisionWire] = field(default_factory=list)
    profile: Profile = field(init=False)
    _after: list[Profile] = field(init=False)  # each of the news

    def __post_init__(self) -> None:
        _, *self._after = accumulate((one.facts for one in self.news), join, initial=self.before)
        self.profile = self._after[-1]
        if self.profile.erased:
            self.assessed = UNASSESSED

    @property
    def last(self) -> int:
        """Offset of the last event that it holds, with the news."""
        return max(self.held, self.news[-1].offset)

    @property
    def known(self) -> int:
        """How many of the news were held already."""
        return sum(told.offset <= self.held for told in self.news)

    @property
    def current(self) -> Current | None:
        """The decision that stands after the news, where they have brought any about."""
        if not self.decisions:
            return None
        last = self.decisions[-1]
        return Current.of(last)

    def stages(self) -> Iterator["Stage"]:
        """Each event that is new, and the profile as it is after it; none of an erased account.

        One by one, so that decisions do not depend on where a chunk was cut.
        """
        for told, profile in zip(self.news, self._after, strict=True):
            if told.offset > self.held and not self.profile.erased:
                yield Stage(
                    told.offset, self, Occasion(self.account, told.event_id, told.ts), profile
                )

    def forgotten(self) -> list[Claim]:
        """Claims that an erasure takes back: those of events just before it, too."""
        if not self.profile.erased:
            return []
        told = (told.facts for told in self.news if not told.facts.erased)
        return claims(reduce(join, told, self.before))


class Stage(NamedTuple):
    """An account as it is after one of its events; offset: that event's."""

    offset: int
    dossier: Dossier
    occasion: Occasion
    profile: Profile
