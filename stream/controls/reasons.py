"""Reasons of decisions that no evidence has brought about."""

from schemas.controls import Override, control_id
from schemas.decisions import Action
from schemas.wire import ReasonWire


def ordered(override: Override) -> ReasonWire:
    """A person said so: what they wrote, and which order it was."""
    return ReasonWire("override", override.reason, control_id(override), 0.0)


def governed(action: Action) -> ReasonWire:
    """The evidence calls for more than the hour's share allows."""
    text = f"{action.value} waits: so many in an hour need a person's word"
    return ReasonWire("governor", text, action.value, 0.0)
