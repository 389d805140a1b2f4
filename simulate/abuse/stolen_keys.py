"""Leaked API keys."""

from dataclasses import dataclass, replace

import numpy as np

from simulate import fitted
from simulate.accounts import Account
from simulate.clients import BROWSER, CURL, PYTHON
from simulate.habitats import APP_FILL
from simulate.habits import Habits, Work
from simulate.honest.developers import Developers
from simulate.networks import HOME, VPN
from simulate.places import Place, pick
from simulate.world import DAY_MS, HOUR_MS, LARGE, MIDDLE, THINKER, World


@dataclass(frozen=True, slots=True)
class StolenKeys:
    """A developer's account whose key leaked, sold on by strangers: from one hour on, besides its
    owner's few requests, it runs at full speed from many networks with many user agents, until it
    is found."""

    name: str = "stolen_keys"
    share: float = 0.008
    per_day: float = 900.0
    lasts_days: float = 4.0

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, "theft", index)
        owner = Developers(name=self.name, joining=0.1).member(world, index)
        begins = max(owner.first, world.start)
        begins += int(rng.random() * 0.8 * max(0, world.end - begins))
        ends = begins + int((0.3 + rng.exponential(self.lasts_days)) * DAY_MS)
        # A key opens the API; a stolen password opens the app.
        password = rng.random() < 0.35
        thief = replace(
            owner,
            key=world.key(self.name, "thief", index),
            first=begins,
            last=min(world.end, ends),
            habits=self._habits(rng),
            work=self._work(world, rng, index),
            places=tuple(_somewhere(rng) for _ in range(int(rng.integers(4, 12)))),
            fill=APP_FILL if password else owner.fill,
        )
        return owner.having(
            habits={"per_day": min(owner.habits.per_day, 40.0)},
            others=(thief,),
            abusive=True,
            begins=begins,
            innocent=0.05,
            proofs={"seized": begins if password else 0, "card": 0.9},
        )

    def _habits(self, rng: np.random.Generator) -> Habits:
        return Habits(
            per_day=float(self.per_day * rng.lognormal(0, 1.0)),
            turns=float(1 + rng.gamma(1.5, 4.0)),
            gap_s=float(rng.lognormal(2.5, 0.8)),
            hour_spread=0.8,
            sleep=float(rng.uniform(0, 2)),
            in_ln=float(rng.normal(fitted.CHAT_IN_LN, 0.6)),
            in_sd=1.2,
            out_ln=float(rng.normal(fitted.CHAT_OUT_LN + 0.4, 0.5)),
            growth=0.6,
            template_fresh=0.95,
            templates=10.0,
            elicitation=0.02,
            throttled=float(rng.beta(1, 25)),
            invalid=float(rng.beta(1, 40)),
            refused=float(rng.beta(1, 60)),
            cached=float(rng.uniform(0, 0.9)),
            streamed=0.7,
        )

    def _work(self, world: World, rng: np.random.Generator, index: int) -> Work:
        rest = ("other", "vision", "reasoning", "agentic")
        return Work(
            capabilities=("chat",) * 7 + ("coding",) * 5 + rest,
            models=(LARGE, LARGE, THINKER, MIDDLE),
            temperatures=((None,), (0.7,), (1.0,))[int(rng.integers(3))],
            max_tokens=((None,), (1024,), (4096,))[int(rng.integers(3))],
            systems=tuple(world.key(self.name, index, n) for n in range(8)),
        )


def _somewhere(rng: np.random.Generator) -> Place:
    """One of the buyers: any line, any client."""
    network = pick(rng, (*HOME, *VPN), 1.0)
    client = pick(rng, (*PYTHON, *CURL, *BROWSER), 1.0)
    return Place(network, client, int(rng.integers(1 << 62)), int(rng.uniform(1, 12) * HOUR_MS))
