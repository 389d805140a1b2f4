"""Users of a popular open-source coding agent."""

from dataclasses import dataclass

import numpy as np

from simulate import fitted
from simulate.accounts import Account
from simulate.clients import AGENT
from simulate.habitats import offset, rate, with_travel
from simulate.habits import Habits, Work
from simulate.people import firm_domain, free_mail
from simulate.places import home, pick
from simulate.proofs import Proofs
from simulate.world import LARGE, MIDDLE, SMALL, World


def open_coder(world: World, what: str) -> int:
    """The key of something that every user of the agent sends."""
    return world.key("open-coder", what)


@dataclass(frozen=True, slots=True)
class AgentUsers:
    """Users of one popular open-source coding agent: its system prompt, user agent and JA4 are
    shared by all of them, and so are the templates of its loop. Nobody has conspired."""

    name: str = "agent_users"
    share: float = 0.12
    median_per_day: float = 90.0
    most_per_day: float = 4_000.0
    joining: float = 0.25

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, index)
        usual = home(rng, pick(rng, AGENT))
        country = usual.network.country
        created = world.joined(rng, self.joining)
        return Account(
            account_id=world.account_id(self.name, index),
            key=world.key(self.name, index),
            cohort=self.name,
            created=created,
            first=created + int(rng.exponential(4 * 3_600_000)),
            last=world.end,
            habits=self._habits(rng, country),
            work=self._work(world, rng),
            places=with_travel(rng, usual),
            proofs=self._proofs(rng, country),
            fill={"conversation_id": 0.3, "tls_fingerprint": 0.85},
        )

    def _habits(self, rng: np.random.Generator, country: str) -> Habits:
        return Habits(
            per_day=rate(rng, self.median_per_day, self.most_per_day, 1.2),
            active_days=float(rng.beta(2.0, 1.2)),
            turns=float(4 + rng.gamma(2.0, 8.0)),
            gap_s=float(rng.lognormal(2.4, 0.5)),
            gap_shape=0.6,
            day_spread=0.8,
            hour_spread=0.8,
            weekend=float(rng.uniform(0.2, 1.3)),
            offset_h=offset(rng, country),
            sleep=float(rng.uniform(3, 8)),
            in_ln=float(rng.normal(fitted.LONG_IN_LN + 0.3, 0.4)),
            in_sd=0.5,
            growth=0.12,
            out_ln=float(rng.normal(fitted.LONG_OUT_LN - 0.3, 0.3)),
            out_sd=1.0,
            reasoning=float(rng.choice((0.0, 0.4))),
            cached=0.95,
            templates=30.0,
            template_fresh=float(rng.uniform(0.2, 0.6)),
            template_skew=2.5,
            wander=6.0,
            elicitation=float(rng.beta(1, 60)),
            streamed=1.0,
            tools=float(rng.choice((12, 14, 14, 19))),
            tool_calls=1.4,
            throttled=0.02,
            retry=0.95,
            launch_days=float(rng.exponential(0.6)),
            launch_share=float(rng.random() < 0.7),
        )

    def _work(self, world: World, rng: np.random.Generator) -> Work:
        return Work(
            capabilities=("agentic",) * 6 + ("coding",) * 6 + ("tool_use",) * 3 + ("long_horizon",),
            models=((LARGE,), (LARGE, LARGE, LARGE, SMALL), (MIDDLE,))[int(rng.integers(3))],
            temperatures=((None,), (None,), (1.0,))[int(rng.integers(3))],
            max_tokens=(8192,),
            families=(open_coder(world, "templates"),),
            systems=(open_coder(world, "system prompt"),),
        )

    def _proofs(self, rng: np.random.Generator, country: str) -> Proofs:
        return Proofs(
            email_domain=free_mail(rng) if rng.random() < 0.65 else firm_domain(rng),
            country=country,
            card=0.85,
            mfa=0.3,
            spend_usd=40.0,
            logins_per_week=0.5,
            referrer=str(rng.choice(("", "", "github", "search"))),
        )
