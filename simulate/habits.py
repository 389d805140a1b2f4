"""How an account works: its numbers, and its decks of what requests are about."""

from dataclasses import dataclass


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
