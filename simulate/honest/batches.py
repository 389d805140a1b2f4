"""Customers of bulk work."""

from dataclasses import dataclass

import numpy as np

from simulate.accounts import Account
from simulate.firms import FIRM_FILL, firm_proofs, servers
from simulate.habitats import OFFSETS
from simulate.habits import Habits, Work
from simulate.world import LARGE, MIDDLE, SMALL, World


@dataclass(frozen=True, slots=True)
class BatchCustomers:
    """Bulk work with one template: classification or labelling, a few long runs a week."""

    name: str = "batch"
    share: float = 0.02
    median_per_day: float = 250.0
    most_per_day: float = 8_000.0

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, index)
        places = servers(rng, 1)
        country = places[0].network.country
        created = world.joined(rng, 0.2)
        per_day = float(min(self.median_per_day * rng.lognormal(0, 1.2), self.most_per_day))
        task = str(rng.choice(("data_generation", "grading", "summarisation", "translation",
                               "coding", "other")))  # fmt: skip
        return Account(
            account_id=world.account_id(self.name, index),
            key=world.key(self.name, index),
            cohort=self.name,
            created=created,
            first=created + int(rng.exponential(48 * 3_600_000)),
            last=world.end,
            habits=self._habits(rng, country, per_day),
            work=self._work(world, rng, index, task),
            places=places,
            proofs=firm_proofs(rng, country, 300.0),
            fill=FIRM_FILL | {"turns": 0.2},
            org=world.key(self.name, index, "org") if rng.random() < 0.6 else None,
        )

    def _habits(self, rng: np.random.Generator, country: str, per_day: float) -> Habits:
        return Habits(
            per_day=per_day,
            active_days=float(rng.uniform(0.2, 0.8)),
            turns=float(min(per_day, 120.0)),
            gap_s=float(rng.uniform(1, 8)),
            gap_shape=float(rng.uniform(0.9, 2.5)),
            day_spread=0.8,
            hour_spread=1.0,
            weekend=0.6,
            offset_h=OFFSETS[country],
            sleep=float(rng.uniform(0, 3)),
            in_ln=float(rng.normal(6.4, 0.8)),
            in_sd=float(rng.uniform(0.02, 0.4)),
            out_ln=float(rng.normal(4.2, 1.2)),
            out_sd=float(rng.uniform(0.1, 0.5)),
            wander=float(rng.uniform(4, 10)),
            elicitation=float(rng.beta(1, 30)),
            logprobs=float(rng.random() < 0.15),
            throttled=0.02,
            streamed=0.0,
            retry=0.95,
            launch_days=float(rng.exponential(20.0)),
            launch_share=float(rng.random() < 0.2),
        )

    def _work(self, world: World, rng: np.random.Generator, index: int, task: str) -> Work:
        return Work(
            capabilities=(task,),
            models=((SMALL,), (MIDDLE,), (LARGE,))[int(rng.integers(3))],
            endpoints=("batch",) if rng.random() < 0.6 else ("messages",),
            temperatures=(0.0,) if rng.random() < 0.6 else (1.0,),
            max_tokens=(int(rng.choice((256, 1024, 4096))),),
            systems=(world.key(self.name, index, "system"),),
        )
