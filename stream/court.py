"""The court: a model and a policy that turn a batch's events into decisions, in order."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from time import time
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kyc.tiers import Tier
from schemas.decisions import Action, Mode
from schemas.features import FEATURE_NAMES
from schemas.wire import DecisionWire, ReasonWire
from scorers.model import Model
from scorers.reasons import explain
from scorers.shipped import SHIPPED as SHIPPED_MODEL
from stream.batch import RequestBatch
from stream.decide import ACTIONS, Rules, Standing
from stream.policy import SHIPPED as SHIPPED_POLICY
from stream.policy import load_policy
from stream.settings import Settings
from stream.windows import Sight


@dataclass(frozen=True, slots=True)
class Verdict:
    """One decision, and whether it changes or renews what stood."""

    row: int
    account: int
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
    ) -> list[Verdict]:
        """Verdicts in order of arrival; the standings in `header` move on with them."""


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
    ) -> list[Verdict]:
        """Verdicts in order of arrival; the standings in `header` move on with them."""
        tier = Tier.UNVERIFIED
        notable = self._rules.notable(scores, tier) | (header["action"][sight.account] > 0)
        concerned = range(len(scores)) if self._every else np.flatnonzero(notable).tolist()
        verdicts = []
        for i in concerned:
            account, ts = int(sight.account[i]), int(batch.ts[sight.row[i]])
            held = _standing(header, account)
            new, reasons = self._rule(held, float(scores[i]), tier, ts, rows[i])
            if new is not held:
                header["action"][account] = new.action.rank
                header["answer"][account], header["expires"][account] = new.answer, new.expires_at
            if new is not held or self._every:
                row = int(sight.row[i])
                decision = self._write(batch, row, float(scores[i]), tier, new, reasons)
                verdicts.append(Verdict(row, account, new is not held, decision))
        return sorted(verdicts, key=lambda verdict: verdict.row)

    def _rule(
        self, held: Standing, score: float, tier: Tier, ts: int, row: NDArray[np.float32]
    ) -> tuple[Standing, list[ReasonWire]]:
        new = self._rules.decide(held, score, tier, ts)
        if new is held:
            return held, [] if held.at(ts) is Action.ALLOW else [_earlier(score)]
        reasons = self._reasons(row, score)
        evidence = self._rules.policy.block_evidence
        kinds = sum(reason.weight >= evidence.weight for reason in reasons)
        if new.action is Action.BLOCK and kinds < evidence.kinds:
            new = self._rules.decide(held, score, tier, ts, proven=False)
        return new, [] if new.action is Action.ALLOW else reasons

    def _reasons(self, row: NDArray[np.float32], score: float) -> list[ReasonWire]:
        contributions = self._model.contributions(row[None])[0]
        found = explain(FEATURE_NAMES, row, contributions)
        told = [ReasonWire(r.code, r.text, _known(r.value), r.weight) for r in found]
        return told or [ReasonWire("model_score", "what all evidence adds up to", score, 0.0)]

    def _write(
        self,
        batch: RequestBatch,
        row: int,
        score: float,
        tier: Tier,
        standing: Standing,
        reasons: list[ReasonWire],
    ) -> DecisionWire:
        account, event, ts = (
            batch.accounts[batch.account[row]],
            batch.event_id[row],
            int(batch.ts[row]),
        )
        action = standing.at(ts)
        answer = self._rules.answer(action)
        life = self._rules.policy.lifetimes[action]
        return DecisionWire(
            decision_id=decision_id(
                account, event, self._model.version, self._rules.policy.version
            ),
            account_id=account,
            event_id=event,
            cause="request",
            ts=ts,
            decided_at=self._now(),
            action=action,
            score=score,
            kyc_tier=int(tier),
            kyc_score=0.0,
            reasons=reasons,
            model_version=self._model.version,
            policy_version=self._rules.policy.version,
            mode=self._mode,
            expires_at=standing.expires_at if action is not Action.ALLOW else ts + life,
            limits=answer.limits,
            restrictions=answer.restrictions,
            requirements=answer.requirements,
        )


def wall_clock() -> int:
    """Milliseconds since the epoch."""
    return int(time() * 1_000)


def open_court(settings: Settings, now: Callable[[], int] = wall_clock) -> Court:
    """The model and policy that settings name. Raises ModelError or PolicyError."""
    return Court(
        Model.load(settings.model or SHIPPED_MODEL),
        Rules(load_policy(settings.policy or SHIPPED_POLICY)),
        mode=settings.mode,
        every=settings.decisions == "all",
        now=now,
    )


def decision_id(account: str, event: str, model: str, policy: str) -> str:
    """The same for the same account, event, model and policy, however often it is worked out."""
    parts = "\0".join((account, event, model, policy)).encode()
    return blake2b(parts, digest_size=16, person=b"decision").hexdigest()


def _standing(header: NDArray[np.void], account: int) -> Standing:
    head = header[account]
    return Standing(ACTIONS[head["action"]], int(head["answer"]), int(head["expires"]))


def _earlier(score: float) -> ReasonWire:
    return ReasonWire("earlier_decision", "an earlier decision still stands", score, 0.0)


def _known(value: float | None) -> float | str:
    return "not known" if value is None else value
