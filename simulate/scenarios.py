"""Named scenarios, as data."""

from dataclasses import dataclass, field, replace

from simulate.abuse.campaigns import Campaign
from simulate.abuse.credit_farmers import CreditFarmers
from simulate.abuse.stolen_keys import StolenKeys
from simulate.abuse.trace_scrapers import TraceScrapers
from simulate.attacks import ATTACKS
from simulate.cohort import Cohort
from simulate.configurations import CONFIGURATIONS, HONEST, Cohorts
from simulate.honest.businesses import ApiBusinesses
from simulate.honest.resellers import Resellers

START = 1_780_272_000_000  # 2026-06-01T00:00:00Z, a Monday


@dataclass(frozen=True, slots=True)
class Scenario:
    """A composition of cohorts over a span. `provider` scales how often a field is filled in;
    `launch` is when a new model appears, as a share of the run."""

    name: str
    accounts: int
    days: float
    cohorts: tuple[Cohort, ...]
    seed: int = 1
    start: int = START
    launch: float = 0.6
    provider: dict[str, float] = field(default_factory=dict)
    label_share: float = 0.6  # of the abusive accounts that somebody ever labels
    label_benign_share: float = 0.05

    def __post_init__(self) -> None:
        if self.accounts < 1 or self.days <= 0:
            raise ValueError("a scenario needs at least one account and some time")
        if len({cohort.name for cohort in self.cohorts}) < len(self.cohorts):
            raise ValueError("two cohorts of one name would be one and the same people")


# The giants of a population.
_HEAVY = (ApiBusinesses, Resellers)
LONERS: Cohorts = (StolenKeys(), CreditFarmers(), TraceScrapers())


def scenario(
    configuration: str,
    attack: str | None,
    seed: int,
    accounts: int = 3_000,
    days: float = 7.0,
    attack_share: float = 0.1,
) -> Scenario:
    """One of `CONFIGURATIONS` under one of `ATTACKS`, or under none but the loners.

    `attack_share` is the campaign's share of all accounts. Errors: KeyError for unknown names.
    """
    chosen = CONFIGURATIONS[configuration]
    cohorts = (*chosen.honest, *LONERS)
    if attack:
        others = sum(cohort.share for cohort in cohorts)
        share = attack_share / (1.0 - attack_share) * others
        campaign = replace(ATTACKS[attack], share=share, through_app=chosen.through_app)
        cohorts = (*cohorts, campaign)
    name = f"{configuration}-{attack or 'peace'}-{seed}"
    return Scenario(name, accounts, days, cohorts, seed, provider=chosen.provider)


def _quiet(cohorts: Cohorts, most_per_day: float) -> Cohorts:
    """`cohorts` without giants: no firm makes more than `most_per_day` requests."""
    return tuple(
        replace(cohort, most_per_day=most_per_day) if isinstance(cohort, _HEAVY) else cohort
        for cohort in cohorts
    )


# A provider of small customers: as many accounts as the alleged campaign make as many requests.
_SMALL = _quiet(CONFIGURATIONS["B"].honest, 100.0)


_ALLEGED = Campaign(share=sum(c.share for c in _SMALL), per_day=27.0, staggered=0.1)
SCENARIOS = {
    s.name: s
    for s in (
        Scenario("small", 300, 3.0, (*HONEST, *LONERS, Campaign(share=0.1))),
        # About 480,000 requests: a minute of a laptop's time. Many quiet accounts, no giants.
        Scenario("demo", 1_560, 5.0, (*_quiet(HONEST, 1_000.0), *LONERS, Campaign(share=0.1))),
        # The alleged campaign at full size: 25,000 accounts, 28.8 million exchanges in 45 days,
        # amid about as many requests of a provider of small customers.
        Scenario("campaign", 50_000, 45.0, (*_SMALL, _ALLEGED)),
        # Throughput over state, not over one hot key.
        Scenario("bench", 20_000, 2.0, (*_quiet(HONEST, 1_000.0), *LONERS)),
    )
}
