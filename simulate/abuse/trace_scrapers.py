"""Reasoning drawn out in bulk by one account."""

from dataclasses import dataclass

import numpy as np

from simulate.accounts import Account
from simulate.clients import PYTHON
from simulate.habitats import API_FILL, APP_FILL
from simulate.habits import Habits, Work
from simulate.people import firm_domain, free_mail
from simulate.places import home, pick, server
from simulate.proofs import Proofs
from simulate.world import DAY_MS, LARGE, THINKER, World


@dataclass(frozen=True, slots=True)
class TraceScrapers:
    """One account that draws out reasoning in bulk: narrow prompts, long answers, log-probabilities
    where there are any, day and night."""

    name: str = "trace_scrapers"
    share: float = 0.012
    median_per_day: float = 350.0

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, index)
        places = (
            (server(rng, pick(rng, PYTHON)),)
            if rng.random() < 0.5
            else (home(rng, pick(rng, PYTHON)),)
        )
        country = places[0].network.country
        created = world.joined(rng, 0.7)
        return Account(
            account_id=world.account_id(self.name, index),
            key=world.key(self.name, index),
            cohort=self.name,
            created=created,
            first=max(created, world.start) + int(rng.exponential(1.0) * DAY_MS),
            last=world.end,
            habits=self._habits(rng),
            work=self._work(world, rng, index),
            places=places,
            proofs=self._proofs(rng, country),
            fill=APP_FILL if rng.random() < 0.25 else API_FILL,
            abusive=True,
        )

    def _habits(self, rng: np.random.Generator) -> Habits:
        return Habits(
            per_day=float(min(self.median_per_day * rng.lognormal(0, 1.0), 5_000.0)),
            active_days=0.95,
            turns=float(rng.integers(1, 20)),
            gap_s=float(rng.uniform(3, 30)),
            gap_shape=float(rng.uniform(0.8, 2.0)),
            even=float(rng.uniform(0, 1)),
            sleep=float(rng.uniform(0, 1.5)),
            in_ln=float(rng.normal(6.5, 0.7)),
            in_sd=float(rng.uniform(0.1, 0.6)),
            out_ln=float(rng.normal(6.6, 0.6)),
            growth=0.3,
            cached=float(rng.uniform(0, 0.9)),
            out_sd=0.6,
            reasoning=float(rng.uniform(0.3, 0.9)),
            templates=float(rng.integers(2, 20)),
            template_fresh=float(rng.beta(1, 8)),
            variants=float(rng.integers(1, 20)),
            wander=4.0,
            elicitation=float(rng.beta(3, 3)),
            logprobs=float(rng.random() < 0.25),
            refused=float(rng.beta(1, 40)),
            throttled=float(rng.beta(1, 30)),
            streamed=float(rng.choice((0.0, 0.9))),
            launch_days=float(rng.exponential(1.0)),
            launch_share=0.7,
        )

    def _work(self, world: World, rng: np.random.Generator, index: int) -> Work:
        return Work(
            capabilities=(("reasoning",), ("reasoning", "coding"), ("grading", "reasoning"))[
                int(rng.integers(3))
            ],
            models=(THINKER, LARGE),
            temperatures=((None,), (0.0,), (1.0,), (0.7,))[int(rng.integers(4))],
            max_tokens=((8192,), (4096,), (None,))[int(rng.integers(3))],
            systems=(world.key(self.name, index, "system"),),
        )

    def _proofs(self, rng: np.random.Generator, country: str) -> Proofs:
        return Proofs(
            email_domain=free_mail(rng) if rng.random() < 0.7 else firm_domain(rng),
            country=country,
            card=0.85,
            spend_usd=150.0,
        )
