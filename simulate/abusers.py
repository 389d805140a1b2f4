"""Accounts that are abusive on their own: what a model that sees one account at a time can find."""

from dataclasses import dataclass

from simulate import fitted
from simulate.accounts import Account, Habits, Proofs, Work
from simulate.individuals import API_FILL, OFFSETS, device
from simulate.people import firm_domain, free_mail
from simulate.places import BROWSER, CURL, HOME, PYTHON, VPN, Place, home, pick, server
from simulate.world import DAY_MS, LARGE, MIDDLE, SMALL, THINKER, World


@dataclass(frozen=True, slots=True)
class StolenKeys:
    """A leaked API key: an old account of an honest owner, whose key strangers sell on. From one
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
                throttled=float(rng.beta(2, 12)),
                invalid=float(rng.beta(1, 25)),
                refused=float(rng.beta(2, 40)),
                streamed=0.7,
            ),
            work=Work(
                capabilities=("chat",) * 7
                + ("coding",) * 5
                + ("other", "vision", "reasoning", "agentic"),
                models=(LARGE, LARGE, THINKER, MIDDLE),
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
            fill=API_FILL,
            abusive=True,
        )


@dataclass(frozen=True, slots=True)
class CreditFarmers:
    """Free credit, again and again: signs up, spends what the trial gives within hours or a few
    days on cheap bulk work, never pays; several accounts on one machine."""

    name: str = "credit_farmers"
    share: float = 0.02
    per_machine: int = 6

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, index)
        machine = world.generator(self.name, "machine", index // self.per_machine)
        client = pick(machine, (*PYTHON, *CURL))
        unit = device(machine)
        usual = home(machine, client, unit if rng.random() < 0.5 else "")
        created = world.start + int(rng.random() * 0.9 * world.days * DAY_MS)
        return Account(
            account_id=world.account_id(self.name, index),
            key=world.key(self.name, index),
            cohort=self.name,
            created=created,
            first=created + int(rng.exponential(600_000)),
            last=min(world.end, created + int((0.2 + rng.exponential(2.0)) * DAY_MS)),
            habits=Habits(
                per_day=float(180.0 * rng.lognormal(0, 0.7)),
                turns=float(1 + rng.gamma(2.0, 8.0)),
                gap_s=float(rng.uniform(2, 20)),
                gap_shape=float(rng.uniform(0.8, 2.0)),
                hour_spread=0.9,
                offset_h=OFFSETS[usual.network.country],
                sleep=float(rng.uniform(1, 5)),
                in_ln=float(rng.normal(6.0, 0.6)),
                in_sd=float(rng.uniform(0.1, 0.7)),
                out_ln=float(rng.normal(6.0, 0.5)),
                out_sd=0.6,
                templates=float(rng.integers(1, 4)),
                template_fresh=float(rng.beta(1, 5)),
                wander=6.0,
                elicitation=float(rng.beta(1, 15)),
                throttled=float(rng.beta(3, 25)),
                streamed=0.1,
            ),
            work=Work(
                capabilities=("data_generation",) * 6
                + ("translation",) * 3
                + ("chat",) * 4
                + ("other",) * 3,
                models=(SMALL, MIDDLE),
                max_tokens=(2048,),
                systems=(world.key(self.name, "machine", index // self.per_machine),),
            ),
            places=(usual,),
            proofs=Proofs(
                email_domain=free_mail(rng),
                country=usual.network.country,
                card=0.08,
                prepaid=0.8,
                payment_failed=0.5,
                phone=0.1,
                logins_per_week=1.5,
            ),
            fill=API_FILL,
            abusive=True,
        )


@dataclass(frozen=True, slots=True)
class TraceScrapers:
    """One account that draws out reasoning in bulk: narrow prompts, long answers, log-probabilities
    where there are any, day and night."""

    name: str = "trace_scrapers"
    share: float = 0.012
    median_per_day: float = 350.0

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, index)
        places = (
            (server(rng, pick(rng, PYTHON)),)
            if rng.random() < 0.5
            else (home(rng, pick(rng, PYTHON)),)
        )
        created = world.joined(rng, 0.7)
        return Account(
            account_id=world.account_id(self.name, index),
            key=world.key(self.name, index),
            cohort=self.name,
            created=created,
            first=max(created, world.start) + int(rng.exponential(1.0) * DAY_MS),
            last=world.end,
            habits=Habits(
                per_day=float(min(self.median_per_day * rng.lognormal(0, 1.0), 5_000.0)),
                active_days=0.95,
                turns=float(rng.integers(1, 20)),
                gap_s=float(rng.uniform(3, 30)),
                gap_shape=float(rng.uniform(0.8, 2.0)),
                even=float(rng.uniform(0, 1)),
                sleep=float(rng.uniform(0, 1.5)),
                in_ln=float(rng.normal(6.2, 0.5)),
                in_sd=float(rng.uniform(0.1, 0.6)),
                out_ln=float(rng.normal(7.2, 0.4)),
                out_sd=0.6,
                reasoning=float(rng.uniform(0.6, 0.9)),
                templates=float(rng.integers(2, 20)),
                template_fresh=float(rng.beta(1, 8)),
                variants=float(rng.integers(1, 20)),
                wander=4.0,
                elicitation=float(rng.beta(5, 3)),
                logprobs=float(rng.random() < 0.25),
                refused=float(rng.beta(2, 25)),
                throttled=float(rng.beta(1, 30)),
                streamed=float(rng.choice((0.0, 0.9))),
                launch_days=float(rng.exponential(1.0)),
                launch_share=0.7,
            ),
            work=Work(
                capabilities=(("reasoning",), ("reasoning", "coding"), ("grading", "reasoning"))[
                    int(rng.integers(3))
                ],
                models=(THINKER, LARGE),
                temperatures=((None,), (1.0,), (0.7,))[int(rng.integers(3))],
                max_tokens=((8192,), (None,))[int(rng.integers(2))],
                systems=(world.key(self.name, index, "system"),),
            ),
            places=places,
            proofs=Proofs(
                email_domain=free_mail(rng) if rng.random() < 0.7 else firm_domain(rng),
                country=places[0].network.country,
                card=0.85,
                spend_usd=150.0,
            ),
            fill=API_FILL,
            abusive=True,
        )
