"""Machines that run when code is pushed, or when the clock says so."""

from dataclasses import dataclass

import numpy as np

from simulate import fitted
from simulate.accounts import Account
from simulate.clients import NODE, PYTHON
from simulate.firms import FIRM_FILL, firm_proofs
from simulate.habits import Habits, Work
from simulate.networks import HOSTING
from simulate.places import Place, pick
from simulate.world import LARGE, MIDDLE, World


@dataclass(frozen=True, slots=True)
class Ci:
    """Review bots and nightly evaluations: paced by pushes and timers, awake at all hours."""

    name: str = "ci"
    share: float = 0.02
    median_per_day: float = 60.0

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, index)
        # Hosted runners: another machine, and another address, every job.
        client = pick(rng, (*PYTHON, *NODE), 1.2)
        runners = tuple(
            Place(pick(rng, HOSTING[:3]), client, int(rng.integers(1 << 62)), 1_800_000)
            for _ in range(2)
        )
        created = world.joined(rng, 0.25)
        return Account(
            account_id=world.account_id(self.name, index),
            key=world.key(self.name, index),
            cohort=self.name,
            created=created,
            first=created + int(rng.exponential(24 * 3_600_000)),
            last=world.end,
            habits=self._habits(rng),
            work=self._work(world, rng, index),
            places=runners,
            proofs=firm_proofs(rng, runners[0].network.country, 120.0),
            fill=FIRM_FILL,
            org=world.key(self.name, index, "org") if rng.random() < 0.7 else None,
        )

    def _habits(self, rng: np.random.Generator) -> Habits:
        return Habits(
            per_day=float(self.median_per_day * rng.lognormal(0, 0.9)),
            turns=float(rng.integers(1, 12)),
            gap_s=float(rng.uniform(2, 20)),
            gap_shape=1.2,
            day_spread=0.4,
            hour_spread=float(rng.uniform(0.1, 1.0)),
            even=float(rng.uniform(0.2, 1.0)),
            weekend=float(rng.uniform(0.3, 1.0)),
            offset_h=float(rng.choice((-6, 0, 1, 8))),
            sleep=float(rng.uniform(0, 2.5)),
            in_ln=float(rng.normal(fitted.CODE_IN_LN + 0.6, 0.5)),
            in_sd=float(rng.uniform(0.1, 1.1)),
            out_ln=float(rng.normal(5.3, 0.7)),
            out_sd=0.7,
            cached=0.8,
            templates=float(rng.integers(1, 5)),
            template_fresh=float(rng.beta(1, 4)),
            wander=8.0,
            elicitation=float(rng.beta(1, 40)),
            streamed=0.0,
            tools=float(rng.choice((0, 5, 9))),
            tool_calls=float(rng.choice((0.0, 1.0))),
            retry=0.95,
            launch_days=float(rng.exponential(12.0)),
            launch_share=float(rng.random() < 0.3),
        )

    def _work(self, world: World, rng: np.random.Generator, index: int) -> Work:
        return Work(
            capabilities=(
                ("coding",),
                ("coding", "coding", "agentic"),
                ("coding", "reasoning", "tool_use", "long_horizon"),
            )[int(rng.integers(3))],
            models=((MIDDLE,), (LARGE,))[int(rng.integers(2))],
            temperatures=((None,), (0.0,))[int(rng.integers(2))],
            max_tokens=(4096,),
            systems=(world.key(self.name, index, "system"),),
        )
