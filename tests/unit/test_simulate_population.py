"""The simulated population keeps the contract, the seed and the figures that it claims."""

import tracemalloc
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import msgspec
import numpy as np
import pytest
from pydantic import TypeAdapter

from schemas.events import AccountEvent, LabelEvent, RequestEvent
from simulate.abuse.campaigns import Campaign
from simulate.honest.chat import ChatPeople
from simulate.honest.classes import UniversityClass
from simulate.population import Population, Truth
from simulate.scenarios import SCENARIOS, Scenario

DAY_MS = 86_400_000
SMALL = replace(SCENARIOS["small"], accounts=200, days=2.0)
RING = Scenario("ring", 120, 4.0, (Campaign(staggered=0.0),))


@cache
def requests(scenario_name: str) -> list[dict[str, Any]]:
    return list(Population(_named(scenario_name)).requests())


@cache
def truths(scenario_name: str) -> dict[str, Truth]:
    return {t.account_id: t for t in Population(_named(scenario_name)).truths()}


def _named(name: str) -> Scenario:
    return {"small": SMALL, "ring": RING}[name]


def _lines(scenario: Scenario) -> bytes:
    return b"".join(lines.data for lines in Population(scenario).request_lines())


def test_same_seed_same_bytes() -> None:
    """A scenario and its seed decide every byte."""
    assert _lines(RING) == _lines(RING)


def test_other_seed_other_bytes() -> None:
    """Another seed is another world, down to the ids."""
    other = Population(replace(SMALL, seed=2))
    assert not truths("small").keys() & {t.account_id for t in other.truths()}


def test_lines_are_the_dicts() -> None:
    """The fast path and the plain one tell the same."""
    decoded = [msgspec.json.decode(line) for line in _lines(SMALL).splitlines()]
    assert decoded == requests("small")


def test_requests_come_in_order() -> None:
    """Requests are sorted by their time and lie within the run."""
    times = [event["ts"] for event in requests("small")]
    assert times == sorted(times)
    assert SMALL.start <= times[0]
    assert times[-1] < SMALL.start + SMALL.days * DAY_MS


def test_account_events_come_in_order() -> None:
    """Account events are sorted, and every account starts with its sign-up."""
    events = list(Population(SMALL).account_events())
    assert [e["ts"] for e in events] == sorted(e["ts"] for e in events)
    first = {e["account_id"]: e["type"] for e in reversed(events)}
    assert set(first.values()) == {"account.created"}
    assert first.keys() == truths("small").keys()


def test_nobody_asks_before_signing_up() -> None:
    """An account's first request follows its sign-up."""
    created = {
        e["account_id"]: e["ts"]
        for e in Population(SMALL).account_events()
        if e["type"] == "account.created"
    }
    assert all(event["ts"] >= created[event["account_id"]] for event in requests("small"))


@pytest.mark.parametrize(
    ("stream", "model"),
    [("requests", RequestEvent), ("account_events", AccountEvent), ("labels", LabelEvent)],
)
def test_every_event_keeps_the_contract(stream: str, model: Any) -> None:
    """Every event, as it is on the wire, is valid, and holds no field that the contract lacks."""
    adapter = TypeAdapter(model)
    for event in getattr(Population(SMALL), stream)():
        valid = adapter.validate_json(msgspec.json.encode(event))
        assert event.keys() <= type(valid).model_fields.keys()


def test_event_ids_are_unique() -> None:
    """No two requests share an id."""
    ids = [event["event_id"] for event in requests("small")]
    assert len(set(ids)) == len(ids)


def test_account_is_the_same_alone() -> None:
    """A member's requests do not depend on who else is in the scenario, or on how many."""
    more = replace(RING, cohorts=(ChatPeople(share=1.0), *RING.cohorts), accounts=120)
    subject = next(iter(truths("ring")))
    alone = [e for e in requests("ring") if e["account_id"] == subject]
    among = [e for e in Population(more).requests() if e["account_id"] == subject]
    assert alone == among


def test_campaign_makes_26_a_day() -> None:
    """Members make 25.6 requests per account and day, as alleged, within a tenth."""
    days = sum(RING.start + RING.days * DAY_MS - a.first for a in Population(RING).accounts())
    assert len(requests("ring")) / (days / DAY_MS) == pytest.approx(25.6, rel=0.1)


