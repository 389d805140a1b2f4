"""The scribe: writes what was decided about an event as a decision."""

from dataclasses import dataclass
from hashlib import blake2b

from schemas.controls import Override
from schemas.decisions import Action, Cause, Mode
from schemas.wire import DecisionWire, ReasonWire
from stream.controls.reasons import ordered
from stream.decide.case import Case
from stream.decide.statute import Floor, Standing, Statute


def decision_id(account: str, event: str, model: str, policy: str) -> str:
    """The same for the same account, event, model and policy, however often it is worked out."""
    parts = "\0".join((account, event, model, policy)).encode()
    return blake2b(parts, digest_size=16, person=b"decision").hexdigest()


@dataclass(frozen=True, slots=True)
class Scribe:
    """Writes decisions of one batch. now: wall clock, ms."""

    statute: Statute
    model_version: str
    policy_version: str
    mode: Mode
    now: int

    def write(
        self, case: Case, standing: Standing, reasons: list[ReasonWire], floor: Floor | None
    ) -> DecisionWire:
        """What the evidence says, and what more is asked of the account."""
        wanted = case.wanted
        action = max(standing.at(case.clock), Action.STEP_UP if wanted else Action.ALLOW)
        asks = wanted and action is Action.STEP_UP
        lapse = case.clock + self.statute.policy.lifetimes[action]
        ends = max(standing.expires_at, case.asking.until if asks else 0)
        ends = lapse if action is Action.ALLOW else ends
        decision = self._decision(case, "request", action, reasons, ends)
        if wanted and asks:
            decision.requirements = [wanted]
        if floor:
            decision.score = max(case.score, floor.score)
            decision.campaign_id = floor.campaign_id
        return decision

    def obey(self, case: Case, override: Override, floor: Floor | None) -> DecisionWire:
        """What a person said."""
        told = [ordered(override)]
        decision = self._decision(case, "override", override.action, told, override.expires_at)
        decision.campaign_id = floor.campaign_id if floor else None
        return decision

    def _decision(
        self, case: Case, cause: Cause, action: Action, reasons: list[ReasonWire], ends: int
    ) -> DecisionWire:
        answer = self.statute.answer(action)
        return DecisionWire(
            decision_id=decision_id(
                case.name, case.event_id, self.model_version, self.policy_version
            ),
            account_id=case.name,
            event_id=case.event_id,
            cause=cause,
            ts=case.ts,
            decided_at=self.now,
            action=action,
            score=case.score,
            kyc_tier=case.tier,
            kyc_score=case.kyc_score,
            reasons=reasons,
            model_version=self.model_version,
            policy_version=self.policy_version,
            mode=self.mode,
            expires_at=ends,
            limits=answer.limits,
            restrictions=answer.restrictions,
            requirements=answer.requirements,
        )
