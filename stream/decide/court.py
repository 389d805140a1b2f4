"""The court: a model and a policy that turn a batch's events into decisions, in order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from time import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kyc.known import Known
from kyc.tiers import Tier
from schemas.decisions import Action, Mode
from schemas.wire import DecisionWire, ReasonWire
from scorers.drift import Summary
from scorers.model import Model
from stream.bundles.opening import Bundle, open_chosen
from stream.decide.bars import AT_FIRST
from stream.decide.case import Case, cases
from stream.decide.grounds import asked, earlier, grounds
from stream.decide.rules import NO_RULING, Bars, Floor, Rules, Ruling, Standing, raised
from stream.decide.standings import cleared, move, standing
from stream.decode.batch import RequestBatch
from stream.remember.windows import Sight
from stream.settings import Settings

if TYPE_CHECKING:  # needs an SQL parser, which who has no rules need not wait for
    from stream.rules.rulings import Rulings


@dataclass(frozen=True, slots=True)
class Verdict:
    """One decision, and whether it changes or renews what stood."""

    account: int
    partition: int
    changes: bool
    decision: DecisionWire


class Court:
    """A model and the rules that turn its scores into decisions; swapped as one.

    rulings: rules of people's making beside the model, see stream/rules/; none: there are none.
    """

    def __init__(
        self,
        model: Model,
        rules: Rules,
        *,
        mode: Mode,
        every: bool,
        now: Callable[[], int],
        rulings: "Rulings | None" = None,
    ) -> None:
        self._model = model
        self._rules = rules
        self._rulings = rulings
        self._policy_version = rules.policy.version + (rulings.version if rulings else "")
        self._mode = mode
        self._every = every
        self._now = now

    def heed(self, bars: Bars) -> None:
        """Take no action by a score below its bar from now on."""
        self._rules = self._rules.heeding(bars)

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
        return self._rules.called(scores, tier)

    def score(
        self, rows: NDArray[np.float32], _batch: RequestBatch, _sight: Sight, /
    ) -> NDArray[np.float64]:
        """Calibrated scores 0-1 of feature rows."""
        return self._model.score(rows)

    def review(self, *_: object) -> None:
        """A court alone has nobody to compare itself with."""

    def judge(
        self,
        header: NDArray[np.void],
        batch: RequestBatch,
        sight: Sight,
        rows: NDArray[np.float32],
        scores: NDArray[np.float64],
        floors: Sequence[Floor | None],
        known: Known,
    ) -> list[Verdict]:
        """Verdicts in order of arrival; the standings in `header` move on with them.

        floors: of each account, what a campaign decided about it; known: who it is. While more
        proof is asked of an account, nothing weaker is decided: that decision stands.
        """
        tier = known.tier(sight.account, sight.clock)
        ruled = self._rule(rows, scores, tier, sight.clock)
        scores = raised(scores, ruled)
        opened = self._opened(header, sight, tier, scores, floors, ruled)
        standings: dict[int, Standing] = {}
        now, verdicts = self._now(), []
        for case in cases(batch, sight, scores, opened, known, tier, every=self._every):
            held = standings.get(case.account) or standing(header, case.account)
            floor = _alive(floors[case.account], case.clock)
            ruling = ruled.get(case.sight, NO_RULING)
            new, reasons = self._decide(held, case, rows[case.sight], floor, ruling)
            outdone = case.wanted and new.at(case.clock) < Action.STEP_UP
            if outdone:
                new, reasons = cleared(held, case.clock), [asked(case.kyc_score)]
            if new is not held:
                standings[case.account] = new
            told = outdone or _is_told(new, held, floor, case.clock)
            changes = new is not held and not told
            if changes or self._every:
                decision = self._write(case, new, reasons, now, floor)
                verdicts.append(Verdict(case.account, case.partition, changes, decision))
        move(header, standings)
        return verdicts

    def _opened(
        self,
        header: NDArray[np.void],
        sight: Sight,
        tier: NDArray[np.int64],
        scores: NDArray[np.float64],
        floors: Sequence[Floor | None],
        ruled: Mapping[int, Ruling],
    ) -> NDArray[np.bool_]:
        """Of each sight, whether anything stands about its account, or may come to stand within
        the batch."""
        members = np.array([floor is not None for floor in floors], bool)
        notable = self._rules.notable(scores, tier) | (header["action"][sight.account] > 0)
        notable |= members[sight.account]
        notable[list(ruled)] = True
        involved = np.zeros(len(header), bool)
        involved[sight.account[notable]] = True
        opened: NDArray[np.bool_] = involved[sight.account]
        return opened

    def _rule(
        self,
        rows: NDArray[np.float32],
        scores: NDArray[np.float64],
        tier: NDArray[np.int64],
        clock: NDArray[np.int64],
    ) -> dict[int, Ruling]:
        """What rules call for, by sight."""
        if self._rulings is None:
            return {}
        return self._rulings.of(rows, tier, clock, self._rules.notable(scores, tier))

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
        new, reasons = self._decide_alone(held, case, row, ruling)
        if floor is None or new.at(case.clock) > floor.standing.action:
            return new, reasons
        return (held if held == floor.standing else floor.standing), floor.reasons

    def _decide_alone(
        self, held: Standing, case: Case, row: NDArray[np.float32], ruling: Ruling
    ) -> tuple[Standing, list[ReasonWire]]:
        """By the account's own score and the rules that hold, whatever campaigns say."""
        tier = Tier(case.tier)
        new = self._rules.decide(held, case.score, tier, case.clock, ruling=ruling)
        if new is held:
            return held, [] if held.at(case.clock) is Action.ALLOW else [earlier(case.score)]
        reasons = grounds(self._model, row, case.score, ruling)
        evidence = self._rules.policy.block_evidence
        kinds = sum(reason.weight >= evidence.weight for reason in reasons)
        if new.action is Action.BLOCK and kinds < evidence.kinds:
            new = self._rules.decide(
                held, case.score, tier, case.clock, proven=False, ruling=ruling
            )
        return new, [] if new.action is Action.ALLOW else reasons

    def _write(
        self,
        case: Case,
        standing: Standing,
        reasons: list[ReasonWire],
        now: int,
        floor: Floor | None,
    ) -> DecisionWire:
        wanted, policy = case.wanted, self._rules.policy
        action = max(standing.at(case.clock), Action.STEP_UP if wanted else Action.ALLOW)
        answer, asks = self._rules.answer(action), wanted and action is Action.STEP_UP
        lapse = case.clock + policy.lifetimes[action]
        ends = max(standing.expires_at, case.asking.until if asks else 0)
        return DecisionWire(
            decision_id=decision_id(
                case.name, case.event_id, self._model.version, self._policy_version
            ),
            account_id=case.name,
            event_id=case.event_id,
            cause="request",
            ts=case.ts,
            decided_at=now,
            action=action,
            score=max(case.score, floor.score) if floor else case.score,
            kyc_tier=case.tier,
            kyc_score=case.kyc_score,
            reasons=reasons,
            model_version=self._model.version,
            policy_version=self._policy_version,
            mode=self._mode,
            expires_at=lapse if action is Action.ALLOW else ends,
            limits=answer.limits,
            restrictions=answer.restrictions,
            requirements=[wanted] if wanted and asks else answer.requirements,
            campaign_id=floor.campaign_id if floor else None,
        )


