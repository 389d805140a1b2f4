"""Leaked API keys."""

from dataclasses import dataclass

from simulate import fitted
from simulate.accounts import Account
from simulate.clients import BROWSER, CURL, PYTHON
from simulate.habitats import API_FILL, APP_FILL
from simulate.habits import Habits, Work
from simulate.networks import HOME, VPN
from simulate.people import firm_domain
from simulate.places import Place, pick
from simulate.proofs import Proofs
from simulate.world import DAY_MS, LARGE, MIDDLE, THINKER, World


@dataclass(frozen=True, slots=True)
class StolenKeys:
    """A leaked API key: an account that its owner left idle, whose key strangers sell on. From one
    hour on it runs at full speed from many networks with many user agents, until it is found."""

    name: str = "stolen_keys"
    share: float = 0.008
    per_day: float = 900.0
    lasts_days: float = 4.0

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, index)
        created = world.joined(rng, 0.1)
        begins = max(created, world.start) + int(rng.random() * world.days * 0.8 * DAY_MS)
        clients = (*PYTHON, *CURL, *BROWSER)
        places = tuple(
            Place(
                pick(rng, (*HOME, *VPN), 1.0),
                pick(rng, clients, 1.0),
                int(rng.integers(1 << 62)),
                int(rng.uniform(1, 12) * 3_600_000),
            )
            for _ in range(int(rng.integers(4, 12)))
        )
        return Account(
            account_id=world.account_id(self.name, index),
            key=world.key(self.name, index),
            cohort=self.name,
            created=created,
            first=begins,
            last=min(world.end, begins + int((0.3 + rng.exponential(self.lasts_days)) * DAY_MS)),
            habits=Habits(
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
            ),
            work=Work(
                capabilities=("chat",) * 7
                + ("coding",) * 5
                + ("other", "vision", "reasoning", "agentic"),
                models=(LARGE, LARGE, THINKER, MIDDLE),
                temperatures=((None,), (0.7,), (1.0,))[int(rng.integers(3))],
                max_tokens=((None,), (1024,), (4096,))[int(rng.integers(3))],
                systems=tuple(world.key(self.name, index, n) for n in range(8)),
            ),
            places=places,
            proofs=Proofs(
                email_domain=firm_domain(rng),
                country=places[0].network.country,
                card=0.9,
                mfa=0.05,
                spend_usd=100.0,
                login_failed=0.1,
            ),
            # A key opens the API; a stolen password opens the app.
            fill=APP_FILL if rng.random() < 0.35 else API_FILL,
            abusive=True,
        )
