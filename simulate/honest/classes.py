"""A university class: one assignment, one NAT, one week."""

from dataclasses import dataclass

import numpy as np

from simulate import fitted
from simulate.accounts import Account
from simulate.clients import PYTHON
from simulate.habitats import API_FILL, OFFSETS, rate
from simulate.habits import Habits, Work
from simulate.networks import CAMPUS, Network
from simulate.places import Place, home, pick
from simulate.proofs import Proofs
from simulate.world import DAY_MS, LARGE, MIDDLE, World

_DOMAINS = ("mit.edu", "cam.ac.uk", "ethz.ch")


@dataclass(frozen=True, slots=True)
class UniversityClass:
    """Students of one course: they sign up within two days of the handout, through one NAT, and
    work on the same assignment with the same starter code and system prompt."""

    name: str = "class"
    share: float = 0.03
    median_per_day: float = 22.0
    begins: float = 0.25  # of the run
    lasts_days: float = 9.0

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, index)
        shared = world.generator(self.name, "course")
        campus = CAMPUS[int(shared.integers(len(CAMPUS)))]
        nat = Place(campus, pick(rng, PYTHON), int(shared.integers(1 << 62)))
        handout = world.start + int(self.begins * world.days * DAY_MS)
        created = handout + int(min(rng.exponential(0.4), 2.0) * DAY_MS)
        dorm = home(rng, nat.client)
        return Account(
            account_id=world.account_id(self.name, index),
            key=world.key(self.name, index),
            cohort=self.name,
            created=created,
            first=created + int(rng.exponential(2 * 3_600_000)),
            last=min(world.end, handout + int(self.lasts_days * DAY_MS)),
            habits=self._habits(rng, campus),
            work=self._work(world, rng),
            places=(nat, nat, dorm),
            proofs=self._proofs(campus),
            fill=API_FILL,
        )

    def _habits(self, rng: np.random.Generator, campus: Network) -> Habits:
        return Habits(
            per_day=rate(rng, self.median_per_day, 400.0, 0.8),
            active_days=float(rng.uniform(0.4, 1.0)),
            turns=float(1 + rng.gamma(1.5, 3.0)),
            gap_s=float(rng.lognormal(3.8, 0.6)),
            gap_shape=0.7,
            day_spread=0.9,
            weekend=float(rng.uniform(0.4, 1.4)),
            offset_h=OFFSETS[campus.country] + float(rng.normal(1, 1.2)),
            sleep=float(rng.uniform(4, 8)),
            in_ln=fitted.CHAT_IN_LN + 0.3,
            in_sd=0.7,
            growth=0.6,
            out_ln=fitted.CHAT_OUT_LN + 0.4,
            cached=0.4,
            templates=6.0,
            template_fresh=float(rng.uniform(0.2, 0.6)),
            wander=5.0,
            elicitation=float(rng.beta(1, 12)),
            invalid=0.03,
            streamed=0.3,
            launch_share=0.1,
            launch_days=2.0,
        )

    def _work(self, world: World, rng: np.random.Generator) -> Work:
        return Work(
            capabilities=("coding",) * 8 + ("reasoning",) * 5 + ("chat",) * 3,
            models=(MIDDLE,) if rng.random() < 0.7 else (LARGE,),
            temperatures=(0.0, None),
            max_tokens=(1024, 2048),
            families=(world.key(self.name, "assignment"),),
            systems=(world.key(self.name, "starter code"),),
        )

    def _proofs(self, campus: Network) -> Proofs:
        return Proofs(
            email_domain=_DOMAINS[CAMPUS.index(campus)],
            country=campus.country,
            card=0.15,
            phone=0.4,
            program="education",
            spend_usd=5.0,
            referrer="course",
        )
