"""The verdict: what a gateway is told, as a status, headers and a body. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from edge.check.ledger import Spent
from edge.check.quotas import Level, ceil_seconds, rate_limit, rate_limit_policy
from edge.problems import (
    ABNORMAL_USAGE,
    MEDIA_TYPE,
    QUOTA_EXCEEDED,
    REDUCED_CAPACITY,
    problem,
)
from edge.visible import Visible, Word
from schemas.decisions import Action
from schemas.wire import LimitsWire

Headers = tuple[tuple[bytes, bytes], ...]
_JSON: Final = (b"content-type", b"application/json")
_PROBLEM: Final = (b"content-type", MEDIA_TYPE.encode())
# Longer than any answer's wait; a client that is told nothing asks again at once.
RETRY_S: Final = 1


class Ruling(Struct, frozen=True, gc=False):
    """What the edge reads of a decision. What it does not know it leaves alone."""

    decision_id: Visible
    action: Action
    kyc_tier: Annotated[int, Meta(ge=0, le=3)]
    expires_at: int
    limits: LimitsWire | None = None
    restrictions: list[Word] | None = None
    requirements: list[Word] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer to an ask. `ruling` is the decision that it follows, where one is in force."""

    status: int
    headers: Headers
    body: bytes
    ruling: Ruling | None = None
    wait_ms: int = 0


_decode = msgspec.json.Decoder(Ruling).decode


def read_ruling(message: bytes) -> Ruling | None:
    """The decision of a message; None for an empty one. Raises msgspec.MsgspecError."""
    return _decode(message) if message else None


def judge(spent: Spent) -> Verdict:
    """The verdict on what the ledger answered. Raises msgspec.MsgspecError on an unreadable
    decision."""
    if not spent.decision and not spent.levels:
        return UNKNOWN
    ruling = read_ruling(spent.decision)
    action = ruling.action if ruling else Action.ALLOW
    headers = (*_told(action, ruling), *_quota_headers(spent.levels))
    if ruling and action >= Action.STEP_UP:
        return _refused(ruling, headers)
    if not spent.granted:
        return _exceeded(ruling, spent.levels, headers)
    return Verdict(200, (_JSON, *headers), _passed(action, ruling), ruling)


def refusal(status: int, detail: str, *headers: tuple[bytes, bytes]) -> Verdict:
    """A refusal of the one who asks, whatever it asks about."""
    return Verdict(status, (_PROBLEM, *headers), problem(status, detail))


def pass_unasked() -> Verdict:
    """The store is away, and the failure table says `allow`."""
    return _ALLOWED_UNASKED


def refuse_unasked(wait_ms: int = 1_000 * RETRY_S) -> Verdict:
    """The store is away, and the failure table says `deny`, or the local limit is used up."""
    # 429 and not the draft's 503: gateways take a 5xx for a broken edge, and may let it pass.
    body = problem(
        429,
        "Usage cannot be counted at the moment; try again.",
        REDUCED_CAPACITY,
        "Temporary Reduced Capacity",
    )
    retry = (b"retry-after", str(max(1, ceil_seconds(wait_ms))).encode())
    return Verdict(429, (_PROBLEM, *_DEGRADED, retry), body, wait_ms=wait_ms)


def _refused(ruling: Ruling, headers: Headers) -> Verdict:
    blocked = ruling.action is Action.BLOCK
    detail = "This account is blocked." if blocked else "This account must prove more first."
    members = {} if blocked else {"requirements": ruling.requirements or []}
    body = problem(403, detail, ABNORMAL_USAGE, "Abnormal Usage Detected", **members)
    return Verdict(403, (_PROBLEM, *headers), body, ruling)


def _exceeded(ruling: Ruling | None, levels: Sequence[Level], headers: Headers) -> Verdict:
    wait = max(level.wait_ms for level in levels)
    violated = [level.name for level in levels if level.wait_ms]
    detail = f"Used up: {', '.join(violated)}."
    body = problem(429, detail, QUOTA_EXCEEDED, "Quota Exceeded", **{"violated-policies": violated})
    retry = (b"retry-after", str(ceil_seconds(wait)).encode())
    return Verdict(429, (_PROBLEM, *headers, retry), body, ruling, wait)


def _told(action: Action, ruling: Ruling | None) -> Headers:
    # Always all of them, so that a gateway that copies them overwrites what a client made up.
    decided = ruling.decision_id if ruling else ""
    restrictions = ", ".join(ruling.restrictions or []) if ruling else ""
    requirements = ", ".join(ruling.requirements or []) if ruling else ""
    return (
        (b"x-sluicegate-action", action.value.encode()),
        (b"x-sluicegate-restrictions", restrictions.encode()),
        (b"x-sluicegate-requirements", requirements.encode()),
        (b"x-sluicegate-decision", decided.encode()),
    )


def _quota_headers(levels: Sequence[Level]) -> Headers:
    if not levels:
        return ()
    return (
        (b"ratelimit-policy", rate_limit_policy(levels).encode()),
        (b"ratelimit", rate_limit(levels).encode()),
    )


def _passed(action: Action, ruling: Ruling | None) -> bytes:
    restrictions = (ruling.restrictions or []) if ruling else []
    return msgspec.json.encode({"action": action, "restrictions": restrictions})


_DEGRADED: Final = ((b"x-sluicegate-degraded", b"store"),)
_PLAIN: Final = (_JSON, *_told(Action.ALLOW, None))
# Nothing stands about most accounts: their answer is made once.
UNKNOWN: Final = Verdict(200, _PLAIN, _passed(Action.ALLOW, None))
_ALLOWED_UNASKED: Final = Verdict(200, (*_PLAIN, *_DEGRADED), UNKNOWN.body)
