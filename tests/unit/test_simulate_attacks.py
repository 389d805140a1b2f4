"""Each attack hides what it says, and nothing else changes."""

from collections import Counter, defaultdict
from functools import cache
from typing import Any

import numpy as np
import pytest

from simulate.abuse.stolen_keys import StolenKeys
from simulate.accounts import Account
from simulate.attacks import ATTACKS
from simulate.configurations import CONFIGURATIONS
from simulate.honest.coding_agents import open_coder
from simulate.population import Population
from simulate.scenarios import Scenario, scenario
from simulate.world import DAY_MS, LAUNCHED, World

Event = dict[str, Any]
DAYS = 4.0


@cache
def ring(attack: str) -> Population:
    """The campaign alone."""
    return Population(Scenario(attack, 120, DAYS, (ATTACKS[attack],)))


@cache
def requests(attack: str) -> list[Event]:
    return list(ring(attack).requests())


@cache
def members(attack: str) -> list[Account]:
    return list(ring(attack).accounts())


def _created(attack: str) -> list[Event]:
    return [e for e in ring(attack).account_events() if e["type"] == "account.created"]


def _daily(attack: str) -> float:
    """Requests per account and day of life."""
    start = ring(attack).world.start
    days = sum(a.last - max(a.first, start) for a in members(attack)) / DAY_MS
    return len(requests(attack)) / days


def test_june_repeats_its_templates() -> None:
    """A small set of templates with variations: requests far outnumber their texts."""
    seen = Counter(e["template_hash"] for e in requests("june") if "template_hash" in e)
    assert sum(n > 1 for n in seen.values()) > 500
    assert sum(n for n in seen.values() if n > 1) / seen.total() > 0.8


def test_paraphrased_never_repeats_a_text() -> None:
    """No template is sent twice but by a retry, and no two texts are near in SimHash."""
    asked = [e for e in requests("paraphrased") if e.get("status") == 200]
    templates = [e["template_hash"] for e in asked if "template_hash" in e]
    assert len(set(templates)) > 0.99 * len(templates)
    texts = {e["prompt_simhash"] for e in asked if "prompt_simhash" in e}
    bits = np.array([int(text, 16) for text in sorted(texts)], np.uint64)
    near = [np.bitwise_count(bits[n + 1 :] ^ bits[n]).min() for n in range(400)]
    assert min(near) > 6


@pytest.mark.parametrize("attack", ["paraphrased", "drip", "pivot", "disguised"])
def test_unlinked_members_share_no_identity(attack: str) -> None:
    """No card, mailbox, device, document or system prompt of their own is shared."""
    cards = [
        e["fingerprint"]
        for e in ring(attack).account_events()
        if e["type"] == "payment_method.added"
    ]
    assert len(set(cards)) == len(cards)
    devices = [e["device_id"] for e in _created(attack) if "device_id" in e]
    assert len(set(devices)) == len(devices)
    agent = open_coder(ring(attack).world, "system prompt")
    own = [a.work.systems for a in members(attack) if a.work.systems != (agent,)]
    assert len(set(own)) == len(own)


def test_drip_makes_five_a_day() -> None:
    """Five requests per account and day, within a tenth."""
    assert _daily("drip") == pytest.approx(5.0, rel=0.1)


def test_hydra_is_half_innocent() -> None:
    """Half of an account's requests are no part of the campaign, and the truth says so."""
    assert all(t.innocent == pytest.approx(0.505) for t in ring("hydra").truths())
    assert _daily("hydra") == pytest.approx(25.6 / 0.55, rel=0.15)


def test_hydra_customers_use_the_accounts_own_lines() -> None:
    """Whoever buys access comes out of the account's own addresses and keys."""
    for account in members("hydra"):
        assert account.others
        assert {other.places for other in account.others} == {account.places}
        assert {other.api_keys for other in account.others} == {account.api_keys}


def test_pivot_moves_within_a_day() -> None:
    """Nearly half of the traffic asks the new model within a day of its launch."""
    launch = ring("pivot").world.launch
    first_day = [e for e in requests("pivot") if launch <= e["ts"] < launch + DAY_MS]
    moved = sum(e["model"] == LAUNCHED for e in first_day) / len(first_day)
    assert moved == pytest.approx(0.45, abs=0.1)


def test_programs_open_the_door() -> None:
    """Most accounts came through a program that is published as abused."""
    came = Counter(e.get("program") for e in _created("programs"))
    assert came.keys() == {None, "education", "security_research", "startup"}
    assert came[None] < 0.45 * came.total()


