"""The ordered feature list: one row of float32 per event, in this order, for every model.

Names follow one grammar, `<measure>_<aggregation>_<window>`; docs/features.md holds the
mathematics. A value that is not known is NaN, never zero.
"""

import hashlib
from dataclasses import dataclass

FEATURE_VERSION = 2

CAPABILITIES = (
    "coding",
    "agentic",
    "reasoning",
    "long_horizon",
    "tool_use",
    "data_generation",
    "grading",
    "vision",
    "chat",
    "translation",
    "summarisation",
    "other",
)

DISTINCT_KINDS = ("networks", "devices", "user_agents", "templates", "models", "systems")


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the feature matrix."""

    name: str
    text: str


def _rates() -> list[Feature]:
    windows = ("1m", "10m", "1h", "6h", "24h", "7d", "30d")
    return [
        *(Feature(f"requests_count_{w}", f"requests in the last {w}") for w in windows),
        *(
            Feature(f"requests_burst_{w}", f"requests in the last {w} against its own 30 days")
            for w in ("10m", "1h", "24h")
        ),
        *(
            Feature(f"failures_ratio_{w}", f"share of failed requests in the last {w}")
            for w in ("10m", "1h", "24h", "7d")
        ),
        *(
            Feature(f"tokens_{side}_mean_{w}", f"tokens {side} per request in the last {w}")
            for side in ("in", "out")
            for w in ("1h", "24h", "30d")
        ),
        *(
            Feature(f"tokens_out_ratio_{w}", f"tokens out per token in, in the last {w}")
            for w in ("24h", "30d")
        ),
    ]


def _week() -> list[Feature]:
    return [
        Feature("refusals_ratio_7d", "share of refused requests in the last 7d"),
        Feature("batch_ratio_7d", "share of requests to the batch endpoint in the last 7d"),
        Feature("logprobs_ratio_7d", "share of requests that ask for log-probabilities"),
        Feature("tokens_reasoning_ratio_7d", "share of reasoning in the tokens out"),
        Feature("tokens_cached_ratio_7d", "share of cached tokens in the tokens in"),
        Feature("elicitation_mean_7d", "likelihood that prompts draw out the model's reasoning"),
        Feature("turns_mean_7d", "messages per conversation"),
        Feature("tool_calls_mean_7d", "tool calls per request"),
        Feature("tools_mean_7d", "tool definitions per request"),
        Feature("gaps_mean_7d", "typical time between requests, log2 of milliseconds"),
        Feature("gaps_spread_7d", "how irregular the time between requests is, in octaves"),
        *(
            Feature(f"capability_{c}_share_7d", f"share of requests that exercise {c}")
            for c in CAPABILITIES
        ),
        Feature("capabilities_concentration_7d", "how narrow the capabilities are (Herfindahl)"),
        Feature("models_concentration_7d", "how narrow the choice of models is (Herfindahl)"),
        Feature("models_shift_7d", "share of today's requests that left the week's model mix"),
    ]


def _variety() -> list[Feature]:
    return [
        *(
            Feature(f"{kind}_distinct_{w}", f"different {kind.replace('_', ' ')} in the last {w}")
            for kind in DISTINCT_KINDS
            for w in ("24h", "7d", "30d")
        ),
        *(
            Feature(f"hours_distinct_{w}", f"hours of the day with requests in the last {w}")
            for w in ("24h", "7d")
        ),
        Feature("templates_ratio_7d", "different templates per request in the last 7d"),
        Feature("age_seen_days", "days since the account's first request"),
    ]


def _identity() -> list[Feature]:
    return [
        Feature("age_account_days", "days since the account began, at most 30"),
        Feature("kyc_score_latest", "how suspicious the signals of its identity are"),
        Feature("kyc_tier_latest", "the tier that its proofs reach"),
    ]


def _links() -> list[Feature]:
    return [
        Feature("shared_surprise_max_30d", "surprise of its most surprising shared value, bans"),
        Feature("shared_families_distinct_30d", "families of values that it surprisingly shares"),
        Feature(
            "shared_unproven_excess_30d",
            "unproven accounts on that value, beyond their usual share",
        ),
        Feature(
            "shared_growth_ratio_24h",
            "accounts of the last 24h on that value, against their usual share, octaves",
        ),
    ]


_CONDUCT = (*_rates(), *_week(), *_variety())
FEATURES: tuple[Feature, ...] = (*_CONDUCT, *_identity(), *_links())
FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)

# What an account does comes first; then what others say of it, which not every provider knows.
CONDUCT_NAMES: tuple[str, ...] = tuple(feature.name for feature in _CONDUCT)
IDENTITY_NAMES: tuple[str, ...] = tuple(feature.name for feature in _identity())
LINK_NAMES: tuple[str, ...] = tuple(feature.name for feature in _links())


def feature_hash() -> str:
    """Digest of version, names and order; a model made for another list must not be served."""
    listed = f"{FEATURE_VERSION}:" + ",".join(FEATURE_NAMES)
    return hashlib.sha256(listed.encode()).hexdigest()
