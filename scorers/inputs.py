"""What a model reads: the ordered names, their digest, and the directions that it is held to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from schemas.features import FEATURE_NAMES, IDENTITY_NAMES, LINK_NAMES, feature_hash

# The directions in which nobody should be able to look better by doing more: prompts that
# draw out reasoning, log-probabilities, refused requests; and an account is not worse for
# being older, or better proven, or for sharing less. All else (rates, variety, concentration)
# has honest users at both ends.
MONOTONE: Final = {
    "elicitation_mean_7d": 1,
    "logprobs_ratio_7d": 1,
    "refusals_ratio_7d": 1,
    "age_seen_days": -1,
    "age_account_days": -1,
    "kyc_score_latest": 1,
    "kyc_tier_latest": -1,
    **dict.fromkeys(LINK_NAMES, 1),
}


@dataclass(frozen=True, slots=True)
class Inputs:
    """The columns of a model's rows. digest: of names and order; a model for another is refused.

    monotone: 1 where a larger value may only raise the score, -1 where it may only lower it.
    command: what trains such a model, for whoever is told that theirs does not fit. families:
    columns that not every provider knows, by name; training hides each from part of the rows.
    """

    names: tuple[str, ...]
    digest: str
    monotone: Mapping[str, int]
    command: str
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


REQUESTS: Final = Inputs(
    FEATURE_NAMES,
    feature_hash(),
    MONOTONE,
    "sluicegate train",
    {"identity": IDENTITY_NAMES, "links": LINK_NAMES},
)
"""The features of requests, which the main model reads."""
