"""The policy file: which score leads to which action, for how long, and what that action means."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)

from kyc.tiers import Tier
from schemas.decisions import Action, Limits, Requirement, Restriction
from schemas.policies import read_policy

SHIPPED = Path(__file__).with_name("policy.yaml")
_UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}

Taken = Literal["restrict", "rate_limit", "step_up", "block"]
Part = Annotated[float, Field(gt=0, le=1)]


def _milliseconds(value: object) -> object:
    if isinstance(value, str) and (match := re.fullmatch(r"([1-9]\d{0,3})([mhd])", value)):
        return int(match[1]) * _UNITS[match[2]]
    raise ValueError('must be a number with a unit, such as "30m", "12h" or "7d"')


def _all_actions(value: dict[Action, int]) -> dict[Action, int]:
    if missing := [action.value for action in Action if action not in value]:
        raise ValueError(f"no lifetime for {', '.join(missing)}")
    return value


Lifetime = Annotated[int, BeforeValidator(_milliseconds)]


def _ordered(value: dict[Tier, dict[Taken, float]]) -> dict[Tier, dict[Taken, float]]:
    for tier in Tier:
        if tier not in value:
            raise ValueError(f"none for tier {tier:d}")
        rising = [value[tier].get(a.value) for a in Action]  # type: ignore[call-overload]
        present = [t for t in rising if t is not None]
        if present != sorted(present):
            raise ValueError(f"tier {tier:d}: a stricter action has a lower threshold")
    return value


Thresholds = Annotated[dict[Tier, dict[Taken, Part]], AfterValidator(_ordered)]


class Evidence(BaseModel):
    """How many reasons of which weight (log-odds) a block needs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: Annotated[int, Field(ge=1, le=5)]
    weight: Annotated[float, Field(ge=0)]


class Budget(BaseModel):
    """The share of established accounts that may ever come under an action by their own score."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    friction: Part
    block: Part


class Campaigns(BaseModel):
    """What a campaign's score leads to, for its members of each tier."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    thresholds: Thresholds
    fewest: Annotated[int, Field(ge=2)]
    proven_conduct: Annotated[float, Field(ge=0, le=3)]


class Shares(BaseModel):
    """Shares of the accounts active in a day, and of their requests."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    accounts: Part
    traffic: Part


class Fewest(BaseModel):
    """Numbers of accounts and requests that are too small to be a share of anything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    accounts: Annotated[int, Field(ge=0)]
    requests: Annotated[int, Field(ge=0)]


class Governor(BaseModel):
    """How much may newly be blocked or stepped up in an hour: a share, or so few in any case."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    block: Shares = Shares(accounts=0.2, traffic=0.25)
    step_up: Shares = Shares(accounts=0.3, traffic=0.4)
    fewest: Fewest = Fewest(accounts=500, requests=50_000)


class Policy(BaseModel):
    """A policy. Frozen; lifetimes in milliseconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Decisions have room for 256 characters, and rules add their digest.
    version: Annotated[str, Field(min_length=1, max_length=200)]
    thresholds: Thresholds
    campaigns: Campaigns
    budget: Budget
    governor: Governor = Governor()
    hysteresis: Part
    lifetimes: Annotated[dict[Action, Lifetime], AfterValidator(_all_actions)]
    block_evidence: Evidence
    restrictions: Annotated[list[Restriction], Field(min_length=1)]
    limits: Limits
    requirements: Annotated[list[Requirement], Field(min_length=1)]


def load_policy(path: Path = SHIPPED) -> Policy:
    """Read and check a policy file. PolicyError names the file, and each wrong place in it."""
    return read_policy(path, Policy)
