"""People chatting in the first-party app."""

from dataclasses import dataclass

import numpy as np

from simulate import fitted
from simulate.accounts import Account
from simulate.clients import BROWSER, PHONE
from simulate.habitats import APP_FILL, device, offset, rate, tastes, with_travel
from simulate.habits import Habits, Work
from simulate.moves import in_household
from simulate.people import firm_domain, free_mail
from simulate.places import home, pick
from simulate.proofs import Proofs
from simulate.world import LARGE, MIDDLE, SMALL, THINKER, World

# Between LMSYS's and Azure's answers of 2023, and longer since: models have become wordier.
_ANSWER_LN = (fitted.PEOPLE_OUT_LN + fitted.CHAT_OUT_LN) / 2 + 0.5


@dataclass(frozen=True, slots=True)
class ChatPeople:
    """Users of the first-party app: conversations of a few turns in waking hours.

    Small customers are missing from ServeGen (its 5th percentile makes 480 requests a day): the
    spread of rates is the LMSYS arena's between clients, the median is assumed.
    """

    name: str = "chat"
    share: float = 0.45
    median_per_day: float = 24.0
    most_per_day: float = 600.0
    joining: float = 0.3

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, index)
        unit = device(rng)
        usual = home(rng, pick(rng, BROWSER), unit)
        phone = home(rng, pick(rng, PHONE), device(rng))
        country = usual.network.country
        created = world.joined(rng, self.joining)
        account = Account(
            account_id=world.account_id(self.name, index),
            key=world.key(self.name, index),
            cohort=self.name,
            created=created,
            first=created + int(rng.exponential(3_600_000)),
            last=world.end,
            habits=self._habits(rng, country),
            work=self._work(world, rng),
            places=with_travel(rng, usual, phone),
            proofs=self._proofs(rng, country),
            fill=APP_FILL,
            api_keys=0,
        )
        return in_household(account, world, index)

    def _habits(self, rng: np.random.Generator, country: str) -> Habits:
        return Habits(
            per_day=rate(rng, self.median_per_day, self.most_per_day, fitted.PEOPLE_PER_DAY_SD),
            active_days=float(rng.beta(1.6, 1.6)),
            turns=float(1 + rng.gamma(2.0, 2.0)),
            gap_s=float(rng.lognormal(4.2, 0.5)),
            gap_shape=float(rng.uniform(0.55, 0.9)),
            day_spread=0.7,
            weekend=float(rng.uniform(0.5, 1.4)),
            offset_h=offset(rng, country),
            sleep=float(rng.uniform(4, 9)),
            # Halfway from LMSYS's short prompts of 2023 to Azure's with context; the spread is
            # LMSYS's, split between people (0.8) and conversations.
            in_ln=float(rng.normal((fitted.PEOPLE_IN_LN + fitted.CHAT_IN_LN) / 2, 0.8)),
            in_sd=(fitted.PEOPLE_IN_SD**2 - 0.8**2) ** 0.5,
            long_share=float(rng.beta(1, 12)),
            long_ln=fitted.LONG_IN_LN,
            out_ln=float(rng.normal(_ANSWER_LN, 0.5)),
            out_sd=fitted.CHAT_OUT_SD,
            growth=0.9,
            reasoning=float(rng.choice((0.0, 0.3, 0.6))),
            cached=0.5,
            template_fresh=float(rng.uniform(0.85, 1.0)),
            templates=float(rng.integers(2, 12)),
            template_skew=2.0,
            elicitation=float(rng.beta(1, 40)),
            streamed=0.97,
            tools=float(rng.choice((0, 0, 2, 4))),
            tool_calls=0.2,
            refused=float(rng.beta(1, 90)),
            throttled=float(rng.beta(1, 120)),
            retry=0.5,
            launch_days=float(rng.exponential(1.0)),
            launch_share=float(rng.random() < 0.6) * 0.95,
        )

    def _work(self, world: World, rng: np.random.Generator) -> Work:
        return Work(
            capabilities=tastes(rng, "chat"),
            models=((MIDDLE,), (SMALL, MIDDLE), (MIDDLE, LARGE), (MIDDLE, THINKER))[
                int(rng.integers(4))
            ],
            systems=(world.key("app system prompt"),),
        )

    def _proofs(self, rng: np.random.Generator, country: str) -> Proofs:
        return Proofs(
            email_domain=free_mail(rng) if rng.random() < 0.85 else firm_domain(rng),
            country=country,
            card=0.35,
            phone=0.5,
            logins_per_week=2.0,
            program="education" if rng.random() < 0.04 else "",
            referrer=str(rng.choice(("", "", "", "search", "friend", "news"))),
        )
