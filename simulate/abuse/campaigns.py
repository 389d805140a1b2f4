"""Many accounts, one will: the distillation campaign as it was alleged in June 2026."""

from dataclasses import dataclass

import numpy as np

from simulate import fitted
from simulate.accounts import Account
from simulate.clients import BROWSER, NODE, PYTHON
from simulate.habitats import API_FILL, APP_FILL, device
from simulate.habits import Habits, Work
from simulate.people import firm_domain, free_mail
from simulate.places import home, pick
from simulate.proofs import Proofs
from simulate.world import DAY_MS, LARGE, MIDDLE, THINKER, World


@dataclass(frozen=True, slots=True)
class Campaign:
    """`share` of the scenario's accounts make `per_day` requests each, day after day, for coding,
    agentic reasoning and long-horizon work. Each has an own line; the rest is knobs.

    `cards`: accounts per shared card (0: everyone an own card). `templates` texts, each in
    `variants` wordings. `even`: 1 paces every account like a clock, 0 like a person. `drawn_out`:
    the share of accounts whose prompts demand the reasoning. `staggered`: the share of the run
    over which sign-ups are spread. `innocent`: the share of ordinary requests mixed in. `sleep`:
    how much of a night it keeps (0 none, 1 an office). `through_app`: the share of accounts that
    drive the app, not the API.
    """

    name: str = "campaign"
    share: float = 0.05
    per_day: float = 25.6  # 28.8 million exchanges / 25,000 accounts / 45 days, as alleged
    cards: int = 12
    templates: int = 24
    variants: int = 40
    even: float = 0.8
    drawn_out: float = 0.4
    staggered: float = 0.6
    begins: float = 0.0
    innocent: float = 0.1
    sleep: float = 1.0
    through_app: float = 0.2

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, index)
        # The operators sit in one place; a user agent and an SDK are what everybody has.
        client = pick(rng, (*PYTHON, *NODE), 1.5)
        usual = home(rng, client, device(rng) if rng.random() < 0.2 else "")
        span = world.days * DAY_MS
        created = world.start + int((self.begins + self.staggered * rng.random()) * span)
        return Account(
            account_id=world.account_id(self.name, index),
            key=world.key(self.name, index),
            cohort=self.name,
            created=created,
            first=created + int(rng.exponential(0.2 * DAY_MS)),
            last=world.end,
            habits=self._habits(rng),
            work=self._work(world, rng),
            places=(usual,) if rng.random() < 0.8 else (usual, home(rng, pick(rng, BROWSER))),
            proofs=self._proofs(world, rng, usual.network.country),
            # Several pathways, as alleged: part of the accounts drive the app instead of the API.
            fill=APP_FILL if rng.random() < self.through_app else API_FILL,
            abusive=True,
            campaign=f"{self.name}-{world.key(self.name) % 10_000:04d}",
        )

    def _habits(self, rng: np.random.Generator) -> Habits:
        drawn_out = rng.random() < self.drawn_out
        return Habits(
            per_day=self.per_day,
            active_days=1.0,
            turns=float(rng.choice((1.0, 2.0, 4.0, 9.0))),
            gap_s=float(rng.lognormal(3.4, 0.5)),
            gap_shape=0.9,
            day_spread=0.6 * (1.0 - self.even),
            hour_spread=0.6 * (1.0 - self.even),
            even=self.even,
            offset_h=8.0 + float(rng.normal(0, 1)),
            sleep=self.sleep,
            in_ln=float(rng.normal(fitted.CODE_IN_LN, 0.3)),
            in_sd=0.5,
            growth=0.4,
            out_ln=float(rng.normal(6.1, 0.5)),
            out_sd=float(rng.uniform(0.4, 0.9)),
            reasoning=float(rng.uniform(0.5, 0.8)) if drawn_out else float(rng.choice((0.0, 0.5))),
            cached=float(rng.uniform(0, 0.9)),
            templates=float(self.templates),
            template_fresh=self.innocent,
            variants=float(self.variants),
            wander=3.0,
            elicitation=float(rng.beta(6, 5)) if drawn_out else float(rng.beta(1, 25)),
            streamed=float(rng.choice((0.0, 0.9))),
            tools=float(rng.choice((0, 0, 4, 8))),
            tool_calls=float(rng.choice((0.0, 0.8))),
            refused=float(rng.beta(1, 60)),
            retry=0.9,
            launch_days=float(rng.exponential(0.6)),
            launch_share=0.5,
        )

    def _work(self, world: World, rng: np.random.Generator) -> Work:
        aims = ("coding",) * 6 + ("agentic",) * 4 + ("long_horizon",) * 3 + ("reasoning",) * 3
        aside = round(16 * self.innocent)
        return Work(
            capabilities=aims[: 16 - aside] + ("chat",) * aside,
            models=((LARGE,), (LARGE, THINKER), (MIDDLE, LARGE))[int(rng.integers(3))],
            temperatures=((None,), (0.0,), (0.7,), (1.0,))[int(rng.integers(4))],
            max_tokens=((None,), (1024,), (4096,), (8192,))[int(rng.integers(4))],
            families=(world.key(self.name, "templates"),),
            systems=tuple(world.key(self.name, "system", n) for n in rng.integers(6, size=2)),
        )

    def _proofs(self, world: World, rng: np.random.Generator, country: str) -> Proofs:
        members = 1000  # a card serves as many accounts whatever the size of the scenario
        pool = members // self.cards if self.cards else 0
        shared = (world.key(self.name, "card", int(rng.integers(pool))),) if pool else ()
        return Proofs(
            email_domain=free_mail(rng) if rng.random() < 0.8 else firm_domain(rng),
            country=country,
            card=0.8,
            cards=shared if rng.random() < 0.6 else (),
            prepaid=0.2,
            phone=0.35,
            mfa=0.1,
            payment_failed=0.06,
            spend_usd=20.0,
            logins_per_week=0.4,
            referrer=str(rng.choice(("", "", "", "docs"))),
            program=str(rng.choice(("", "education", "research"), p=(0.92, 0.05, 0.03))),
        )
