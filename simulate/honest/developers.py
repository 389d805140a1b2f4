"""People with an API key and a project."""

from dataclasses import dataclass

import numpy as np

from simulate import fitted
from simulate.accounts import Account
from simulate.clients import CURL, NODE, PYTHON
from simulate.habitats import API_FILL, offset, rate, tastes, with_travel
from simulate.habits import Habits, Work
from simulate.moves import in_household
from simulate.people import firm_domain, free_mail
from simulate.places import home, pick, server
from simulate.proofs import Proofs
from simulate.world import LARGE, MIDDLE, SMALL, THINKER, World

PROGRAMS = ("education", "security_research", "startup", "research")


@dataclass(frozen=True, slots=True)
class Developers:
    """People with an API key: a project of a few prompts, tried out by hand and in loops."""

    name: str = "developers"
    share: float = 0.28
    median_per_day: float = 36.0
    most_per_day: float = 3_000.0
    joining: float = 0.35

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, index)
        client = pick(rng, (*PYTHON, *NODE, *CURL), 1.3)
        usual = home(rng, client)
        country = usual.network.country
        places = with_travel(rng, usual)
        if rng.random() < 0.3:
            places = (*places, server(rng, client))
        created = world.joined(rng, self.joining)
        focus = str(rng.choice(("coding", "agentic", "reasoning", "data_generation", "grading",
                                "tool_use", "summarisation", "other"),
                               p=(0.34, 0.13, 0.12, 0.08, 0.05, 0.1, 0.1, 0.08)))  # fmt: skip
        looped = rng.random() < 0.25
        completing = rng.random() < 0.1  # completions in an editor, as Azure's code trace
        account = Account(
            account_id=world.account_id(self.name, index),
            key=world.key(self.name, index),
            cohort=self.name,
            created=created,
            first=created + int(rng.exponential(12 * 3_600_000)),
            last=world.end,
            habits=self._habits(rng, country, focus, looped, completing),
            work=self._work(world, rng, index, focus, completing),
            places=places,
            proofs=self._proofs(rng, country),
            fill=API_FILL,
            api_keys=int(1 + rng.poisson(0.6)),
        )
        return in_household(account, world, index)

    def _habits(
        self, rng: np.random.Generator, country: str, focus: str, looped: bool, completing: bool
    ) -> Habits:
        return Habits(
            per_day=rate(rng, self.median_per_day, self.most_per_day, fitted.PEOPLE_PER_DAY_SD),
            active_days=float(rng.beta(2.0, 1.4)),
            turns=float(1 + rng.gamma(1.2, 4.0)),
            gap_s=float(rng.lognormal(3.2, 1.0)),
            gap_shape=float(rng.uniform(0.4, 0.9)),
            day_spread=0.9,
            hour_spread=0.9,
            even=float(rng.uniform(0.3, 1.0)) if looped else 0.0,
            weekend=float(rng.uniform(0.3, 1.3)),
            offset_h=offset(rng, country),
            sleep=float(rng.uniform(0, 3)) if looped else float(rng.uniform(4, 8)),
            in_ln=fitted.CODE_IN_LN if completing else float(rng.normal(6.7, 0.8)),
            in_sd=fitted.CODE_IN_SD if completing else float(rng.uniform(0.15, 1.2)),
            out_ln=fitted.CODE_OUT_LN if completing else float(rng.normal(5.9, 0.8)),
            out_sd=fitted.CODE_OUT_SD if completing else float(rng.uniform(0.3, 1.0)),
            growth=0.5,
            reasoning=float(rng.choice((0.0, 0.0, 0.5, 0.8))),
            cached=float(rng.uniform(0, 0.9)),
            templates=float(rng.integers(1, 15)),
            template_fresh=float(rng.beta(1.2, 1.6)),
            template_skew=1.8,
            variants=float(rng.choice((1, 1, 1, 3, 8))),
            wander=float(rng.uniform(0, 6)),
            # Whoever works on reasoning asks for it: tutors, researchers, graders.
            elicitation=float(
                rng.beta(1.5, 4) if focus in {"reasoning", "grading"} else rng.beta(1, 30)
            ),
            streamed=float(rng.choice((0.0, 0.1, 0.9))),
            logprobs=float(rng.choice((0.0, 0.0, 0.0, 0.3))),
            tools=float(rng.choice((0, 0, 3, 8))),
            tool_calls=float(rng.choice((0.0, 0.5, 2.0))),
            errors=0.01,
            invalid=float(rng.beta(1, 40)),
            throttled=float(rng.beta(1, 90)),
            launch_days=float(rng.exponential(2.0)),
            launch_share=float(rng.random() < 0.45) * float(rng.uniform(0.3, 1.0)),
        )

    def _work(
        self, world: World, rng: np.random.Generator, index: int, focus: str, completing: bool
    ) -> Work:
        return Work(
            capabilities=tastes(rng, focus),
            models=((MIDDLE,), (LARGE,), (LARGE, THINKER), (SMALL, MIDDLE), (THINKER,))[
                int(rng.integers(5))
            ],
            endpoints=("completions",) if completing else ("messages",),
            temperatures=((None,), (0.0,), (0.7,), (1.0,), (0.2, 0.7))[int(rng.integers(5))],
            max_tokens=((None,), (1024,), (4096,), (8192,), (1024, 4096))[int(rng.integers(5))],
            systems=tuple(
                world.key(self.name, index, "system", n) for n in range(rng.integers(1, 4))
            ),
        )

    def _proofs(self, rng: np.random.Generator, country: str) -> Proofs:
        return Proofs(
            email_domain=free_mail(rng) if rng.random() < 0.7 else firm_domain(rng),
            country=country,
            card=0.75,
            phone=0.4,
            mfa=0.3,
            domain=0.05,
            spend_usd=25.0,
            logins_per_week=0.8,
            program=str(rng.choice(("", *PROGRAMS), p=(0.88, 0.02, 0.03, 0.03, 0.04))),
            referrer=str(rng.choice(("", "", "", "docs", "search"))),
        )
