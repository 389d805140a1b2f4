"""The court: a model and a policy that turn a batch's events into decisions, in order."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kyc.tiers import Tier
from schemas.decisions import Action
from schemas.features import FEATURE_NAMES
from schemas.wire import DecisionWire, ReasonWire
from scorers.drift import Summary
from scorers.model import Model
from stream.controls.reasons import governed
from stream.decide.case import Case, cases
from stream.decide.charter import NO_CHARTER, Charter
from stream.decide.grounds import asked, earlier, grounds, is_proven
from stream.decide.matter import Matter
from stream.decide.scribe import Scribe
from stream.decide.sparing import spared
from stream.decide.standings import CLEAR, Told, alive, cleared, is_told, move, opens, told
from stream.decide.statute import NO_RULING, Bars, Floor, Ruling, Standing, Statute, raised
from stream.govern.governor import Rise
from stream.rows import conduct_alone

if TYPE_CHECKING:  # needs an SQL parser, which who has no rules need not wait for
    from stream.rules.rulings import Rulings

_REQUESTS = FEATURE_NAMES.index("requests_count_24h")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One decision, and whether it changes or renews what stood. rise: where the account's own
    evidence calls for a stricter action than stood, for the governor to look at."""

    account: int
    partition: int
    changes: bool
    decision: DecisionWire
    rise: Rise | None = None


class _Found(NamedTuple):
    """What the evidence comes to, and whether that is to be told."""

    standing: Standing
    reasons: list[ReasonWire]
    changes: bool
    rise: Rise | None = None


