"""What account events decide: what is emitted, what stands, and that a repeat decides the same."""

import json
from typing import Any

import msgspec
import pytest

from schemas.decisions import Action, Decision
from schemas.wire import DecisionWire, encode_decision
from stream.know.profiles import assessments, headers
from stream.store import Current, Entry, Kind, MemoryStore
from tests.unit.gates import NOW, ListSink, Suspicious, registry
from tests.unit.test_accounts import news, told

WEEK = 7 * 86_400_000
# Of whose mailbox another account has a spelling.
SHARED = Suspicious(value=0.8, by="email_accounts", at_least=2, weights={"email_accounts": 2.0})
FIRST = told(0, email="ada@x.org", account="bo", ts=NOW)
SECOND = told(1, email="ada+1@x.org", ts=NOW + 1)
PHONE = told(2, "phone.verified", phone="+4915123456789", ts=NOW + 2)


async def decided(*chunks: Any, store: MemoryStore | None = None) -> list[DecisionWire]:
    """What is emitted for chunks, one after the other."""
    sink = ListSink()
    handling = registry(sink, store, scorer=SHARED)
    for chunk in chunks:
        await handling.handle(chunk)
    return sink.decisions


async def test_who_shares_is_asked_for_more() -> None:
    """The decision, whole, as the contract has it; whoever came first is not asked."""
    [decision] = await decided(news(FIRST, SECOND))
    read = Decision.model_validate_json(encode_decision(decision))
    assert (read.account_id, read.event_id, read.ts) == ("ada", "a1", NOW + 1)
    assert (read.cause, read.action, read.mode) == ("account_event", Action.STEP_UP, "enforce")
    assert read.requirements == ["verify_phone"]
    assert (read.score, read.kyc_score, read.kyc_tier) == (0.8, 0.8, 0)
    assert read.expires_at == NOW + 1 + WEEK
    assert [reason.code for reason in read.reasons] == ["email_accounts"]
    assert read.reasons[0].text.endswith("however they spell it: 2")


async def test_whoever_came_first_learns_it_with_the_next_event() -> None:
    """Not before: each account's events are its own."""
    later = told(3, "login.succeeded", account="bo", ts=NOW + 5)
    asked = await decided(news(FIRST, SECOND), news(later))
    assert [decision.account_id for decision in asked] == ["ada", "bo"]


async def test_the_proof_that_was_asked_for_ends_it() -> None:
    """With a decision to allow, which stands in the asking's place."""
    store = MemoryStore()
    asked, ended = await decided(news(FIRST, SECOND), news(PHONE), store=store)
    assert (asked.action, ended.action) == (Action.STEP_UP, Action.ALLOW)
    assert (ended.reasons, ended.requirements) == ([], None)
    assert store.decisions["ada"] == encode_decision(ended)


async def test_what_goes_on_standing_writes_nothing() -> None:
    """Another event, the same asking."""
    login = told(2, "login.succeeded", ts=NOW + 2)
    assert len(await decided(news(FIRST, SECOND), news(login))) == 1


@pytest.mark.parametrize("cut", [1, 2, 3])
async def test_where_chunks_are_cut_does_not_matter(cut: int) -> None:
    """The very same decisions, ids and all."""
    events = [FIRST, SECOND, PHONE, told(3, "login.succeeded", ts=NOW + 3)]
    whole = await decided(news(*events))
    assert await decided(news(*events[:cut]), news(*events[cut:])) == whole
    assert len(whole) == 2


async def test_a_chunk_that_comes_again_decides_the_same() -> None:
    """After a crash before the write; after one behind it, nothing is decided again."""
    store = MemoryStore()
    chunk = news(FIRST, SECOND)
    before = await decided(chunk)
    assert await decided(chunk, store=store) == before
    assert await decided(chunk, store=store) == []


async def test_what_is_stricter_goes_on_standing() -> None:
    """A block by requests is not weakened; what is asked stays in the profile for the requests."""
    store, block = (
        MemoryStore(),
        json.dumps({"action": "block", "cause": "request", "expires_at": NOW + WEEK}).encode(),
    )
    await store.write([Entry("ada", bytes(12), Current(block, WEEK))])
    assert await decided(news(FIRST, SECOND), store=store) == []
    assert store.decisions["ada"] == block
    [held] = assessments(headers(await store.load(["ada"], Kind.PROFILE)))
    assert held.asking.at(NOW + 2) == "verify_phone"


@pytest.mark.parametrize(
    "standing",
    [
        {"action": "block", "cause": "request", "expires_at": NOW},
        {"action": "rate_limit", "cause": "request", "expires_at": NOW + WEEK},
    ],
)
async def test_what_is_weaker_or_over_is_replaced(standing: dict[str, Any]) -> None:
    """A lapsed block, and a rate limit."""
    store, held = MemoryStore(), msgspec.json.encode(standing)
    await store.write([Entry("ada", bytes(12), Current(held, WEEK))])
    [decision] = await decided(news(FIRST, SECOND), store=store)
    assert store.decisions["ada"] == encode_decision(decision)


async def test_an_assessment_stands_at_the_front_of_the_profile() -> None:
    """Where a batch of requests reads it: tier, score, and what is asked."""
    store = MemoryStore()
    life = [
        SECOND,
        told(2, "email.verified", email="ada@x.org", ts=NOW + 2),
        PHONE._replace(offset=3),
    ]
    await decided(news(FIRST, *life), store=store)
    [held] = assessments(headers(await store.load(["ada"], Kind.PROFILE)))
    assert held.basic > NOW
    assert (held.verified, held.enhanced) == (0, 0)
    assert held.kyc_score == 800_000


async def test_an_erased_account_is_asked_nothing() -> None:
    """Its claims are gone with it, so that nobody shares with it either."""
    store, sink = MemoryStore(), ListSink()
    handling = registry(sink, store, scorer=SHARED)
    await handling.handle(news(FIRST))
    await handling.handle(news(told(1, "account.erased", account="bo", ts=NOW)))
    await handling.handle(news(SECOND._replace(offset=2)))
    assert sink.decisions == []
