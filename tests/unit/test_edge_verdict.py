"""Verdicts: which status, headers and body a decision and the buckets' levels lead to."""

import msgspec
import pytest

from edge.check.ledger import Spent
from edge.check.quotas import Level
from edge.check.verdict import UNKNOWN, Verdict, judge
from edge.problems import ABNORMAL_USAGE, QUOTA_EXCEEDED
from tests.unit.edges import LEFT, NOTHING, USED_UP, decision


def header(verdict: Verdict, name: str) -> str | None:
    found = [value.decode() for given, value in verdict.headers if given == name.encode()]
    assert len(found) < 2
    return found[0] if found else None


def test_an_account_about_which_nothing_stands_passes() -> None:
    """With the headers all the same, so that a client's own are overwritten."""
    verdict = judge(NOTHING)
    assert verdict is UNKNOWN
    assert verdict.status == 200
    assert header(verdict, "x-sluicegate-action") == "allow"
    assert header(verdict, "x-sluicegate-restrictions") == ""


def test_restrictions_are_headers() -> None:
    """The request passes, and the API is told what to hold back."""
    given = decision("restrict", restrictions=["hide_reasoning", "no_batch"])
    verdict = judge(Spent(True, given, ()))
    assert verdict.status == 200
    assert header(verdict, "x-sluicegate-restrictions") == "hide_reasoning, no_batch"
    assert msgspec.json.decode(verdict.body)["restrictions"] == ["hide_reasoning", "no_batch"]


def test_a_step_up_names_what_is_required() -> None:
    """403, in a header for the gateway and in the problem for the client."""
    verdict = judge(Spent(True, decision("step_up", requirements=["verify_email"]), ()))
    assert verdict.status == 403
    assert header(verdict, "x-sluicegate-requirements") == "verify_email"
    assert header(verdict, "content-type") == "application/problem+json"
    body = msgspec.json.decode(verdict.body)
    assert (body["type"], body["requirements"]) == (ABNORMAL_USAGE, ["verify_email"])


def test_a_block_gives_no_reasons_away() -> None:
    """403, and nothing from which to learn what was noticed."""
    given = decision("block", reasons=[{"code": "shared_card", "text": "t", "value": 1}])
    verdict = judge(Spent(True, given, ()))
    assert verdict.status == 403
    assert b"shared_card" not in verdict.body
    assert msgspec.json.decode(verdict.body)["type"] == ABNORMAL_USAGE


def test_levels_are_the_drafts_headers() -> None:
    """Both fields of draft-ietf-httpapi-ratelimit-headers-11, on an answer that passes too."""
    verdict = judge(LEFT)
    assert header(verdict, "ratelimit-policy") == '"requests";q=100;w=60'
    assert header(verdict, "ratelimit") == '"requests";r=99;t=1'
    assert header(verdict, "retry-after") is None


def test_what_is_used_up_is_429() -> None:
    """With the time to wait, rounded up, and the policies that were violated."""
    verdict = judge(USED_UP)
    assert (verdict.status, header(verdict, "retry-after")) == (429, "2")
    body = msgspec.json.decode(verdict.body)
    assert (body["type"], body["violated-policies"]) == (QUOTA_EXCEEDED, ["requests"])


def test_the_longest_wait_is_told() -> None:
    """Whoever waits for one bucket only would be refused by the other."""
    levels = (
        Level("requests", 6, 60_000, 0, 60_000, 10_000),
        Level("tokens", 10, 60_000, 0, 60_000, 42_000),
        Level("daily", 10, 86_400_000, 5, 1, 0),
    )
    verdict = judge(Spent(False, decision("rate_limit"), levels))
    assert header(verdict, "retry-after") == "42"
    assert msgspec.json.decode(verdict.body)["violated-policies"] == ["requests", "tokens"]


@pytest.mark.parametrize(
    "message",
    [
        b"nonsense",
        b"{}",
        decision("vanish"),
        decision("block", decision_id="a\r\nset-cookie: x"),
        decision("block", decision_id="a\n"),
        decision("rate_limit", limits={"requests_per_minute": 2}),
        decision("restrict", restrictions=["a\r\nb"]),
        decision("restrict", restrictions=["no_batch\n"]),
        decision("block", kyc_tier=9),
    ],
)
def test_a_decision_that_cannot_be_read_is_an_error(message: bytes) -> None:
    """It is neither an allow nor a header of its own."""
    with pytest.raises(msgspec.MsgspecError):
        judge(Spent(True, message, ()))
