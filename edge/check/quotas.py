"""Quotas: what an account may use, and how much of it is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from edge.check.asks import MOST_TOKENS
from kyc.policy import KycPolicy
from schemas.errors import ConfigurationError

Units = Literal["requests", "tokens"]
MINUTE_MS: Final = 60_000
# Up to here a Lua number, a double, is an exact integer.
_EXACT: Final = 1 << 53


@dataclass(frozen=True, slots=True)
class Quota:
    """So many `units` in any `window_ms`, refilled evenly; a full bucket is one window's worth.

    Raises ConfigurationError when the store could not count it exactly.
    """

    name: str
    units: Units
    quota: int
    window_ms: int

    def __post_init__(self) -> None:
        if (self.quota + MOST_TOKENS) * self.window_ms >= _EXACT:
            raise ConfigurationError(f"quota {self.name}: {self.quota} in {self.window_ms} ms")


@dataclass(frozen=True, slots=True)
class Level:
    """A bucket after an ask: units left, ms until it is full, ms until the ask would be granted
    (0 when it was)."""

    name: str
    quota: int
    window_ms: int
    left: int
    full_ms: int
    wait_ms: int


def tier_quotas(policy: KycPolicy) -> dict[int, list[Quota]]:
    """What each tier may use in a minute."""
    return {
        int(tier): [
            Quota("tier-requests", "requests", unlocked.requests_per_minute, MINUTE_MS),
            Quota("tier-tokens", "tokens", unlocked.tokens_per_minute, MINUTE_MS),
        ]
        for tier, unlocked in policy.tiers.items()
    }


def encode_quotas(by_tier: Mapping[int, Sequence[Quota]]) -> bytes:
    """The quotas in the form that edge/check/spend.lua reads."""
    rows = {
        str(tier): [(q.name, q.units, q.quota, q.window_ms) for q in quotas]
        for tier, quotas in by_tier.items()
    }
    return msgspec.json.encode(rows)


def rate_limit(levels: Sequence[Level]) -> str:
    """The field `RateLimit` of draft-ietf-httpapi-ratelimit-headers-11."""
    return ", ".join(f'"{v.name}";r={v.left};t={ceil_seconds(v.full_ms)}' for v in levels)


def rate_limit_policy(levels: Sequence[Level]) -> str:
    """The field `RateLimit-Policy` of the same draft, windows in whole seconds."""
    return ", ".join(f'"{v.name}";q={v.quota};w={ceil_seconds(v.window_ms)}' for v in levels)


def ceil_seconds(milliseconds: int) -> int:
    """Whole seconds, rounded up: who waits that long has waited long enough."""
    return -(-milliseconds // 1_000)
