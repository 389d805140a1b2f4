"""What the shipped model of identity learns from: simulated sign-ups, no two crowds alike."""

from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from scorers.train import Report
from simulate.abuse.campaigns import Campaign
from simulate.abuse.credit_farmers import CreditFarmers
from simulate.abuse.stolen_keys import StolenKeys
from simulate.abuse.trace_scrapers import TraceScrapers
from simulate.configurations import CONFIGURATIONS
from simulate.population import Population
from simulate.scenarios import Scenario
from stream.know.training import collect, train_tables
from stream.learn.labelling import Truth
from stream.training import Progress

# Farms of sizes that no other scenario has, whose farms have six accounts.
_PER_MACHINE: Final = (2, 3, 4, 9, 14)


def train_simulated(
    out: Path, seed: int, populations: int, accounts: int, days: float, progress: Progress
) -> Report:
    """Train on simulated populations of every provider; `progress` is called after each.

    What the simulator knows of every account stands for labels. Errors: see scorers.train.
    """
    tables, encode = [], msgspec.json.encode
    for number in range(populations):
        population = Population(_varied(seed, number, accounts, days))
        tables.append(collect(map(encode, population.account_events()), _truths(population)))
        progress(1)
    return train_tables(out, tables, seed)


def _varied(seed: int, number: int, accounts: int, days: float) -> Scenario:
    """One provider after another; farms and campaigns from obvious to careful."""
    rng = np.random.default_rng((seed, number, len(_PER_MACHINE)))
    provider = tuple(CONFIGURATIONS.values())[number % len(CONFIGURATIONS)]
    farm = CreditFarmers(share=0.06, per_machine=int(rng.choice(_PER_MACHINE)))
    campaign = Campaign(share=float(rng.uniform(0.03, 0.12)), cards=int(rng.choice((0, 3, 12, 40))))
    cohorts = (*provider.honest, StolenKeys(), TraceScrapers(), farm, campaign)
    # Seeds of a range of their own: no population of another purpose is this one.
    own = (seed + 7_000) * 1_000 + number
    return Scenario(f"identity-{number}", accounts, days, cohorts, own, provider=provider.provider)


def _truths(population: Population) -> dict[str, Truth]:
    """Who is not what they claim. Left out: accounts that were honest when they signed up."""
    name = population.scenario.name
    return {
        account.account_id: Truth(
            account.abusive, f"{name}:{account.campaign or account.account_id}"
        )
        for account in population.accounts()
        if account.begins is None
    }