def test_even_pace_is_more_even() -> None:
    """The pace knob lowers the variance of daily counts between members."""

    def spread(even: float) -> float:
        ring = replace(RING, cohorts=(Campaign(staggered=0.0, even=even),))
        counts = Counter(event["account_id"] for event in Population(ring).requests())
        return float(np.std(list(counts.values())))

    assert spread(1.0) < spread(0.0) * 0.8


def test_variants_multiply_templates() -> None:
    """One template in many wordings has many hashes."""

    def hashes(variants: int) -> int:
        ring = replace(RING, cohorts=(Campaign(variants=variants, innocent=0.0),))
        return len({e.get("template_hash") for e in Population(ring).requests()})

    assert hashes(1) < hashes(30) / 5


@pytest.mark.parametrize(("cards", "shared"), [(12, True), (0, False)])
def test_cards_are_shared_as_told(cards: int, shared: bool) -> None:
    """The card knob decides whether members pay with the same cards."""
    ring = Population(replace(RING, cohorts=(Campaign(cards=cards),)))
    added = [e["fingerprint"] for e in ring.account_events() if e["type"] == "payment_method.added"]
    assert (len(set(added)) < len(added)) is shared


def test_one_card_is_one_card() -> None:
    """A shared card looks the same to whoever adds it."""
    seen: dict[str, set[str]] = {}
    for event in Population(RING).account_events():
        if event["type"] == "payment_method.added":
            card = {k: event.get(k) for k in ("funding", "country", "bin", "issuer")}
            seen.setdefault(event["fingerprint"], set()).add(str(card))
    assert {len(looks) for looks in seen.values()} == {1}


def test_mailboxes_are_not_shared() -> None:
    """Strangers do not end up with one e-mail address by accident."""
    people = Population(replace(SMALL, accounts=2_000))
    created = [e for e in people.account_events() if e["type"] == "account.created"]
    assert len({e["email"] for e in created}) == len(created)


def test_app_users_have_no_keys() -> None:
    """Whoever only uses the app makes no API key."""
    chats = {a for a, t in truths("small").items() if t.cohort == "chat"}
    made = {e["account_id"] for e in Population(SMALL).account_events() if "api_key_id" in e}
    assert made
    assert not made & chats


def test_requests_use_keys_that_were_made() -> None:
    """Every key of an API account is known from its account events."""
    made = {e["api_key_id"] for e in Population(RING).account_events() if "api_key_id" in e}
    used = {e["api_key_id"] for e in requests("ring") if "api_key_id" in e}
    assert used
    assert used <= made


def test_class_shares_its_nat() -> None:
    """Most of a class's requests come from one address and from one family of templates."""
    course = replace(SMALL, accounts=40, cohorts=(UniversityClass(),), days=8.0)
    addresses = Counter(e.get("ip") for e in Population(course).requests())
    assert addresses.most_common(1)[0][1] > 0.4 * addresses.total()


def test_provider_hides_fields() -> None:
    """A provider that does not fill a field in sends no event with it."""
    bare = Population(replace(RING, provider={"tls_fingerprint": 0.0, "asn": 0.0}))
    assert not any({"tls_fingerprint", "asn"} & event.keys() for event in bare.requests())


def test_shares_decide_the_counts() -> None:
    """Cohorts get their shares of the accounts, and together all of them."""
    counts = Counter(t.cohort for t in truths("small").values())
    assert counts.total() == SMALL.accounts
    assert counts["chat"] > counts["developers"] > counts["class"] > 0


def test_cohorts_of_one_name_are_refused() -> None:
    """Two cohorts of one name would be the same people twice."""
    with pytest.raises(ValueError, match="one name"):
        Scenario("x", 2, 1.0, (ChatPeople(), ChatPeople()))


def test_memory_does_not_grow_with_the_run() -> None:
    """Four times the days take no more memory than a fifth above."""

    def peak(days: float) -> int:
        scenario = replace(RING, days=days, cohorts=(Campaign(staggered=0.0, per_day=200.0),))
        tracemalloc.start()
        for _ in Population(scenario).request_lines():
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(0.5)  # warm up what is imported and cached once
    assert peak(4.0) < 1.2 * peak(1.0)
