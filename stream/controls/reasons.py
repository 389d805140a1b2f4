"""Reasons of decisions that no evidence has brought about."""

from schemas.controls import Override, control_id
from schemas.wire import ReasonWire


def ordered(override: Override) -> ReasonWire:
    """A person said so: what they wrote, and which order it was."""
    return ReasonWire("override", override.reason, control_id(override), 0.0)
