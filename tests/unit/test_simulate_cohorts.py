"""The hard cases are as hard as they claim."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Any

from simulate.abuse.campaigns import Campaign
from simulate.accounts import Account
from simulate.cohort import Cohort
from simulate.honest.carrier_nat import CarrierNat
from simulate.honest.coding_agents import AgentUsers, open_coder
from simulate.honest.enterprise import Enterprise
from simulate.honest.hackathon import Hackathon
from simulate.honest.launch_day import LaunchDay
from simulate.honest.researchers import Researchers
from simulate.honest.resellers import Resellers
from simulate.honest.vpn_users import VpnUsers
from simulate.population import Population
from simulate.scenarios import HONEST, SCENARIOS, Scenario
from simulate.world import DAY_MS, HOUR_MS

Events = list[dict[str, Any]]


def _alone(cohort: Cohort, accounts: int, days: float = 4.0) -> Population:
    return Population(Scenario(cohort.name, accounts, days, (cohort,)))


@cache
def _bench() -> list[Account]:
    return list(Population(SCENARIOS["bench"]).accounts())


def _members(name: str) -> list[Account]:
    return [account for account in _bench() if account.cohort == name]


def _cards(population: Population) -> Counter[str]:
    added = (e for e in population.account_events() if e["type"] == "payment_method.added")
    return Counter(e["fingerprint"] for e in added)


def _networks(events: Iterable[dict[str, Any]]) -> dict[str, set[str]]:
    """The accounts seen in each /24."""
    met: dict[str, set[str]] = defaultdict(set)
    for event in events:
        if "ip" in event:
            met[event["ip"].rpartition(".")[0]].add(event["account_id"])
    return met


def test_popular_agent_is_shared_by_thousands() -> None:
    """In a big population thousands share the agent's system prompt; most of them are old."""
    population = Population(SCENARIOS["bench"])
    prompt = open_coder(population.world, "system prompt")
    users = [a for a in _bench() if prompt in a.work.systems]
    old = [a for a in users if a.created < population.world.start]
    assert len(users) > 1_500
    assert len(old) > 0.6 * len(users)
    assert {a.work.families for a in _members("agent_users")} == {users[0].work.families}


def test_popular_agent_is_mostly_proven() -> None:
    """Most of the agent's users have a verified mailbox and a card."""
    has: dict[str, set[str]] = defaultdict(set)
    for event in _alone(AgentUsers(), 200).account_events():
        has[event["type"]].add(event["account_id"])
    assert len(has["email.verified"] & has["payment_method.added"]) > 140


def test_enterprise_pays_by_one_card() -> None:
    """Seats of one firm share a card, an organisation, a mail domain and an egress."""
    population = _alone(Enterprise(seats=200), 200)
    assert len(_cards(population)) == 1
    created = [e for e in population.account_events() if e["type"] == "account.created"]
    assert len({e["org_id"] for e in created}) == 1
    assert len({e["email"].split("@")[1] for e in created}) == 1
    met = _networks(population.requests())
    assert max(map(len, met.values())) > 0.8 * len(set().union(*met.values()))


def test_onboarding_takes_a_day() -> None:
    """All seats of a firm that comes on board sign up within one day's office hours."""
    onboarding = next(c for c in HONEST if c.name == "onboarding")
    created = [a.created for a in _alone(onboarding, 200).accounts()]
    assert max(created) - min(created) < 10 * HOUR_MS


def test_hackathon_is_one_hall_for_two_days() -> None:
    """Hundreds of new accounts work from one network for a weekend, most through a program."""
    population = _alone(Hackathon(), 300)
    met = _networks(population.requests())
    assert len(met) == 1
    assert len(next(iter(met.values()))) > 250
    members = list(population.accounts())
    assert max(a.last for a in members) - min(a.first for a in members) < 2.1 * DAY_MS
    assert sum(a.proofs.program == "startup" for a in members) > 150


def test_carrier_hides_thousands_behind_few_networks() -> None:
    """Every /24 of a carrier serves many accounts, and no account keeps one."""
    met = _networks(_alone(CarrierNat(), 400).requests())
    assert len(met) < 20
    assert min(map(len, met.values())) > 20


def test_vpn_users_meet_attackers() -> None:
    """Honest VPN users and campaign members come out of the same networks."""
    honest = _networks(_alone(VpnUsers(), 150).requests())
    met = _networks(_alone(Campaign(exits=1.0), 60).requests())
    assert len(honest.keys() & met.keys()) > 10


def test_launch_day_moves_within_a_day() -> None:
    """Most of the crowd signs up within a day of the launch, and asks the new model."""
    population = _alone(LaunchDay(), 150)
    launch = population.world.launch
    members = list(population.accounts())
    assert sum(abs(a.created - launch) < DAY_MS for a in members) > 120
    used = Counter(e["model"] for e in population.requests())
    assert used["atlas-5"] > 0.7 * used.total()


def test_researchers_share_public_templates() -> None:
    """Labs that have nothing to do with one another send the same templates."""
    members = list(_alone(Researchers(), 60).accounts())
    labs = {a.places[0].key for a in members}
    assert len(labs) == 15
    assert len({a.work.families for a in members}) == 3


def test_reseller_carries_many_people_on_one_card() -> None:
    """One account sends many system prompts and templates at high volume, and pays by one card."""
    population = _alone(Resellers(), 3, days=2.0)
    events = list(population.requests())
    prompts = defaultdict(set)
    for event in events:
        prompts[event["account_id"]].add(event.get("system_hash"))
    assert min(map(len, prompts.values())) > 15
    assert len(events) > 3 * 2 * 500
    assert max(_cards(population).values()) == 1


def test_households_share_a_card() -> None:
    """Some honest people pay with the card of somebody else of their cohort."""
    chat = next(c for c in HONEST if c.name == "chat")
    assert 0 < sum(n - 1 for n in _cards(_alone(chat, 1_000)).values()) < 60
