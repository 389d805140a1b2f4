"""An account of the simulated world: who it is, how it works and where it works from."""

from dataclasses import dataclass, field

from simulate.places import Place

# Optional request fields whose presence varies, in the order of their presence lanes. The share
# is the default for one request of one account; cohorts and providers override it.
FILL = {
    "org_id": 0.0,
    "api_key_id": 0.9,
    "conversation_id": 0.0,
    "endpoint": 1.0,
    "status": 1.0,
    "output_tokens": 0.99,
    "reasoning_tokens": 1.0,
    "cached_tokens": 1.0,
    "max_tokens": 1.0,
    "turns": 0.95,
    "tool_calls": 1.0,
    "tools": 1.0,
    "temperature": 1.0,
    "stream": 0.95,
    "logprobs": 1.0,
    "refused": 0.97,
    "latency_ms": 0.99,
    "ip": 0.99,
    "asn": 0.6,
    "country": 0.8,
    "user_agent": 0.98,
    "tls_fingerprint": 0.85,
    "device_id": 1.0,
    "capability": 0.92,
    "elicitation": 0.9,
    "system_hash": 1.0,
    "template_hash": 0.97,
    "prompt_simhash": 0.97,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """The numbers behind an account's requests; each becomes one column of the roster."""

    # Rhythm. Rates are means over an active day; gaps and lease times are event time.
    per_day: float  # requests on an active day
    active_days: float = 1.0  # share of days with any request
    active_hours: float = 1.0  # share of hours at work; the day's requests fall into these
    turns: float = 1.0  # requests per session, mean of a geometric law
    gap_s: float = 60.0  # scale of the Weibull gap inside a session, seconds
    gap_shape: float = 0.7
    day_spread: float = 0.5  # sd of ln of the rate, day against day
    hour_spread: float = 0.5  # the same, hour against hour
    even: float = 0.0  # share of sessions that come like clockwork instead of by chance
    weekend: float = 1.0  # rate on Saturday and Sunday against the other days
    offset_h: float = 0.0  # hours ahead of UTC
    sleep: float = 6.0  # exponent on the fitted hours: 0 never sleeps, 1 a business, 6 a person
    # Tokens: lognormal, with a second, longer component for part of the sessions.
    in_ln: float = 6.0
    in_sd: float = 1.0
    long_share: float = 0.0
    long_ln: float = 8.74
    out_ln: float = 5.0
    out_sd: float = 0.86
    growth: float = 0.0  # how much of the first input every further turn adds
    reasoning: float = 0.0  # share of the output that is reasoning, on reasoning requests
    cached: float = 0.0  # share of the input served from cache, from the second turn on
    # Texts. Templates are numbered within a family; a fresh one is used once.
    templates: float = 1.0
    template_fresh: float = 0.0
    template_skew: float = 1.0  # 1: all alike; 3: the first templates dominate
    variants: float = 1.0  # wordings of one template, each with a hash of its own
    wander: float = 2.0  # bits of the SimHash that the filled-in part turns
    elicitation: float = 0.01  # share of prompts that try to draw out the reasoning
    # Parameters and outcomes.
    tools: float = 0.0  # tool definitions sent, fixed per account
    tool_calls: float = 0.0
    streamed: float = 0.5
    logprobs: float = 0.0
    refused: float = 0.004
    errors: float = 0.008  # 5xx
    throttled: float = 0.003  # 429
    invalid: float = 0.004  # 4xx that the client caused
    retry: float = 0.7  # share of failed requests tried again
    speed_ms: float = 14.0  # latency per output token
    launch_days: float = 1e6  # days from a launch to the first use of the new model
    launch_share: float = 0.0  # share of requests that move to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What requests are about. Tuples are decks: each slot is as likely as any other."""

    capabilities: tuple[str, ...]
    models: tuple[str, ...]
    endpoints: tuple[str, ...] = ("messages",)
    temperatures: tuple[float | None, ...] = (None,)
    max_tokens: tuple[int | None, ...] = (None,)
    families: tuple[int, ...] = ()  # template families as 64-bit keys; empty: its own
    systems: tuple[int, ...] = (0,)  # system prompts as 64-bit keys, 0 for none


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """What an account shows of itself. Chances unless a value is given; times follow sign-up."""

    email_domain: str
    country: str
    verified: float = 0.97
    phone: float = 0.35
    mfa: float = 0.2
    card: float = 0.7
    cards: tuple[int, ...] = ()  # keys of cards shared with others; empty: its own
    prepaid: float = 0.05
    payment_failed: float = 0.03
    spend_usd: float = 20.0
    business_name: float = 0.0
    domain: float = 0.0
    identity: float = 0.02
    business: float = 0.0
    program: str = ""
    referrer: str = ""
    logins_per_week: float = 1.0
    login_failed: float = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account; `key` decides everything about its requests. Times in ms."""

    account_id: str
    key: int
    cohort: str
    created: int
    first: int  # its requests lie in [first, last)
    last: int
    habits: Habits
    work: Work
    places: tuple[Place, ...]
    proofs: Proofs
    fill: dict[str, float] = field(default_factory=dict)
    abusive: bool = False
    campaign: str | None = None
    api_keys: int = 1  # 0: only ever through the app
    org: int | None = None  # key of an organisation, shared by its members
