"""What the shipped model learns from: simulated populations, no two with the same campaign."""

from pathlib import Path

import numpy as np

from scorers.train import Report, train
from simulate.abuse.campaigns import Campaign
from simulate.population import Population
from simulate.scenarios import HONEST, LONERS, Scenario
from stream.training import Progress, Truth, collect, join


def train_simulated(
    out: Path, seed: int, populations: int, accounts: int, days: float, progress: Progress
) -> Report:
    """Train on simulated populations whose campaigns differ; `progress` is called after each.

    What the simulator knows of every account stands for labels. Errors: see scorers.train.
    """
    tables = []
    for number in range(populations):
        population = Population(_varied(seed, number, accounts, days))
        bodies = (line for block in population.request_lines() for line in block.data.splitlines())
        tables.append(collect(bodies, _truths(population, number)))
        progress(1)
    return train(join(tables), out, seed=seed)


def _varied(seed: int, number: int, accounts: int, days: float) -> Scenario:
    """Campaigns from obvious to careful: own cards, more templates, human pace, mixed traffic."""
    rng = np.random.default_rng((seed, number))
    campaign = Campaign(
        share=float(rng.uniform(0.05, 0.25)),
        per_day=float(rng.uniform(5, 60)),
        cards=int(rng.choice((0, 3, 12, 40))),
        templates=int(rng.integers(4, 80)),
        even=float(rng.uniform(0, 1)),
        drawn_out=float(rng.uniform(0, 0.6)),
        innocent=float(rng.uniform(0, 0.5)),
        sleep=float(rng.uniform(0, 1)),
    )
    cohorts = (*HONEST, *LONERS, campaign)
    return Scenario(f"train-{number}", accounts, days, cohorts, seed=seed * 1_000 + number)


def _truths(population: Population, number: int) -> dict[str, Truth]:
    """Campaigns of two populations are two, whatever they are called."""
    return {
        truth.account_id: Truth(truth.abusive, f"{number}:{truth.campaign or truth.account_id}")
        for truth in population.truths()
    }