def test_taken_accounts_were_honest_before() -> None:
    """A taken account is older than the run and has its owner's traffic before the abuse."""
    taken = {a.account_id: a for a in members("takeover") if a.others}
    assert len(taken) > 70
    assert all(a.created < ring("takeover").world.start for a in taken.values())
    before = {
        e["account_id"]
        for e in requests("takeover")
        if e["account_id"] in taken and e["ts"] < (taken[e["account_id"]].begins or 0)
    }
    assert len(before) > 0.5 * len(taken)


def test_taken_accounts_are_signed_in_to() -> None:
    """Whoever takes an account over signs in from a place of their own."""
    logins = defaultdict(set)
    for event in ring("takeover").account_events():
        if event["type"] == "login.succeeded":
            logins[event["account_id"]].add(event["ts"])
    taken = [a for a in members("takeover") if a.others]
    assert all(a.begins in logins[a.account_id] for a in taken)


def test_churned_accounts_are_replaced() -> None:
    """Accounts live about four days, and as many are at work at the end as in the middle."""
    campaign = ATTACKS["churn"]
    population = Population(Scenario("churn", 160, 16.0, (campaign,)))
    lives = [(a.first, a.last) for a in population.accounts()]
    assert max(last - first for first, last in lives) < 5.3 * DAY_MS
    start = population.world.start

    def alive(day: float) -> int:
        return sum(first <= start + day * DAY_MS < last for first, last in lives)

    assert 20 < alive(6.0) < 60
    assert 20 < alive(14.5) < 60


def test_churn_farms_mailboxes_and_numbers() -> None:
    """Spellings of one mailbox, and numbers of one block, serve several accounts."""
    boxes = Counter(
        e["email"].split("@")[0].split("+")[0].replace(".", "") for e in _created("churn")
    )
    assert max(boxes.values()) > 3
    assert len({e["email"] for e in _created("churn")}) == len(members("churn"))
    phones = [e["phone"] for e in ring("churn").account_events() if e["type"] == "phone.verified"]
    assert max(Counter(phone[:-2] for phone in phones).values()) > 1


def test_disguised_members_look_like_the_agent() -> None:
    """Client, TLS hello and system prompt are those of the popular agent."""
    agents = [e for e in requests("disguised") if e.get("user_agent", "").startswith("open-coder")]
    assert len(agents) > 0.8 * len(requests("disguised"))
    honest = Population(Scenario("agents", 5, 1.0, (CONFIGURATIONS["A"].honest[2],)))
    prompts = {e["system_hash"] for e in honest.requests() if "system_hash" in e}
    assert prompts <= {e.get("system_hash") for e in agents}


def test_stolen_key_has_an_owner() -> None:
    """The owner of a leaked key makes requests before the theft, and far fewer than the thief."""
    theft = Population(Scenario("theft", 30, 6.0, (StolenKeys(),)))
    begins = {t.account_id: t.begins or 0 for t in theft.truths()}
    late = [e["ts"] >= begins[e["account_id"]] for e in theft.requests()]
    before = {e["account_id"] for e in theft.requests() if e["ts"] < begins[e["account_id"]]}
    assert len(before) > 15
    assert np.mean(late) > 0.8


@pytest.mark.parametrize(
    ("configuration", "hidden"),
    [
        ("B", {"device_id", "tls_fingerprint"}),
        ("C", {"capability"}),
        ("D", {"template_hash", "prompt_simhash"}),
    ],
)
def test_providers_know_less(configuration: str, hidden: set[str]) -> None:
    """What a provider does not fill in is in none of its requests and account events."""
    population = Population(scenario(configuration, "june", 1, 150, 0.5))
    for events in (population.requests(), population.account_events()):
        shown = {name for event in events for name in event}
        assert "event_id" in shown
        assert shown.isdisjoint(hidden)


def test_attack_share_is_of_all_accounts() -> None:
    """The campaign gets the share of the accounts that is asked for."""
    population = Population(scenario("C", "drip", 1, 400, 1.0, attack_share=0.25))
    cohorts = Counter(t.cohort for t in population.truths())
    assert cohorts["drip"] == 100


def test_peace_has_no_campaign() -> None:
    """Without an attack only loners are left."""
    population = Population(scenario("A", None, 1, 400, 1.0))
    assert not any(t.campaign for t in population.truths())


def test_unknown_attack_is_refused() -> None:
    """A misspelt attack does not turn into peace."""
    with pytest.raises(KeyError):
        scenario("A", "jnue", 1)


def test_configurations_differ_in_volume() -> None:
    """The same accounts ask several times as much of one provider as of another."""
    world = World(1, 0, 1.0, 0)

    def median(name: str) -> float:
        chat = next(c for c in CONFIGURATIONS[name].honest if c.name == "developers")
        return float(np.median([chat.member(world, n).habits.per_day for n in range(200)]))

    assert median("C") > 2 * median("B")
