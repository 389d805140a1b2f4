"""Products built on the API."""

from dataclasses import dataclass

import numpy as np

from simulate import fitted
from simulate.accounts import Account
from simulate.firms import FIRM_FILL, firm_proofs, servers
from simulate.habitats import OFFSETS
from simulate.habits import Habits, Work
from simulate.world import LARGE, MIDDLE, SMALL, THINKER, World


def _spread(rng: np.random.Generator, quantiles: tuple[float, ...]) -> float:
    """A value whose p5, p25, p50, p75 and p95 are given; straight lines between them."""
    return float(np.interp(rng.random(), (0.05, 0.25, 0.5, 0.75, 0.95), quantiles))


@dataclass(frozen=True, slots=True)
class ApiBusinesses:
    """Products built on the API, as ServeGen saw them: heavy, bursty, one in six never sleeps.

    `scale` divides the fitted rates and `most_per_day` cuts them off, so that a few firms do not
    drown a small scenario; both are 1 and infinite for the fit itself.
    """

    name: str = "businesses"
    share: float = 0.05
    scale: float = 1.0
    most_per_day: float = float("inf")
    joining: float = 0.15

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, index)
        places = servers(rng, 4)
        country = places[0].network.country
        created = world.joined(rng, self.joining)
        fitted_rate = rng.lognormal(fitted.BUSINESS_PER_DAY_LN, fitted.BUSINESS_PER_DAY_SD)
        per_day = float(min(fitted_rate / self.scale, self.most_per_day))
        awake = rng.random() < fitted.NEVER_SLEEP_SHARE
        apps = int(rng.integers(1, 5))
        return Account(
            account_id=world.account_id(self.name, index),
            key=world.key(self.name, index),
            cohort=self.name,
            created=created,
            first=created + int(rng.exponential(48 * 3_600_000)),
            last=world.end,
            habits=self._habits(rng, country, per_day, awake, apps),
            work=self._work(world, rng, index, apps),
            places=places,
            proofs=firm_proofs(rng, country, 900.0),
            fill=FIRM_FILL,
            api_keys=int(1 + rng.integers(4)),
            org=world.key(self.name, index, "org") if rng.random() < 0.8 else None,
        )

    def _habits(
        self, rng: np.random.Generator, country: str, per_day: float, awake: bool, apps: int
    ) -> Habits:
        return Habits(
            per_day=per_day,
            active_days=1.0 if awake else float(rng.beta(2.0, 1.0)),
            active_hours=1.0 if awake else max(_spread(rng, fitted.BUSINESS_ACTIVE) * 0.9, 0.02),
            turns=float(max(1.0, min(rng.lognormal(0.7, 2.0), 150.0))),
            gap_s=float(rng.lognormal(0.7, 1.2)),
            gap_shape=_spread(rng, fitted.WEIBULL_SHAPES),
            day_spread=0.4,
            hour_spread=0.2 if awake else fitted.BUSINESS_HOUR_SPREAD,
            even=float(rng.uniform(0.5, 1.0)) if awake else 0.0,
            weekend=1.0 if awake else fitted.BUSINESS_WEEKEND,
            offset_h=OFFSETS[country],
            sleep=0.0 if awake else float(rng.uniform(0.5, 4)),
            in_ln=float(rng.normal(fitted.BUSINESS_IN_LN, fitted.BUSINESS_IN_SD)),
            in_sd=_spread(rng, fitted.BUSINESS_IN_SPREAD),
            out_ln=float(rng.normal(fitted.BUSINESS_OUT_LN, fitted.BUSINESS_OUT_SD)),
            out_sd=_spread(rng, fitted.BUSINESS_OUT_SPREAD),
            reasoning=fitted.REASONING_SHARE if rng.random() < 0.15 else 0.0,
            cached=float(rng.choice((0.0, 0.5, 0.9))),
            templates=float(apps * rng.integers(1, 5)),
            template_fresh=float(rng.beta(0.6, 2.0)),
            wander=float(rng.uniform(2, 10)),
            elicitation=float(rng.beta(1, 60)),
            streamed=float(rng.choice((0.0, 1.0))),
            logprobs=float(rng.random() < 0.06),
            tools=float(rng.choice((0, 0, 0, 2, 6))),
            tool_calls=float(rng.choice((0.0, 0.0, 0.8))),
            errors=0.006,
            throttled=float(rng.beta(0.7, 60)),
            refused=float(rng.beta(0.8, 200)),
            retry=0.9,
            launch_days=float(rng.exponential(20.0)),
            launch_share=float(rng.random() < 0.4),
        )

    def _work(self, world: World, rng: np.random.Generator, index: int, apps: int) -> Work:
        return Work(
            capabilities=tuple(
                str(c)
                for c in rng.choice(
                    (
                        "chat",
                        "summarisation",
                        "translation",
                        "tool_use",
                        "coding",
                        "agentic",
                        "reasoning",
                        "grading",
                        "data_generation",
                        "vision",
                        "other",
                    ),
                    p=(0.26, 0.17, 0.1, 0.12, 0.09, 0.06, 0.04, 0.03, 0.04, 0.04, 0.05),
                    size=int(rng.integers(1, 4)),
                )
            ),
            models=((MIDDLE,), (SMALL,), (SMALL, MIDDLE), (LARGE,), (THINKER,))[
                int(rng.integers(5))
            ],
            temperatures=((None,), (0.0,), (0.3,), (0.7,), (1.0,))[int(rng.integers(5))],
            max_tokens=((None,), (512,), (2048,), (4096,))[int(rng.integers(4))],
            systems=tuple(world.key(self.name, index, "app", n) for n in range(apps)),
        )
