"""The assessor: evidence about accounts becomes scores, tiers, and what is asked of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from kyc.assessed import SCORE_UNITS, Assessed
from kyc.evidence import Evidence
from kyc.policy import SHIPPED as SHIPPED_POLICY
from kyc.policy import KycPolicy, load_kyc_policy
from kyc.proven import Proven, Until, proven_until, tier_at, tiers_until
from kyc.reasons import decisive, explain
from kyc.shipped import SHIPPED as SHIPPED_MODEL
from kyc.signals import DIGEST, NAMES, SIGNALS, rows
from kyc.stepup import ask
from schemas.decisions import Action
from schemas.wire import DecisionWire, ReasonWire
from scorers.inputs import Inputs
from scorers.model import Model
from stream.controls.table import Controls
from stream.decide.bars import NEVER
from stream.decide.court import wall_clock
from stream.decide.scribe import decision_id
from stream.settings import Settings

IDENTITY: Final = Inputs(
    NAMES,
    DIGEST,
    {name: int(signal.direction) for name, signal in SIGNALS.items() if signal.direction},
    "sluicegate kyc train",
)
"""The signals, which the model of identity reads."""

Rows = NDArray[np.float32]


class Scorer(Protocol):
    """What is asked of a model."""

    version: str

    def score(self, rows: Rows) -> NDArray[np.float64]:
        """Scores 0-1 of rows of signals."""

    def contributions(self, rows: Rows) -> Rows:
        """What each signal adds, log-odds."""


class Occasion(NamedTuple):
    """The event that brings an assessment about."""

    account: str
    event_id: str
    ts: int


class Opinion(NamedTuple):
    """What is made of one account's evidence. contributions: none where the score asks nothing."""

    seen: Evidence
    row: Rows
    score: float
    proven: Proven
    until: Until
    contributions: Rows | None


class Assessor:
    """A model of identity and its policy; swapped as one."""

    def __init__(
        self,
        model: Scorer,
        policy: KycPolicy,
        *,
        controls: Controls,
        now: Callable[[], int] = wall_clock,
    ) -> None:
        self._model = model
        self.policy = policy
        self._controls = controls
        self._now = now
        self._bar = NEVER  # until the linker has told what is usual

    def heed(self, bar: float) -> None:
        """Ask nobody for more by a score below it from now on."""
        self._bar = bar

    def opinions(self, seen: Sequence[Evidence], *, weigh: bool = False) -> list[Opinion]:
        """One for each piece of evidence, in its order.

        weigh: what each signal adds to every score, not only where something may be asked.
        """
        if not seen:
            return []
        found = rows(seen)
        scores = self._model.score(found)
        step = self.policy.step_up
        least = 0.0 if weigh else step.threshold * step.hysteresis
        weighed = dict.fromkeys(np.flatnonzero(scores >= least).tolist())
        if weighed:
            places = list(weighed)
            weighed |= zip(places, self._model.contributions(found[places]), strict=True)
        proven = [proven_until(one) for one in seen]
        return [
            Opinion(one, found[n], score, held, tiers_until(one, held), weighed.get(n))
            for n, (one, score, held) in enumerate(zip(seen, scores.tolist(), proven, strict=True))
        ]

    def assess(self, held: Assessed, opinion: Opinion) -> Assessed:
        """What the account is now, from what it was and an opinion."""
        told = opinion.contributions
        weight = -1.0 if told is None else decisive(opinion.row, told)
        step = self.policy.step_up
        is_decisive = weight >= step.weight
        asking = ask(
            held.asking,
            opinion.seen,
            opinion.score,
            opinion.proven,
            threshold=max(step.threshold, self._bar),
            decisive=is_decisive,
        )
        peak = _peak(held.peak, opinion, opinion.score if is_decisive else 0.0)
        return Assessed.of(opinion.until, opinion.score, asking, peak)

    def decide(
        self, held: Assessed, new: Assessed, opinion: Opinion, occasion: Occasion
    ) -> DecisionWire | None:
        """The decision that an assessment calls for: more proof, the same for longer, or none any
        more; None where what stood goes on standing."""
        wanted, ts = new.asking.at(occasion.ts), occasion.ts
        if new.asked_until == held.asked_until or (wanted is None and not held.asking.at(ts)):
            return None
        model, policy = self._model.version, self.policy
        return DecisionWire(
            decision_id=decision_id(occasion.account, occasion.event_id, model, policy.version),
            account_id=occasion.account,
            event_id=occasion.event_id,
            cause="account_event",
            ts=ts,
            decided_at=self._now(),
            action=Action.STEP_UP if wanted else Action.ALLOW,
            score=opinion.score,
            kyc_tier=int(tier_at(opinion.until, ts)),
            kyc_score=opinion.score,
            reasons=_reasons(opinion) if wanted else [],
            model_version=model,
            policy_version=policy.version,
            mode=self._controls.mode,
            expires_at=new.asked_until if wanted else ts + policy.step_up.lifetime,
            requirements=[wanted] if wanted else None,
        )


def _peak(held: int, opinion: Opinion, score: float) -> int:
    """Of an account whose sign-up was told: what was not seen of others may have been higher."""
    if opinion.seen.since("created") is None:
        return held
    return max(held, min(int(score * SCORE_UNITS) + 1, SCORE_UNITS))


def _reasons(opinion: Opinion) -> list[ReasonWire]:
    found = [] if opinion.contributions is None else explain(opinion.row, opinion.contributions)
    return [ReasonWire(*reason) for reason in found] or [
        ReasonWire("kyc_score", "what all signals add up to", opinion.score, 0.0)
    ]


def chosen_kyc_policy(settings: Settings) -> KycPolicy:
    """The policy of identity that settings name. Raises PolicyError."""
    return load_kyc_policy(settings.kyc_policy or SHIPPED_POLICY)


def open_assessor(settings: Settings, controls: Controls) -> Assessor:
    """The model and policy of identity that settings name. Raises ModelError or PolicyError."""
    model: Path = settings.kyc_model or SHIPPED_MODEL
    return Assessor(Model.load(model, IDENTITY), chosen_kyc_policy(settings), controls=controls)
