"""Which scenarios are judged: providers, attacks and seeds that no training saw."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from schemas.errors import ConfigurationError
from simulate.abuse.campaigns import Campaign
from simulate.attacks import ATTACKS
from simulate.configurations import CONFIGURATIONS
from simulate.scenarios import SCENARIOS, Scenario, scenario

# Training simulates with seeds of 1,000 and more, on configuration A, under campaigns of its own
# (stream/curriculum.py; tests/unit/test_evaluate_trials.py holds the two apart).
SEED = 77
TRAINED_ON = "A"
ALL, PEACE = "all", "none"


_USUAL = (3_000, 7.0, SEED, 0.1)  # accounts, days, seed, the attack's share of the accounts


class Case(NamedTuple):
    """A scenario to judge, and the attack in it (None: peace)."""

    scenario: Scenario
    attack: str | None
    configuration: str


def cases(
    configuration: str, attack: str, accounts: int, days: float, seed: int, attack_share: float
) -> Iterator[Case]:
    """Every chosen attack on every chosen provider; `all` chooses all, `none` is peace.

    Raises ConfigurationError for a name that is not there.
    """
    for name in _chosen(configuration, tuple(CONFIGURATIONS)):
        for other in _chosen(attack, (*ATTACKS, PEACE)):
            campaign = None if other == PEACE else other
            made = scenario(name, campaign, seed, accounts, days, attack_share)
            yield Case(made, campaign, name)


def named(name: str, accounts: int | None, days: float | None, seed: int) -> Case:
    """A named scenario, with its campaign where it has one. Raises ConfigurationError."""
    if name not in SCENARIOS:
        raise ConfigurationError(f"no scenario {name}: there are {', '.join(SCENARIOS)}")
    found = replace(SCENARIOS[name], seed=seed)
    found = replace(found, accounts=accounts or found.accounts, days=days or found.days)
    campaigns = [cohort.name for cohort in found.cohorts if isinstance(cohort, Campaign)]
    return Case(found, campaigns[0] if campaigns else None, TRAINED_ON)


def one_case(configuration: str, attack: str) -> Case:
    """One provider under one attack, or in peace. Raises ConfigurationError for any other name."""
    found = tuple(cases(configuration, attack, *_USUAL))
    if len(found) > 1:
        raise ConfigurationError("one provider and one attack at a time")
    return found[0]


def _chosen(given: str, names: tuple[str, ...]) -> tuple[str, ...]:
    if given == ALL:
        return names
    if given not in names:
        raise ConfigurationError(f"no {given}: there are {', '.join(names)} and {ALL}")
    return (given,)
