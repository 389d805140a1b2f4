"""The court: a model and a policy that turn a batch's events into decisions, in order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from time import time
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kyc.known import Known
from kyc.tiers import Tier
from schemas.decisions import Action, Mode
from schemas.features import FEATURE_NAMES
from schemas.wire import DecisionWire, ReasonWire
from scorers.model import Model
from scorers.reasons import explain
from scorers.shipped import SHIPPED as SHIPPED_MODEL
from stream.decide.bars import AT_FIRST
from stream.decide.case import Case, identity
from stream.decide.policy import SHIPPED as SHIPPED_POLICY
from stream.decide.policy import load_policy
from stream.decide.rules import ACTIONS, Bars, Floor, Rules, Standing
from stream.decode.batch import RequestBatch
from stream.remember.windows import Sight
from stream.settings import Settings

CLEAR = Standing(Action.ALLOW, 0, 0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One decision, and whether it changes or renews what stood."""

    account: int
    partition: int
    changes: bool
    decision: DecisionWire


class Judge(Protocol):
    """What the main path asks for scores and verdicts."""

    def score(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Scores 0-1 of feature rows[n, features]."""

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


class Court:
    """A model and the rules that turn its scores into decisions; swapped as one."""

    def __init__(
        self, model: Model, rules: Rules, *, mode: Mode, every: bool, now: Callable[[], int]
    ) -> None:
        self._model = model
        self._rules = rules
        self._mode = mode
        self._every = every
        self._now = now

    def heed(self, bars: Bars) -> None:
        """Take no action by a score below its bar from now on."""
        self._rules = Rules(self._rules.policy, bars)

    def score(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Calibrated scores 0-1 of feature rows."""
        return self._model.score(rows)

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
        members = np.array([floor is not None for floor in floors], bool)
        standings: dict[int, Standing] = {}
        now, verdicts = self._now(), []
        for case in self._cases(header, batch, sight, scores, members, known):
            held = standings.get(case.account) or _standing(header, case.account)
            floor = _alive(floors[case.account], case.clock)
            new, reasons = self._rule(held, case, rows[case.sight], floor)
            outdone = case.wanted and new.at(case.clock) < Action.STEP_UP
            if outdone:
                new, reasons = _cleared(held, case.clock), [_asked(case.kyc_score)]
            if new is not held:
                standings[case.account] = new
            told = outdone or _is_told(new, held, floor, case.clock)
            changes = new is not held and not told
            if changes or self._every:
                decision = self._write(case, new, reasons, now, floor)
                verdicts.append(Verdict(case.account, case.partition, changes, decision))
        _move(header, standings)
        return verdicts

    def _cases(
        self,
        header: NDArray[np.void],
        batch: RequestBatch,
        sight: Sight,
        scores: NDArray[np.float64],
        members: NDArray[np.bool_],
        known: Known,
    ) -> Iterator[Case]:
        """The events to look at, in order of arrival: those of accounts about which anything
        stands, or may come to stand within the batch; with `every`, the others as well."""
        tier = known.tier(sight.account, sight.clock)
        notable = self._rules.notable(scores, tier) | (header["action"][sight.account] > 0)
        notable |= members[sight.account]
        involved = np.zeros(len(header), bool)
        involved[sight.account[notable]] = True
        opened = involved[sight.account]
        order = np.argsort(sight.row)
        order = order if self._every else order[opened[order]]
        row = sight.row[order]
        columns = (
            order,
            batch.partition[row],
            sight.account[order],
            row,
            sight.clock[order],
            batch.ts[row],
            scores[order],
            opened[order],
            tier[order],
        )
        for i, part, account, r, *rest in zip(*(c.tolist() for c in columns), strict=True):
            name, event = batch.accounts[account], batch.event_id[r]
            yield Case(i, part, account, name, event, *identity(known, account), *rest)

    def _rule(
        self, held: Standing, case: Case, row: NDArray[np.float32], floor: Floor | None
    ) -> tuple[Standing, list[ReasonWire]]:
        if not case.open:
            return held, []
        new, reasons = self._rule_alone(held, case, row)
        if floor is None or new.at(case.clock) > floor.standing.action:
            return new, reasons
        return (held if held == floor.standing else floor.standing), floor.reasons

    def _rule_alone(
        self, held: Standing, case: Case, row: NDArray[np.float32]
    ) -> tuple[Standing, list[ReasonWire]]:
        """By the account's own score, whatever campaigns say."""
        new = self._rules.decide(held, case.score, Tier(case.tier), case.clock)
        if new is held:
            return held, [] if held.at(case.clock) is Action.ALLOW else [_earlier(case.score)]
        reasons = self._reasons(row, case.score)
        evidence = self._rules.policy.block_evidence
        kinds = sum(reason.weight >= evidence.weight for reason in reasons)
        if new.action is Action.BLOCK and kinds < evidence.kinds:
            new = self._rules.decide(held, case.score, Tier(case.tier), case.clock, proven=False)
        return new, [] if new.action is Action.ALLOW else reasons

    def _reasons(self, row: NDArray[np.float32], score: float) -> list[ReasonWire]:
        contributions = self._model.contributions(row[None])[0]
        found = explain(FEATURE_NAMES, row, contributions)
        told = [ReasonWire(r.code, r.text, _known(r.value), r.weight) for r in found]
        return told or [ReasonWire("model_score", "what all evidence adds up to", score, 0.0)]

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
        answer, asked = self._rules.answer(action), wanted and action is Action.STEP_UP
        lapse = case.clock + policy.lifetimes[action]
        ends = max(standing.expires_at, case.asking.until if asked else 0)
        return DecisionWire(
            decision_id=decision_id(case.name, case.event_id, self._model.version, policy.version),
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
            policy_version=policy.version,
            mode=self._mode,
            expires_at=lapse if action is Action.ALLOW else ends,
            limits=answer.limits,
            restrictions=answer.restrictions,
            requirements=[wanted] if wanted and asked else answer.requirements,
            campaign_id=floor.campaign_id if floor else None,
        )


def wall_clock() -> int:
    """Milliseconds since the epoch."""
    return int(time() * 1_000)


def open_court(settings: Settings, now: Callable[[], int] = wall_clock) -> Court:
    """The model and policy that settings name. Raises ModelError or PolicyError."""
    return Court(
        Model.load(settings.model or SHIPPED_MODEL),
        Rules(load_policy(settings.policy or SHIPPED_POLICY), AT_FIRST),
        mode=settings.mode,
        every=settings.decisions == "all",
        now=now,
    )


def decision_id(account: str, event: str, model: str, policy: str) -> str:
    """The same for the same account, event, model and policy, however often it is worked out."""
    parts = "\0".join((account, event, model, policy)).encode()
    return blake2b(parts, digest_size=16, person=b"decision").hexdigest()


def _move(header: NDArray[np.void], standings: dict[int, Standing]) -> None:
    for account, standing in standings.items():
        header["action"][account] = standing.action.rank
        header["answer"][account] = standing.answer
        header["expires"][account] = standing.expires_at


def _standing(header: NDArray[np.void], account: int) -> Standing:
    head = header[account]
    return Standing(ACTIONS[head["action"]], int(head["answer"]), int(head["expires"]))


def _cleared(held: Standing, clock: int) -> Standing:
    """What stands beneath an asking: nothing, so that its end is looked at anew."""
    return held if held.at(clock) is Action.ALLOW else CLEAR


def _asked(score: float) -> ReasonWire:
    return ReasonWire("identity_asked", "more proof of identity is asked for", score, 0.0)


def _alive(floor: Floor | None, clock: int) -> Floor | None:
    return floor if floor and floor.standing.at(clock) is not Action.ALLOW else None


def _is_told(new: Standing, held: Standing, floor: Floor | None, clock: int) -> bool:
    """Whether the campaign told it already, and nothing stricter has to be taken back."""
    if floor is None or new is not floor.standing:
        return False
    return held.at(clock) <= floor.standing.action


def _earlier(score: float) -> ReasonWire:
    return ReasonWire("earlier_decision", "an earlier decision still stands", score, 0.0)


def _known(value: float | None) -> float | str:
    return "not known" if value is None else value
