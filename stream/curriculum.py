"""What the shipped model learns from: simulated populations, no two with the same campaign."""

import asyncio
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from simulate.abuse.campaigns import Campaign
from simulate.configurations import HONEST
from simulate.population import Population
from simulate.scenarios import LONERS, Scenario
from stream.broker.sinks import FileSink
from stream.learn.labelling import Truth
from stream.learn.lessons import Plan, Trained, study
from stream.lines import ACCOUNTS, REQUESTS, lines, merged
from stream.link.fitting import Example, fit
from stream.link.linker import Linker
from stream.link.surprise import Floats, Ints
from stream.link.touches import Touch
from stream.link.weighing import Weights
from stream.local import local_handlers
from stream.replay import replay
from stream.settings import load_settings
from stream.training import Progress, collect

NOBODY: Final = 2.0  # above any score: no ring becomes a campaign while portraits are collected


def train_simulated(
    out: Path, plan: Plan, populations: int, accounts: int, days: float, progress: Progress
) -> Trained:
    """Train on simulated populations whose campaigns differ; `progress` is called after each.

    What the simulator knows of every account stands for labels. Errors: see scorers.train.
    """
    lessons = []
    for number in range(populations):
        population = Population(_varied(plan.seed, number, accounts, days))
        told, asked = _events(population)
        lessons.append(collect(asked, _truths(population, number), told))
        progress(1)
    return study(lessons, out, plan)


def _events(population: Population) -> tuple[Iterator[bytes], Iterator[bytes]]:
    """Account events and requests, one JSON object each."""
    told = (msgspec.json.encode(event) for event in population.account_events())
    asked = (line for block in population.request_lines() for line in block.data.splitlines())
    return told, asked


class _Pupil:
    """Folds touches, and keeps the portraits of the rings with what is known of their members."""

    def __init__(self, population: Population, number: int) -> None:
        self._truths = {truth.account_id: truth for truth in population.truths()}
        self._number = number
        self.examples: list[Example] = []
        self._linker = Linker(Weights.load(), NOBODY, witness=self._look)

    async def send(self, touches: Sequence[Touch]) -> None:
        """Fold touches as a linker would, and answer nobody."""
        for touch in touches:
            self._linker.fold(touch)

    def _look(self, ring: Ints, traits: Floats) -> None:
        members = [self._truths[self._linker.ledger.name[account]] for account in ring.tolist()]
        cohort, _ = Counter(truth.cohort for truth in members).most_common(1)[0]
        abusive = sum(truth.abusive for truth in members) / len(members)
        self.examples.append(Example(traits, abusive, (self._number, cohort)))


def fit_rings(
    seed: int, populations: int, accounts: int, days: float, progress: Progress
) -> Weights:
    """What portraits of rings are worth, by the rings of simulated populations.

    Raises ConfigurationError where these hold no ring of either kind.
    """
    examples: list[Example] = []
    for number in range(populations):
        population = Population(_varied(seed, number, accounts, days))
        pupil = _Pupil(population, number)
        asyncio.run(_show(population, pupil))
        examples += pupil.examples
        progress(1)
    return fit(examples, f"rings-{seed}-{populations}-{accounts}", seed)


async def _show(population: Population, pupil: _Pupil) -> None:
    sink = FileSink(io.BytesIO(), io.BytesIO())
    told, asked = _events(population)
    events = merged(lines(ACCOUNTS, told), lines(REQUESTS, asked))
    await replay(events, local_handlers(load_settings(), sink, outlet=pupil))


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
        truth.account_id: Truth(
            truth.abusive,
            f"{number}:{truth.campaign or truth.account_id}",
            cohort=truth.cohort,
        )
        for truth in population.truths()
    }
