"""What was found of an account in one place."""

from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """What a finding means for an erasure."""

    GONE = "gone"
    AGES = "ages out"  # it goes by itself, by a time that is told
    LEFT = "left"


class Finding(NamedTuple):
    """A place, and what is held there of the account."""

    place: str
    verdict: Verdict
    detail: str = ""
