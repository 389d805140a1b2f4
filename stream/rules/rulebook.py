"""The file of rules: who says what about which accounts, why, and until when."""

from datetime import UTC, date, datetime, time
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Final, Self

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from kyc.tiers import Tier
from schemas.features import FEATURE_NAMES
from schemas.policies import read_policy
from stream.decide.policy import Part, Taken
from stream.rules.predicates import Predicates
from stream.rules.program import Program

# Every rule is a label of a metric.
MOST: Final = 500


def _condition(value: str) -> str:
    Predicates(FEATURE_NAMES, Program()).add(value)
    return value


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Told = Annotated[str, Field(min_length=1, max_length=256)]


class Ground(BaseModel):
    """The reason that a decision carries: codes of rules differ from the model's by their start."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Annotated[str, Field(pattern=r"^rule_[a-z0-9_]{1,59}$")]
    text: Told


class Rule(BaseModel):
    """A named condition, and what follows where it is true: an action at least, or a score."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    where: Annotated[str, AfterValidator(_condition)]
    action: Taken | None = None
    score: Part | None = None
    reason: Ground
    author: Told
    expires: date
    shadow: bool = False
    tiers: Annotated[frozenset[Tier], Field(min_length=1)] = frozenset(Tier)

    @model_validator(mode="after")
    def _one_effect(self) -> Self:
        if (self.action is None) == (self.score is None):
            raise ValueError("needs an action or a score, and not both")
        return self

    @property
    def called(self) -> str:
        """What follows where it is true, in a word or two."""
        return self.action or f"score {self.score:g}"

    @property
    def ends(self) -> int:
        """The first ms, UTC, at which it holds no more: the day `expires` begins."""
        return int(datetime.combine(self.expires, time(), UTC).timestamp() * 1_000)


class Rulebook(BaseModel):
    """Rules by name, in the order of the file. Frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: Annotated[dict[Name, Rule], Field(max_length=MOST)] = {}

    @property
    def deciding(self) -> dict[str, Rule]:
        """The rules that are not shadows."""
        return {name: rule for name, rule in self.rules.items() if not rule.shadow}

    @cached_property
    def version(self) -> str:
        """What a policy's version goes on with: a digest of the rules that decide; empty without
        any, so that rules in the shadow change no decision."""
        if not self.deciding:
            return ""
        told = {name: rule.model_dump(mode="json") for name, rule in self.deciding.items()}
        for rule in told.values():
            rule["tiers"].sort()
        digest = blake2b(msgspec.json.encode(told), digest_size=6).hexdigest()
        return f"+rules.{digest}"


def load_rulebook(path: Path) -> Rulebook:
    """Read and check a file of rules. PolicyError names the file, and each rule that is wrong."""
    return read_policy(path, Rulebook)
