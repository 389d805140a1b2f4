"""The webhook that tries an endpoint out."""

from typing import Final
from uuid import uuid4

from edge.webhook.delivery import Delivery, delivery, read_notice
from schemas.decisions import Action, Decision
from stream.decide.court import wall_clock

ACCOUNT: Final = "sluicegate-webhook-test"


def sample() -> Delivery:
    """A decision that keeps the contract and says nothing: `allow`, in shadow, of no account."""
    now, unique = wall_clock(), uuid4().hex
    message = (
        Decision(
            decision_id=unique,
            account_id=ACCOUNT,
            event_id=unique,
            cause="override",
            ts=now,
            decided_at=now,
            action=Action.ALLOW,
            score=0.0,
            kyc_tier=0,
            kyc_score=0.0,
            reasons=[],
            model_version="none",
            policy_version="none",
            mode="shadow",
            expires_at=now,
        )
        .model_dump_json(exclude_none=True)
        .encode()
    )
    return delivery(read_notice(message), message, 0, 0)