class Court:
    """A model and the rules that turn its scores into decisions; swapped as one.

    rulings: rules of people's making beside the model, see stream/rules/; none: there are none.
    """

    def __init__(
        self,
        model: Model,
        statute: Statute,
        *,
        every: bool,
        now: Callable[[], int],
        rulings: "Rulings | None" = None,
    ) -> None:
        self._model = model
        self._statute = statute
        self._rulings = rulings
        self._policy_version = statute.policy.version + (rulings.version if rulings else "")
        self._every = every
        self._now = now

    def heed(self, bars: Bars) -> None:
        """Take no action by a score below its bar from now on."""
        self._statute = self._statute.heeding(bars)

    @property
    def versions(self) -> tuple[str, str]:
        """Of the model and of the policy, as decisions have them."""
        return self._model.version, self._policy_version

    @property
    def engine(self) -> str:
        """What works out the model's margins."""
        return self._model.engine

    @property
    def summary(self) -> Summary | None:
        """Of what the model was trained on."""
        return self._model.summary

    def called(self, scores: NDArray[np.float64], tier: NDArray[np.int64]) -> NDArray[np.int64]:
        """Ranks of the actions that scores alone call for, each in its tier."""
        return self._statute.called(scores, tier)

    def score(self, matter: Matter, /) -> NDArray[np.float64]:
        """Calibrated scores 0-1 of the events."""
        return self._model.score(matter.rows)

    def conduct(self, matter: Matter, /) -> NDArray[np.float64]:
        """The same by conduct alone."""
        return self._model.score(conduct_alone(matter.rows))

    def review(self, *_: object) -> None:
        """A court alone has nobody to compare itself with."""

    def judge(
        self,
        header: NDArray[np.void],
        matter: Matter,
        scores: NDArray[np.float64],
        charter: Charter = NO_CHARTER,
    ) -> list[Verdict]:
        """As a Judge does."""
        sight, tier = matter.sight, matter.tier
        # Who refuses somebody has had the batch judged before.
        ruled = self._rule(matter, scores, tier, again=bool(charter.refused))
        scribe = Scribe(self._statute, *self.versions, charter.mode, self._now())
        stood: dict[int, Told] = {}
        verdicts: list[Verdict] = []
        for case in self._cases(header, matter, scores, tier, ruled, charter):
            floor = matter.floors[case.account]
            was = stood.get(case.account) or told(header, case.account, floor)
            floor = alive(floor, case.clock)
            override = charter.find(case.account, int(sight.row[case.sight]), case.clock)
            if override:
                pinned = Told(self._statute.pinned(override), True, charter.mode)
                found = _Found(pinned.standing, [], pinned != was)
            else:
                ruling = ruled.get(case.sight, NO_RULING)
                found = self._weigh(was, case, matter.rows[case.sight], floor, ruling, charter)
            now = Told(found.standing, override is not None, charter.mode)
            if now != was:
                stood[case.account] = now
            if found.changes or self._every:
                decision = (
                    scribe.obey(case, override, floor)
                    if override
                    else scribe.write(case, found.standing, found.reasons, floor)
                )
                told_of = case.account, case.partition, found.changes
                verdicts.append(Verdict(*told_of, decision, found.rise))
        move(header, stood)
        return verdicts

    def _cases(
        self,
        header: NDArray[np.void],
        matter: Matter,
        alone: NDArray[np.float64],
        tier: NDArray[np.int64],
        ruled: Mapping[int, Ruling],
        charter: Charter,
    ) -> Iterator[Case]:
        """What of a batch is looked at one by one; `alone`: the scores before rules raise them."""
        scores = raised(alone, ruled)
        opened = self._opened(header, matter, scores, tier, ruled)
        opened |= opens(header, matter.sight, matter.known, charter.mode)
        opened |= charter.opens(matter.batch, matter.sight)
        own = raised(spared(self._model, matter.rows, alone, opened), ruled)
        return cases(matter, scores, own, opened, tier, every=self._every)

    def _weigh(
        self,
        was: Told,
        case: Case,
        row: NDArray[np.float32],
        floor: Floor | None,
        ruling: Ruling,
        charter: Charter,
    ) -> _Found:
        """What the evidence says about an event that no person's word holds for."""
        held, clock = CLEAR if was.pinned else was.standing, case.clock
        new, reasons = self._decide(held, case, row, floor, ruling)
        # What a campaign has decided, the linker has asked the governor about.
        own = floor is None or new is not floor.standing
        rise = None
        if own and new.at(clock) > max(held.at(clock), Action.RATE_LIMIT):
            rise = Rise(case.name, new.action, clock, int(row[_REQUESTS]))
        if rise and charter.refuses(case.account, clock):
            reasons = [governed(new.action), *reasons]
            new, rise = self._statute.lessened(held, clock), None
        outdone = case.wanted and new.at(clock) < Action.STEP_UP
        if outdone:
            new, reasons = cleared(held, clock), [asked(case.kyc_score)]
        stands = bool(case.wanted) or new.at(clock) is not Action.ALLOW
        # Told again: what was pinned till now, and what was told under another mode.
        again = stands and (was.pinned or was.mode != charter.mode)
        again |= was.pinned and was.standing.at(clock) is not Action.ALLOW
        known = outdone or is_told(new, held, floor, clock)
        return _Found(new, reasons, again or (new is not held and not known), rise)

    def _opened(
        self,
        header: NDArray[np.void],
        matter: Matter,
        scores: NDArray[np.float64],
        tier: NDArray[np.int64],
        ruled: Mapping[int, Ruling],
    ) -> NDArray[np.bool_]:
        """Of each event, whether anything stands about its account, or may come to stand within
        the batch."""
        account = matter.sight.account
        members = np.array([floor is not None for floor in matter.floors], bool)
        notable = self._statute.notable(scores, tier) | members[account]
        notable[list(ruled)] = True
        involved = np.zeros(len(header), bool)
        involved[account[notable]] = True
        opened: NDArray[np.bool_] = involved[account]
        return opened

    def _rule(
        self,
        matter: Matter,
        scores: NDArray[np.float64],
        tier: NDArray[np.int64],
        *,
        again: bool,
    ) -> dict[int, Ruling]:
        """What rules call for, by event."""
        if self._rulings is None:
            return {}
        notable = self._statute.notable(scores, tier)
        return self._rulings.of(matter.rows, tier, matter.sight.clock, notable, again=again)

    def _decide(
        self,
        held: Standing,
        case: Case,
        row: NDArray[np.float32],
        floor: Floor | None,
        ruling: Ruling,
    ) -> tuple[Standing, list[ReasonWire]]:
        if not case.open:
            return held, []
        least = floor.standing.action if floor else Action.ALLOW
        new, reasons = self._decide_alone(held, case, row, least, ruling)
        if floor is None or new.at(case.clock) > floor.standing.action:
            return new, reasons
        return (held if held == floor.standing else floor.standing), floor.reasons

    def _decide_alone(
        self, held: Standing, case: Case, row: NDArray[np.float32], least: Action, ruling: Ruling
    ) -> tuple[Standing, list[ReasonWire]]:
        """By its own score and the rules that hold; reasons, which cost, only above `least`."""
        tier, statute = Tier(case.tier), self._statute
        new = statute.decide(held, case.own, tier, case.clock, ruling=ruling)
        if new is held:
            return held, [] if held.at(case.clock) is Action.ALLOW else [earlier(case.score)]
        if new.at(case.clock) <= least:
            return new, []
        reasons = grounds(self._model, row, case.score, ruling, case.shared)
        if new.action is Action.BLOCK and not is_proven(reasons, statute.policy.block_evidence):
            new = statute.decide(held, case.own, tier, case.clock, proven=False, ruling=ruling)
        return new, [] if new.action is Action.ALLOW else reasons


def wall_clock() -> int:
    """Milliseconds since the epoch."""
    return int(time() * 1_000)
