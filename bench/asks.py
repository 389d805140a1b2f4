"""The traffic of bench/check.py: who asks, and what stands about whom."""

import random
from typing import Final

import msgspec
import redis

from edge.check.asks import Ask
from stream.keys import decision_key

ACCOUNTS: Final = 10_000
PER_MINUTE: Final = 1_000
_FAR: Final = 4_000_000_000_000  # ms, in 2096


def name(number: int) -> str:
    """An account."""
    return f"acc_{number % ACCOUNTS:016x}"


def requests(number: int, token: str) -> list[bytes]:
    """Requests of accounts drawn at random, as they go over the wire."""
    rng = random.Random(1)  # noqa: S311 - the same traffic in every run
    head = (
        f"POST /v1/check HTTP/1.1\r\nhost: edge\r\nauthorization: Bearer {token}\r\n"
        "content-type: application/json\r\ncontent-length: "
    )
    bodies = (
        msgspec.json.encode(Ask(name(rng.randrange(ACCOUNTS)), rng.randrange(4_000), 1))
        for _ in range(number)
    )
    return [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]


def fill(url: str) -> None:
    """Of a hundred accounts, ten are limited, two restricted and one is blocked."""
    limits = {"requests_per_minute": PER_MINUTE, "tokens_per_minute": 10_000_000}
    answers: dict[int, dict[str, object]] = {
        0: {"action": "block"},
        1: {"action": "restrict", "restrictions": ["hide_reasoning"]},
        2: {"action": "restrict", "restrictions": ["hide_reasoning"]},
    }
    answers |= {n: {"action": "rate_limit", "limits": limits} for n in range(3, 13)}
    with redis.Redis.from_url(url) as client:
        for number in range(ACCOUNTS):
            if number % 100 in answers:
                message = _decision(number) | answers[number % 100]
                client.set(decision_key(name(number)), msgspec.json.encode(message))


def _decision(number: int) -> dict[str, object]:
    """As large as a worker's: three reasons, all fields."""
    reason = {"code": "requests_count_1h", "text": "requests in the last 1h", "value": 9}
    return {
        "decision_id": f"{number:032x}",
        "account_id": name(number),
        "event_id": f"{number:032x}",
        "cause": "request",
        "ts": 1,
        "decided_at": 1,
        "score": 0.9,
        "kyc_tier": 1,
        "kyc_score": 0.1,
        "reasons": [reason | {"weight": 1.0}] * 3,
        "model_version": "bench",
        "policy_version": "bench",
        "mode": "enforce",
        "expires_at": _FAR,
    }
