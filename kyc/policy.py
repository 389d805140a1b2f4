"""The KYC policy file: what proves a tier, what it unlocks, and when somebody is asked for more."""

import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from kyc.countries import number
from kyc.profile import Proof
from kyc.tiers import Tier
from schemas.decisions import Requirement
from schemas.events import Country
from schemas.features import CAPABILITIES
from schemas.policies import read_policy

SHIPPED: Final = Path(__file__).with_name("policy.yaml")
_DAY_MS: Final = 86_400_000

Program = Literal["education", "research", "startup", "security_research"]
Part = Annotated[float, Field(gt=0, le=1)]


def _days(value: object) -> object:
    if isinstance(value, str) and (match := re.fullmatch(r"([1-9]\d{0,3})d", value)):
        return int(match[1]) * _DAY_MS
    raise ValueError('must be a number of days, such as "90d"')


def _proof(value: object) -> object:
    names = [proof.name.lower() for proof in Proof if proof.name]
    if value not in names:
        raise ValueError(f"must be one of {', '.join(names)}")
    return Proof[str(value).upper()]


def _capability(value: object) -> object:
    if value not in CAPABILITIES:
        raise ValueError(f"must be one of {', '.join(CAPABILITIES)}")
    return value


Days = Annotated[int, BeforeValidator(_days)]
Shown = Annotated[Proof, BeforeValidator(_proof)]
Capability = Annotated[str, BeforeValidator(_capability)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Unlocked(_Part):
    """A tier: the combinations of proofs that lead to it, and what it unlocks."""

    proofs: list[Annotated[list[Shown], Field(min_length=1)]]
    capabilities: list[Capability]
    requests_per_minute: Annotated[int, Field(ge=0)]
    tokens_per_minute: Annotated[int, Field(ge=0)]
    programs: list[Program]

    @cached_property
    def lines(self) -> tuple[tuple[int, tuple[Proof, ...]], ...]:
        """Each combination with its proofs as bits: asked of every event, and sets are slow."""
        return tuple((sum(map(int, set(line))), tuple(line)) for line in self.proofs)


class Effort(_Part):
    """What a proof costs an honest person, and what it is worth in log-odds when asked for."""

    cost: Annotated[float, Field(gt=0)]
    worth: Annotated[float, Field(gt=0)]


class StepUp(_Part):
    """When more proof is asked for, for how long, and what each proof costs and is worth."""

    budget: Part
    threshold: Part
    hysteresis: Part
    lifetime: Days
    weight: Annotated[float, Field(ge=0)]
    proofs: dict[Requirement, Effort]

    @model_validator(mode="after")
    def _asks_for_proofs(self) -> Self:
        if "manual_review" in self.proofs:
            raise ValueError("proofs: a manual_review proves nothing by itself, and is always left")
        return self


class KycPolicy(_Part):
    """A policy. Frozen; lifetimes in milliseconds."""

    version: Annotated[str, Field(min_length=1, max_length=256)]
    famous_mail: frozenset[str]
    restricted_jurisdictions: frozenset[Country]
    ownership_share: Part
    document_accounts: Annotated[int, Field(ge=1)]
    proof_lifetimes: dict[Shown, Days]
    dispute_caps: Days
    tiers: dict[Tier, Unlocked]
    step_up: StepUp

    @model_validator(mode="after")
    def _names_every_tier(self) -> Self:
        if missing := [f"{tier:d}" for tier in Tier if tier not in self.tiers]:
            raise ValueError(f"tiers: none for {', '.join(missing)}")
        if self.tiers[Tier.UNVERIFIED].proofs:
            raise ValueError("tiers.0.proofs: tier 0 needs no proof")
        return self

    @cached_property
    def restricted(self) -> frozenset[int]:
        """The restricted jurisdictions as numbers, see kyc/countries.py."""
        return frozenset(map(number, self.restricted_jurisdictions))


def load_kyc_policy(path: Path = SHIPPED) -> KycPolicy:
    """Read and check a policy file. PolicyError names the file, and each wrong place in it."""
    return read_policy(path, KycPolicy)
