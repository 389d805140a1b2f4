"""Providers that differ: who their customers are, how much they ask, which fields are filled in."""

from dataclasses import dataclass, field, replace

from simulate.cohort import Cohort
from simulate.honest.batches import BatchCustomers
from simulate.honest.businesses import ApiBusinesses
from simulate.honest.carrier_nat import CarrierNat
from simulate.honest.chat import ChatPeople
from simulate.honest.ci import Ci
from simulate.honest.classes import UniversityClass
from simulate.honest.coding_agents import AgentUsers
from simulate.honest.developers import Developers
from simulate.honest.enterprise import Enterprise
from simulate.honest.hackathon import Hackathon
from simulate.honest.launch_day import LaunchDay
from simulate.honest.researchers import Researchers
from simulate.honest.resellers import Resellers
from simulate.honest.vpn_users import VpnUsers

Cohorts = tuple[Cohort, ...]

# A small provider's businesses: one in sixty of ServeGen's rates, cut off so that no single firm
# makes most of the traffic.
_FIRMS = ApiBusinesses(scale=60.0, most_per_day=6_000.0)
HONEST: Cohorts = (
    ChatPeople(),
    Developers(),
    AgentUsers(),
    _FIRMS,
    BatchCustomers(),
    Ci(),
    UniversityClass(),
    Enterprise(),
    Enterprise(name="onboarding", share=0.02, seats=200, in_a_day=True),
    Hackathon(),
    Researchers(),
    Resellers(),
    CarrierNat(),
    VpnUsers(),
    LaunchDay(),
)


@dataclass(frozen=True, slots=True)
class Configuration:
    """A provider: its honest cohorts, the share of its traffic that an attacker would drive through
    the app, and shares that scale how often a field is filled in."""

    honest: Cohorts
    through_app: float = 0.2
    provider: dict[str, float] = field(default_factory=dict)


def _but(*others: Cohort) -> Cohorts:
    """The honest cohorts, those of a name in `others` replaced by them."""
    named = {cohort.name: cohort for cohort in others}
    return tuple(named.get(cohort.name, cohort) for cohort in HONEST)


CONFIGURATIONS = {
    # All sorts, every field known.
    "A": Configuration(HONEST),
    # An app with an API beside it: many people, little volume; no device ids, no JA4.
    "B": Configuration(
        _but(
            ChatPeople(share=0.9, median_per_day=14.0, joining=0.5),
            Developers(share=0.14, median_per_day=22.0, joining=0.5),
            AgentUsers(share=0.04, median_per_day=50.0),
            replace(_FIRMS, share=0.02, most_per_day=2_000.0),
            CarrierNat(share=0.12, joining=0.5),
            VpnUsers(share=0.06),
            UniversityClass(share=0.06),
            LaunchDay(share=0.06),
        ),
        0.7,
        {"device_id": 0.0, "tls_fingerprint": 0.0, "country": 0.5},
    ),
    # An API for builders: agents everywhere, heavy use, hardly a newcomer; no capability.
    "C": Configuration(
        _but(
            ChatPeople(share=0.08),
            Developers(share=0.36, median_per_day=60.0, joining=0.15),
            AgentUsers(share=0.3, median_per_day=130.0, joining=0.2),
            replace(_FIRMS, share=0.09, scale=30.0),
            BatchCustomers(share=0.04, median_per_day=400.0),
            Ci(share=0.05, median_per_day=120.0),
            Researchers(share=0.025),
        ),
        0.1,
        {"capability": 0.0, "asn": 0.3, "elicitation": 0.6},
    ),
    # Sold to firms and schools: seats, classes, labs, resellers; no hashes of templates.
    "D": Configuration(
        _but(
            ChatPeople(share=0.25, median_per_day=30.0, joining=0.2),
            Developers(share=0.18, joining=0.25),
            Enterprise(share=0.25, seats=400),
            Enterprise(name="onboarding", share=0.08, seats=200, in_a_day=True),
            UniversityClass(share=0.08),
            Researchers(share=0.03, per_lab=8),
            Resellers(share=0.006),
        ),
        0.3,
        {"template_hash": 0.0, "prompt_simhash": 0.0, "system_hash": 0.7, "user_agent": 0.8},
    ),
}
