"""Records, decisions and requests for reports, and reports made of them."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from stream.decode.geography import Geography
from stream.report.inquiry import Inquiry
from stream.report.reporting import Commission, Summary, report
from stream.report.sources import Topic
from tests.unit.gates import NOW

HOUR = 3_600_000
COMMISSION = Commission(None, True, "Example AI", NOW)
Message = dict[str, Any]


def campaign(ts: int = NOW, *members: str, name: str = "c-1", **fields: Any) -> Message:
    """A record that names members for the first time."""
    return {
        "campaign_id": name,
        "ts": ts,
        "status": "open",
        "first_seen": NOW - HOUR,
        "last_seen": ts,
        "detected_at": NOW,
        "accounts": len(members),
        "requests": 10,
        "tokens": 100,
        "capabilities": {"coding": 1.0},
        "models": {"atlas": 1.0},
        "links": [
            {"kind": "card", "value": "00ff00ff00ff00ff", "accounts": 3},
            {"kind": "asn", "value": "64500", "accounts": 2},
            {"kind": "behaviour", "value": "", "accounts": 2},
        ],
        "countries": {},
        "members_added": list(members),
        "sample_accounts": [],
        "score": 0.9,
    } | fields


def decision(account: str, ts: int, action: str = "block", **fields: Any) -> Message:
    """A decision that names the campaign and holds for a day."""
    return {
        "decision_id": f"{account}{ts}",
        "account_id": account,
        "event_id": "e",
        "cause": "campaign",
        "ts": ts,
        "decided_at": ts,
        "action": action,
        "score": 0.9,
        "kyc_tier": 0,
        "kyc_score": 0.0,
        "reasons": [{"code": "campaign_member", "text": "told", "value": 3.0, "weight": 1.0}],
        "campaign_id": "c-1",
        "model_version": "m",
        "policy_version": "p",
        "mode": "enforce",
        "expires_at": ts + 24 * HOUR,
    } | fields


def request(account: str, ts: int, **fields: Any) -> Message:
    """A request that was answered."""
    return {
        "event_id": f"{account}-{ts}",
        "account_id": account,
        "ts": ts,
        "model": "atlas",
        "input_tokens": 10,
        "output_tokens": 5,
        "capability": "coding",
        "country": "US",
    } | fields


# Two members, found at NOW: one is blocked an hour later, the other was never answered.
STORY: dict[Topic, list[Message]] = {
    "campaigns": [campaign(NOW, "ada", "bob")],
    "decisions": [decision("ada", NOW + HOUR)],
    "requests": [
        request("ada", NOW - HOUR),
        request("eve", NOW - HOUR, prompt="a secret"),
        request("bob", NOW + HOUR, capability=None, country=None, ip="192.0.2.1"),
        request("ada", NOW + 2 * HOUR, reasoning_tokens=3),
    ],
}


class Held:
    """A source of what it is given, in batches of two."""

    def __init__(self, messages: Mapping[Topic, list[Message]]) -> None:
        self._messages = messages

    async def read(self, topic: Topic) -> AsyncIterator[list[bytes]]:
        """The messages as bytes; text goes as it is."""
        bodies = [
            m["raw"] if "raw" in m else json.dumps(m).encode()
            for m in self._messages.get(topic, [])
        ]
        for first in range(0, len(bodies), 2):
            yield bodies[first : first + 2]


async def inquire(messages: Mapping[Topic, list[Message]], name: str | None = None) -> Inquiry:
    """An inquiry that has read everything."""
    inquiry = Inquiry(Held(messages), Geography(), lambda _: None)
    await inquiry.open(name)
    await inquiry.pursue(None)
    return inquiry


async def made(
    out: Path, messages: Mapping[Topic, list[Message]] = STORY, campaign: str | None = None
) -> Summary:
    """A report with evidence at `out`."""
    commission = replace(COMMISSION, campaign=campaign)
    return await report(Held(messages), out, commission, Geography())
