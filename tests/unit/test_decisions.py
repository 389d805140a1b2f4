"""Decisions and what else goes out."""

import itertools
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.decisions import Action, Campaign, DeadLetter, Decision, Webhook

DECISION: dict[str, Any] = {
    "decision_id": "d",
    "account_id": "a",
    "event_id": "e",
    "cause": "campaign",
    "ts": 1,
    "decided_at": 2,
    "action": "step_up",
    "score": 0.9,
    "kyc_tier": 1,
    "kyc_score": 0.4,
    "requirements": ["verify_identity", "manual_review"],
    "reasons": [{"code": "ring", "text": "a ring", "value": "3f2a", "weight": 1.5}],
    "campaign_id": "c",
    "model_version": "m",
    "policy_version": "p",
    "mode": "shadow",
    "expires_at": 3,
}
CAMPAIGN: dict[str, Any] = {
    "campaign_id": "c",
    "ts": 5,
    "status": "open",
    "first_seen": 1,
    "last_seen": 4,
    "detected_at": 3,
    "accounts": 2,
    "requests": 40,
    "tokens": 2**40,
    "capabilities": {"coding": 0.75, "agentic": 0.25},
    "models": {"m": 1.0},
    "links": [{"kind": "card", "value": "3f2a", "accounts": 2}],
    "countries": {"CH": 2},
    "members_added": ["a", "b"],
    "sample_accounts": ["a", "b"],
    "score": 0.99,
}


def test_actions_are_ordered() -> None:
    """Allow < restrict < rate_limit < step_up < block, by every comparison."""
    weakest_first = ["allow", "restrict", "rate_limit", "step_up", "block"]
    assert sorted(Action, key=lambda action: action.rank) == weakest_first
    for weaker, stronger in itertools.combinations(map(Action, weakest_first), 2):
        assert weaker < stronger
        assert weaker <= stronger
        assert stronger > weaker
        assert stronger >= weaker


def test_strictest_action_wins() -> None:
    """`max` is the strictest, though the alphabet would say otherwise."""
    assert max(Action.RATE_LIMIT, Action.BLOCK, Action.ALLOW) is Action.BLOCK


def test_action_compares_with_its_name() -> None:
    """A name that came as text takes its place in the order; another word has none."""
    assert Action.BLOCK > "step_up"
    with pytest.raises(ValueError, match="forbid"):
        assert Action.BLOCK > "forbid"


def test_decision() -> None:
    """A decision is read, and written without what is absent."""
    decision = Decision.model_validate(DECISION)
    assert decision.action is Action.STEP_UP
    assert decision.model_dump(mode="json", exclude_none=True) == DECISION


def test_only_allow_goes_without_reasons() -> None:
    """An action stronger than allow says why."""
    assert Decision.model_validate({**DECISION, "action": "allow", "reasons": []}).reasons == []
    with pytest.raises(ValidationError, match="reasons"):
        Decision.model_validate({**DECISION, "reasons": []})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("action", "forbid"),
        ("cause", "whim"),
        ("score", 1.1),
        ("kyc_tier", 4),
        ("mode", "dry-run"),
        ("limits", {"requests_per_minute": 1}),
        ("restrictions", ["no_fun"]),
        ("requirements", ["dance"]),
        ("reasons", [{"code": "Not Snake", "text": "t", "value": 1, "weight": 1}]),
    ],
)
def test_decision_out_of_range(field: str, value: object) -> None:
    """A value that the contract does not know is refused."""
    with pytest.raises(ValidationError, match=field):
        Decision.model_validate({**DECISION, field: value})


def test_campaign() -> None:
    """A campaign is read and written field by field."""
    campaign = Campaign.model_validate(CAMPAIGN)
    assert campaign.model_dump(mode="json", exclude_none=True) == CAMPAIGN


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "paused"),
        ("links", [{"kind": "horoscope", "value": "v", "accounts": 2}]),
        ("members_added", ["a"] * 1_001),
        ("sample_accounts", ["a"] * 21),
        ("capabilities", {"coding": 2.0}),
        ("tokens", -1),
    ],
)
def test_campaign_out_of_range(field: str, value: object) -> None:
    """Lists are bounded, shares are shares, kinds are those of the contract."""
    with pytest.raises(ValidationError, match=field):
        Campaign.model_validate({**CAMPAIGN, field: value})


@pytest.mark.parametrize("payload", ["not base64!", "A" * 5_468])
def test_dead_letter_out_of_range(payload: str) -> None:
    """The payload is base64 of no more than 4 KiB."""
    with pytest.raises(ValidationError, match="payload"):
        DeadLetter(topic="t", partition=0, offset=0, ts=0, error="e", payload=payload)


@pytest.mark.parametrize("timestamp", ["2026-11-22T02:00:00Z", "2026-11-22T02:00:00.123456+01:00"])
def test_webhook(timestamp: str) -> None:
    """The envelope holds a whole decision and a time in RFC 3339."""
    webhook = {"type": "decision.changed", "timestamp": timestamp, "data": DECISION}
    assert Webhook.model_validate(webhook).data == Decision.model_validate(DECISION)


@pytest.mark.parametrize("timestamp", ["2026-11-22", "1780000000", "2026-11-22 02:00:00"])
def test_webhook_without_a_zone(timestamp: str) -> None:
    """A time in another form is refused."""
    with pytest.raises(ValidationError, match="timestamp"):
        Webhook.model_validate(
            {"type": "decision.changed", "timestamp": timestamp, "data": DECISION}
        )
