"""Quotas: the tiers' out of the KYC policy, within what the store counts exactly."""

import pytest

from edge.check.quotas import Level, Quota, ceil_seconds, rate_limit, tier_quotas
from kyc.policy import load_kyc_policy
from kyc.tiers import Tier
from schemas.errors import ConfigurationError


def test_every_tier_has_its_quotas() -> None:
    """Those of the policy, by the minute, and more from tier to tier."""
    policy = load_kyc_policy()
    quotas = tier_quotas(policy)
    assert set(quotas) == set(Tier)
    basic = policy.tiers[Tier.BASIC]
    assert [(q.units, q.quota) for q in quotas[Tier.BASIC]] == [
        ("requests", basic.requests_per_minute),
        ("tokens", basic.tokens_per_minute),
    ]
    requests = [quotas[tier][0].quota for tier in Tier]
    assert requests == sorted(requests)


def test_a_quota_too_large_to_count_is_refused() -> None:
    """Beyond 2^53 the store would round."""
    Quota("daily", "tokens", 90_000_000, 86_400_000)
    with pytest.raises(ConfigurationError, match="daily"):
        Quota("daily", "tokens", 100_000_000, 86_400_000)


def test_several_levels_are_one_list() -> None:
    """As structured fields have it."""
    levels = [Level("a", 5, 1_000, 4, 200, 0), Level("b", 9, 60_000, 0, 60_000, 1)]
    assert rate_limit(levels) == '"a";r=4;t=1, "b";r=0;t=60'


@pytest.mark.parametrize(("milliseconds", "seconds"), [(0, 0), (1, 1), (1_000, 1), (1_001, 2)])
def test_seconds_are_rounded_up(milliseconds: int, seconds: int) -> None:
    """Who waits as long as told has waited long enough."""
    assert ceil_seconds(milliseconds) == seconds
