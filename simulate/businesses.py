"""Firms with an API key: products with traffic of their own, bulk batches, CI."""

from dataclasses import dataclass

import numpy as np

from simulate import fitted
from simulate.accounts import Account, Habits, Proofs, Work
from simulate.individuals import OFFSETS
from simulate.people import firm_domain
from simulate.places import GO, HOSTING, NODE, PYTHON, Place, pick, server
from simulate.world import LARGE, MIDDLE, SMALL, THINKER, World


def _spread(rng: np.random.Generator, quantiles: tuple[float, ...]) -> float:
    """A value whose p5, p25, p50, p75 and p95 are given; straight lines between them."""
    return float(np.interp(rng.random(), (0.05, 0.25, 0.5, 0.75, 0.95), quantiles))


def _servers(rng: np.random.Generator, most: int) -> tuple[Place, ...]:
    client = pick(rng, (*PYTHON, *NODE, *GO), 1.4)
    return tuple(server(rng, client) for _ in range(int(rng.integers(1, most + 1))))


def _firm(rng: np.random.Generator, country: str, spend_usd: float) -> Proofs:
    return Proofs(
        email_domain=firm_domain(rng),
        country=country,
        card=0.95,
        phone=0.6,
        mfa=0.6,
        business_name=0.9,
        domain=0.5,
        business=0.3,
        identity=0.1,
        prepaid=0.01,
        spend_usd=spend_usd,
        logins_per_week=0.6,
        referrer=str(rng.choice(("", "", "sales", "docs"))),
        program=str(rng.choice(("", "startup"), p=(0.85, 0.15))),
    )


_FIRM_FILL = {"org_id": 0.9, "conversation_id": 0.3, "device_id": 0.0, "elicitation": 0.85}


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
        places = _servers(rng, 4)
        country = places[0].network.country
        created = world.joined(rng, self.joining)
        fitted_rate = rng.lognormal(fitted.BUSINESS_PER_DAY_LN, fitted.BUSINESS_PER_DAY_SD)
        awake = rng.random() < fitted.NEVER_SLEEP_SHARE
        constant = rng.random() < fitted.CONSTANT_INPUT_SHARE
        apps = int(rng.integers(1, 5))
        return Account(
            account_id=world.account_id(self.name, index),
            key=world.key(self.name, index),
            cohort=self.name,
            created=created,
            first=created + int(rng.exponential(48 * 3_600_000)),
            last=world.end,
            habits=Habits(
                per_day=float(min(fitted_rate / self.scale, self.most_per_day)),
                active_days=0.97,
                turns=float(1 + rng.gamma(1.0, 8.0)),
                gap_s=float(rng.lognormal(0.7, 1.2)),
                gap_shape=_spread(rng, fitted.WEIBULL_SHAPES),
                day_spread=0.4,
                hour_spread=0.2 if awake else fitted.BUSINESS_HOUR_SPREAD,
                even=float(rng.uniform(0.5, 1.0)) if awake else 0.0,
                weekend=1.0 if awake else fitted.BUSINESS_WEEKEND,
                offset_h=OFFSETS[country],
                sleep=0.0 if awake else float(rng.uniform(0.5, 4)),
                in_ln=float(rng.normal(fitted.BUSINESS_IN_LN, fitted.BUSINESS_IN_SD)),
                in_sd=0.01 if constant else _spread(rng, fitted.BUSINESS_IN_SPREAD),
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
            ),
            work=Work(
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
                temperatures=((None,), (0.0,), (0.3,), (0.7,))[int(rng.integers(4))],
                max_tokens=((None,), (512,), (2048,), (4096,))[int(rng.integers(4))],
                systems=tuple(world.key(self.name, index, "app", n) for n in range(apps)),
            ),
            places=places,
            proofs=_firm(rng, country, 900.0),
            fill=_FIRM_FILL,
            api_keys=int(1 + rng.integers(4)),
            org=world.key(self.name, index, "org") if rng.random() < 0.8 else None,
        )


@dataclass(frozen=True, slots=True)
class BatchCustomers:
    """Bulk work with one template: classification or labelling, a few long runs a week."""

    name: str = "batch"
    share: float = 0.02
    median_per_day: float = 250.0
    most_per_day: float = 8_000.0

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, index)
        places = _servers(rng, 1)
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
            habits=Habits(
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
            ),
            work=Work(
                capabilities=(task,),
                models=((SMALL,), (MIDDLE,), (LARGE,))[int(rng.integers(3))],
                endpoints=("batch",) if rng.random() < 0.6 else ("messages",),
                temperatures=(0.0,) if rng.random() < 0.6 else (1.0,),
                max_tokens=(int(rng.choice((256, 1024, 4096))),),
                systems=(world.key(self.name, index, "system"),),
            ),
            places=places,
            proofs=_firm(rng, country, 300.0),
            fill=_FIRM_FILL | {"turns": 0.2},
            org=world.key(self.name, index, "org") if rng.random() < 0.6 else None,
        )


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
            habits=Habits(
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
            ),
            work=Work(
                capabilities=(
                    ("coding",),
                    ("coding", "coding", "agentic"),
                    ("coding", "reasoning", "tool_use", "long_horizon"),
                )[int(rng.integers(3))],
                models=((MIDDLE,), (LARGE,))[int(rng.integers(2))],
                temperatures=((None,), (0.0,))[int(rng.integers(2))],
                max_tokens=(4096,),
                systems=(world.key(self.name, index, "system"),),
            ),
            places=runners,
            proofs=_firm(rng, runners[0].network.country, 120.0),
            fill=_FIRM_FILL,
            org=world.key(self.name, index, "org") if rng.random() < 0.7 else None,
        )
