"""People on their own: chatting in the app, coding against the API, running a coding agent."""

from dataclasses import dataclass

import numpy as np

from simulate import fitted
from simulate.accounts import Account, Habits, Proofs, Work
from simulate.people import firm_domain, free_mail
from simulate.places import AGENT, BROWSER, CURL, NODE, PHONE, PYTHON, Place, elsewhere, home, pick
from simulate.places import server, tunnel
from simulate.world import LARGE, MIDDLE, SMALL, THINKER, World

# Hours ahead of UTC by country of the line.
OFFSETS = {
    "US": -6, "DE": 1, "FR": 1, "GB": 0, "IN": 5.5, "CN": 8, "JP": 9, "BR": -3, "KR": 9, "NL": 1,
    "VN": 7, "TR": 3, "SG": 8, "CH": 1,
}  # fmt: skip

# What the app fills in, where the API does not; and the reverse.
APP_FILL = {"api_key_id": 0.0, "conversation_id": 0.99, "max_tokens": 0.1, "temperature": 0.05}
API_FILL = {"conversation_id": 0.12, "tls_fingerprint": 0.8}


def device(rng: np.random.Generator) -> str:
    """A device id as apps make them: a random UUID."""
    digits = rng.bytes(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def offset(rng: np.random.Generator, country: str) -> float:
    """The account's clock: its country's, and a night owl's or early bird's shift."""
    return OFFSETS[country] + float(np.clip(rng.normal(0, 1.5), -4, 4))


def with_travel(
    rng: np.random.Generator, usual: Place, spare: Place | None = None
) -> tuple[Place, ...]:
    """The usual place most of the time; for some people a phone's network or a VPN besides."""
    u = rng.random()
    if u < 0.45:
        return (usual,)
    other = spare or usual
    if u < 0.85:
        away = elsewhere(rng, usual.network.country, other.client, other.device)
        return (usual, usual, usual, away)
    return (usual, tunnel(rng, usual.client, usual.device))


def rate(rng: np.random.Generator, median: float, most: float, sd: float) -> float:
    """Requests on an active day: lognormal, cut off at `most`."""
    return float(min(median * rng.lognormal(0.0, sd), most))


@dataclass(frozen=True, slots=True)
class ChatPeople:
    """Users of the first-party app: conversations of a few turns in waking hours.

    Small customers are missing from ServeGen (its 5th percentile makes 480 requests a day): the
    spread of rates is the LMSYS arena's between clients, the median is assumed.
    """

    name: str = "chat"
    share: float = 0.45
    median_per_day: float = 18.0
    most_per_day: float = 600.0
    joining: float = 0.3

    def member(self, world: World, index: int) -> Account:
        rng = world.generator(self.name, index)
        unit = device(rng)
        usual = home(rng, pick(rng, BROWSER), unit)
        phone = home(rng, pick(rng, PHONE), device(rng))
        country = usual.network.country
        created = world.joined(rng, self.joining)
        return Account(
            account_id=world.account_id(self.name, index),
            key=world.key(self.name, index),
            cohort=self.name,
            created=created,
            first=created + int(rng.exponential(3_600_000)),
            last=world.end,
            habits=Habits(
                per_day=rate(rng, self.median_per_day, self.most_per_day, fitted.PEOPLE_PER_DAY_SD),
                active_days=float(rng.beta(1.6, 1.6)),
                turns=float(1 + rng.gamma(2.0, 2.0)),
                gap_s=float(rng.lognormal(4.2, 0.5)),
                gap_shape=float(rng.uniform(0.55, 0.9)),
                day_spread=0.7,
                weekend=float(rng.uniform(0.5, 1.4)),
                offset_h=offset(rng, country),
                sleep=float(rng.uniform(4, 9)),
                in_ln=float(rng.normal(fitted.PEOPLE_IN_LN + 1.2, 0.6)),
                in_sd=1.1,
                long_share=float(rng.beta(1, 12)),
                long_ln=fitted.LONG_IN_LN,
                out_ln=float(rng.normal(fitted.CHAT_OUT_LN + 0.4, 0.4)),
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
                retry=0.5,
                launch_days=float(rng.exponential(4.0)),
                launch_share=float(rng.random() < 0.6) * 0.95,
            ),
            work=Work(
                capabilities=_tastes(rng, "chat"),
                models=((MIDDLE,), (SMALL, MIDDLE), (MIDDLE, LARGE), (MIDDLE, THINKER))[
                    int(rng.integers(4))
                ],
                systems=(world.key("app system prompt"),),
            ),
            places=with_travel(rng, usual, phone),
            proofs=Proofs(
                email_domain=free_mail(rng) if rng.random() < 0.85 else firm_domain(rng),
                country=country,
                card=0.35,
                phone=0.5,
                logins_per_week=2.0,
                referrer=str(rng.choice(("", "", "", "search", "friend", "news"))),
            ),
            fill=APP_FILL,
        )


def _tastes(rng: np.random.Generator, first: str) -> tuple[str, ...]:
    """A deck of what somebody asks for: `first` leads, a few more, seldom the whole list."""
    kinds = ("coding", "reasoning", "translation", "summarisation", "vision", "agentic", "other")
    others = rng.choice(
        kinds, size=int(rng.integers(1, 5)), p=(0.25, 0.2, 0.13, 0.17, 0.08, 0.07, 0.1)
    )
    lead = int(rng.integers(3, 14))
    return (first,) * lead + tuple(str(others[n % len(others)]) for n in range(16 - lead))


@dataclass(frozen=True, slots=True)
class Developers:
    """People with an API key: a project of a few prompts, tried out by hand and in loops."""

    name: str = "developers"
    share: float = 0.28
    median_per_day: float = 30.0
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
        return Account(
            account_id=world.account_id(self.name, index),
            key=world.key(self.name, index),
            cohort=self.name,
            created=created,
            first=created + int(rng.exponential(12 * 3_600_000)),
            last=world.end,
            habits=Habits(
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
                in_ln=float(rng.normal(fitted.CODE_IN_LN - 0.3, 0.8)),
                in_sd=float(rng.uniform(0.15, 1.2)),
                out_ln=float(rng.normal(fitted.CHAT_OUT_LN + 0.5, 0.8)),
                out_sd=float(rng.uniform(0.3, 1.0)),
                growth=0.5,
                reasoning=float(rng.choice((0.0, 0.0, 0.5, 0.8))),
                cached=float(rng.uniform(0, 0.9)),
                templates=float(rng.integers(1, 15)),
                template_fresh=float(rng.beta(1.2, 1.6)),
                template_skew=1.8,
                variants=float(rng.choice((1, 1, 1, 3, 8))),
                wander=float(rng.uniform(0, 6)),
                elicitation=float(rng.beta(1, 12))
                if focus == "reasoning"
                else float(rng.beta(1, 40)),
                streamed=float(rng.choice((0.0, 0.1, 0.9))),
                logprobs=float(rng.choice((0.0, 0.0, 0.0, 0.3))),
                tools=float(rng.choice((0, 0, 3, 8))),
                tool_calls=float(rng.choice((0.0, 0.5, 2.0))),
                errors=0.01,
                invalid=float(rng.beta(1, 40)),
                throttled=float(rng.beta(1, 90)),
                launch_days=float(rng.exponential(5.0)),
                launch_share=float(rng.random() < 0.45) * float(rng.uniform(0.3, 1.0)),
            ),
            work=Work(
                capabilities=_tastes(rng, focus),
                models=((MIDDLE,), (LARGE,), (LARGE, THINKER), (SMALL, MIDDLE), (THINKER,))[
                    int(rng.integers(5))
                ],
                temperatures=((None,), (0.0,), (0.7,), (1.0,), (0.2, 0.7))[int(rng.integers(5))],
                max_tokens=((None,), (1024,), (4096,), (8192,), (1024, 4096))[int(rng.integers(5))],
                systems=tuple(
                    world.key(self.name, index, "system", n) for n in range(rng.integers(1, 4))
                ),
            ),
            places=places,
            proofs=Proofs(
                email_domain=free_mail(rng) if rng.random() < 0.7 else firm_domain(rng),
                country=country,
                card=0.75,
                phone=0.4,
                mfa=0.3,
                domain=0.05,
                spend_usd=25.0,
                logins_per_week=0.8,
                program=str(rng.choice(("", "research", "startup"), p=(0.94, 0.03, 0.03))),
                referrer=str(rng.choice(("", "", "", "docs", "search"))),
            ),
            fill=API_FILL,
            api_keys=int(1 + rng.poisson(0.6)),
        )


@dataclass(frozen=True, slots=True)
class AgentUsers:
    """Users of one popular open-source coding agent: its system prompt, user agent and JA4 are
    shared by all of them, and so are the templates of its loop. Nobody has conspired."""

    name: str = "agent_users"
    share: float = 0.12
    median_per_day: float = 90.0
    most_per_day: float = 4_000.0
    joining: float = 0.4

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
            habits=Habits(
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
                out_ln=float(rng.normal(fitted.CHAT_OUT_LN, 0.3)),
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
                launch_days=float(rng.exponential(2.0)),
                launch_share=float(rng.random() < 0.7),
            ),
            work=Work(
                capabilities=("agentic",) * 6
                + ("coding",) * 6
                + ("tool_use",) * 3
                + ("long_horizon",),
                models=((LARGE,), (LARGE, LARGE, LARGE, SMALL), (MIDDLE,))[int(rng.integers(3))],
                max_tokens=(8192,),
                families=(world.key("open-coder templates"),),
                systems=(world.key("open-coder system prompt"),),
            ),
            places=with_travel(rng, usual),
            proofs=Proofs(
                email_domain=free_mail(rng) if rng.random() < 0.65 else firm_domain(rng),
                country=country,
                card=0.85,
                mfa=0.3,
                spend_usd=40.0,
                logins_per_week=0.5,
                referrer=str(rng.choice(("", "", "github", "search"))),
            ),
            fill={"conversation_id": 0.3, "tls_fingerprint": 0.85},
        )
