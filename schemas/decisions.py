"""What goes out: decisions, campaigns, dead letters, and the webhook that carries a decision."""

import enum
from typing import Annotated

from pydantic import Field

from schemas.events import Message, Text, Ts


class Action(enum.StrEnum):
    """What the gateway does with an account, weakest first; `rank` gives the order."""

    ALLOW = "allow"
    RESTRICT = "restrict"
    RATE_LIMIT = "rate_limit"
    STEP_UP = "step_up"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """Return the place in the order, 0 (allow) to 4 (block)."""
        return _RANKS[self]


_RANKS = {action: rank for rank, action in enumerate(Action)}


class DeadLetter(Message):
    """A message that could not be read, and why."""

    topic: Text
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]
    ts: Ts
    error: str
    payload: str
