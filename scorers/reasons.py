"""Why a score is high: path contributions, told as a few reasons that a person understands.

A reason code stands for a group of features; codes are never renamed. The texts state what
was looked at and what was found, not a direction: a tree may hold few requests against an
account as well as many.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.features import FEATURES

MOST = 5
TOLD = 2  # features of a group that its text tells: what one alone says is often half of it
_DECIMALS = 6

# code -> what was looked at, and the measures (starts of feature names) that belong to it.
CODES: dict[str, tuple[str, tuple[str, ...]]] = {
    "request_volume": ("how much the account asks", ("requests_count",)),
    "request_burst": ("how today compares with the account's own past", ("requests_burst",)),
    "request_rhythm": ("how evenly requests are spaced", ("gaps",)),
    "active_hours": ("at which hours the account works", ("hours",)),
    "failed_requests": ("how often requests fail", ("failures",)),
    "refused_requests": ("how often requests are refused", ("refusals",)),
    "token_profile": (
        "how long inputs and outputs are",
        ("tokens_in", "tokens_out", "tokens_cached", "tokens_reasoning"),
    ),
    "reasoning_extraction": (
        "whether requests draw out how the model thinks",
        ("elicitation", "logprobs"),
    ),
    "batch_use": ("how much runs through the batch endpoint", ("batch",)),
    "conversation_shape": ("how conversations are built", ("turns",)),
    "tool_use": ("how tools are used", ("tool_calls", "tools")),
    "capability_mix": (
        "which capabilities the requests exercise",
        ("capability", "capabilities"),
    ),
    "model_mix": ("which models are asked", ("models_concentration", "models_distinct")),
    "model_shift": ("how fast requests move to another model", ("models_shift",)),
    "prompt_templates": ("how much prompts repeat a template", ("templates",)),
    "system_prompts": ("how many system prompts are in use", ("systems",)),
    "network_spread": ("from how many networks the account works", ("networks",)),
    "device_spread": ("from how many devices the account works", ("devices",)),
    "client_spread": ("with how many client programs the account works", ("user_agents",)),
    "account_age": ("how long the account has been seen", ("age_seen",)),
    "account_identity": ("who is behind the account", ("age_account", "kyc")),
    "shared_values": ("what the account shares with others", ("shared",)),
}
# What an account is and has, not what it does: alone no evidence of abuse.
SHARED_VALUES: Final = "shared_values"
CIRCUMSTANCES: Final = frozenset({"account_identity", SHARED_VALUES})
_TEXTS = {feature.name: feature.text for feature in FEATURES}


class Reason(NamedTuple):
    """One reason, as a decision carries it."""

    code: str
    text: str
    value: float | None  # of the feature that weighs most; None where it is not known
    weight: float  # log-odds that the group's features add together


def explain(
    names: Sequence[str],
    row: npt.NDArray[np.float32],
    contributions: npt.NDArray[np.float32],
) -> list[Reason]:
    """What speaks for suspicion, strongest first, at most five; equal weights by code.

    `row` and `contributions` are float32[features] in the order of `names`. A group whose
    features cancel out gives no reason. Raises KeyError for a feature without a code.
    """
    groups = _groups(tuple(names))
    weights = np.bincount(groups.of, contributions, len(groups.codes))
    added = contributions.tolist()
    reasons = []
    # Stable, and codes are in order: equal weights go by code.
    for group in np.argsort(-weights, kind="stable")[:MOST].tolist():
        weight = round(float(weights[group]), _DECIMALS)
        if weight > 0:
            # A feature that speaks against suspicion is not told.
            told = [column for column in groups.columns[group] if added[column] > 0]
            told.sort(key=added.__getitem__, reverse=True)
            seen = [(names[column], float(row[column])) for column in told[:TOLD]]
            reasons.append(_reason(groups.codes[group], seen, weight))
    return reasons


class Part(NamedTuple):
    """What one feature adds to a margin."""

    name: str
    text: str
    value: float | None  # None where it is not known
    weight: float


class Group(NamedTuple):
    """All features of one code; the one that adds most comes first, what speaks against last."""

    code: str
    text: str
    weight: float
    parts: list[Part]


def grouped(
    names: Sequence[str], row: npt.NDArray[np.float32], contributions: npt.NDArray[np.float64]
) -> list[Group]:
    """Every group, for and against suspicion: strongest for it first; equal ones by code."""
    groups = _groups(tuple(names))
    made = []
    for code, columns in zip(groups.codes, groups.columns, strict=True):
        parts = [_part(names[c], float(row[c]), float(contributions[c])) for c in columns]
        parts.sort(key=lambda part: -part.weight)
        weight = round(float(contributions[columns].sum()), _DECIMALS)
        made.append(Group(code, CODES[code][0], weight, parts))
    return sorted(made, key=lambda group: (-group.weight, group.code))


def _part(name: str, value: float, weight: float) -> Part:
    known = None if math.isnan(value) else round(value, _DECIMALS)
    return Part(name, _TEXTS[name], known, round(weight, _DECIMALS))


def code_of(name: str) -> str:
    """The reason code of a feature. Raises KeyError unless exactly one code claims it."""
    codes = [
        code
        for code, (_, measures) in CODES.items()
        if any(name.startswith(f"{measure}_") for measure in measures)
    ]
    if len(codes) != 1:
        raise KeyError(f"feature {name} has {len(codes)} reason codes, must have one")
    return codes[0]


class _Groups(NamedTuple):
    """The codes in alphabetical order; of: int64[features], each feature's place among them."""

    codes: list[str]
    of: npt.NDArray[np.int64]
    columns: list[list[int]]


@lru_cache(maxsize=4)
def _groups(names: tuple[str, ...]) -> _Groups:
    codes, of = np.unique([code_of(name) for name in names], return_inverse=True)
    columns = [np.flatnonzero(of == group).tolist() for group in range(len(codes))]
    return _Groups(codes.tolist(), of, columns)


def _reason(code: str, seen: Sequence[tuple[str, float]], weight: float) -> Reason:
    """`seen`: features and their values, the one that weighs most first."""
    value = seen[0][1]
    known = None if math.isnan(value) else round(value, _DECIMALS)
    told = "; ".join([f"{_TEXTS[name]}: {_told(value)}" for name, value in seen])
    return Reason(code, f"{CODES[code][0]} ({told})", known, weight)


def _told(value: float) -> str:
    if math.isnan(value):
        return "not known"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
