"""What a demo is made of: truths, requests, decisions and campaigns."""

from typing import Any

import msgspec

from schemas.decisions import Action, Campaign, Link
from schemas.wire import DecisionWire, ReasonWire
from simulate.population import Truth
from stream.demo.story import Story
from stream.lines import REQUESTS, Line
from tests.unit.gates import DECIDED_AT, NOW

FAR = NOW + (1 << 40)


def truth(account: str, cohort: str, campaign: str | None) -> Truth:
    return Truth(account, cohort, campaign is not None, campaign, begins=None, innocent=0.0)


TRUTHS = [
    truth("ada", "developers", None),
    truth("bo", "campaign", "c1"),
    truth("cy", "campaign", "c1"),
    truth("di", "stolen_keys", "c2"),
]


def decision(account: str, action: Action, ts: int = NOW, **others: Any) -> DecisionWire:
    fields: dict[str, Any] = {
        "decision_id": "d",
        "account_id": account,
        "event_id": "e",
        "cause": "request",
        "ts": ts,
        "decided_at": DECIDED_AT,
        "action": action,
        "score": 0.5,
        "kyc_tier": 0,
        "kyc_score": 0.0,
        "reasons": [ReasonWire("r", "the reason", 1.0, 1.0)] if action > Action.ALLOW else [],
        "model_version": "m",
        "policy_version": "p",
        "mode": "enforce",
        "expires_at": FAR,
    }
    return DecisionWire(**fields | others)


def campaign(name: str = "c-1", **others: Any) -> Campaign:
    fields: dict[str, Any] = {
        "campaign_id": name,
        "ts": NOW,
        "status": "open",
        "first_seen": NOW,
        "last_seen": NOW,
        "detected_at": NOW,
        "accounts": 2,
        "requests": 9,
        "tokens": 9,
        "capabilities": {},
        "models": {},
        "links": [Link(kind="system_prompt", value="v", accounts=2)],
        "countries": {},
        "members_added": [],
        "sample_accounts": [],
        "score": 0.9,
    }
    return Campaign(**fields | others)


def asked(account: str, ts: int, status: int = 200) -> Line:
    """A request as the traffic sends it."""
    event = {"account_id": account, "ts": ts, "status": status}
    return Line(REQUESTS, 0, account.encode(), msgspec.json.encode(event), ts)


def told(*decisions: DecisionWire) -> Story:
    """A story with these decisions."""
    story = Story(TRUTHS)
    story.event_time = NOW
    for one in decisions:
        story.note(one)
    return story