def wall_clock() -> int:
    """Milliseconds since the epoch."""
    return int(time() * 1_000)


def open_court(
    settings: Settings,
    now: Callable[[], int] = wall_clock,
    count_hits: Callable[[str, int], None] = lambda *_: None,
) -> Court:
    """The model, policy and rules that settings name. Raises ModelError or PolicyError.

    count_hits: told the name of a rule and how many events it held for.
    """
    return court_of(open_chosen(settings), settings, now, count_hits)


def court_of(
    bundle: Bundle,
    settings: Settings,
    now: Callable[[], int],
    count_hits: Callable[[str, int], None],
) -> Court:
    """The court of a bundle. Raises PolicyError."""
    rulings = _rulings(bundle, count_hits)
    return Court(
        bundle.model,
        Rules(bundle.policy, AT_FIRST, rulings.deciding if rulings else ()),
        mode=settings.mode,
        every=settings.decisions == "all",
        now=now,
        rulings=rulings,
    )


def _rulings(bundle: Bundle, count_hits: Callable[[str, int], None]) -> "Rulings | None":
    if bundle.rulebook is None:
        return None
    from stream.rules.rulings import Rulings  # noqa: PLC0415 - see above

    return Rulings(bundle.rulebook, bundle.policy, count_hits)


def decision_id(account: str, event: str, model: str, policy: str) -> str:
    """The same for the same account, event, model and policy, however often it is worked out."""
    parts = "\0".join((account, event, model, policy)).encode()
    return blake2b(parts, digest_size=16, person=b"decision").hexdigest()


def _alive(floor: Floor | None, clock: int) -> Floor | None:
    return floor if floor and floor.standing.at(clock) is not Action.ALLOW else None


def _is_told(new: Standing, held: Standing, floor: Floor | None, clock: int) -> bool:
    """Whether the campaign told it already, and nothing stricter has to be taken back."""
    if floor is None or new is not floor.standing:
        return False
    return held.at(clock) <= floor.standing.action
