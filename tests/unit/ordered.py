"""Orders for the tests of controls."""

from typing import Any

from schemas.controls import Override
from schemas.decisions import Action
from tests.unit.gates import DAY, NOW


def pin(value: str = "ada", action: Action = Action.ALLOW, **others: Any) -> Override:
    """An override of an account for a day, unless told otherwise."""
    told: dict[str, Any] = {"subject": "account", "value": value, "action": action}
    told |= {"author": "kim", "reason": "a customer of ours", "ts": NOW, "expires_at": NOW + DAY}
    return Override(**told | others)
