"""Rules for tests, as a file holds them."""

from typing import Any

from stream.rules.rulebook import Rulebook

ALWAYS = "requests_count_1h >= 0 OR requests_count_1h IS NULL"


def rule(where: str = ALWAYS, **fields: Any) -> dict[str, Any]:
    """A rule that calls for `restrict`, unless an action or a score is given."""
    effect = {} if {"action", "score"} & fields.keys() else {"action": "restrict"}
    return {
        "where": where,
        "reason": {"code": "rule_test", "text": "as a test has it"},
        "author": "jo",
        "expires": "2099-01-01",
        **effect,
        **fields,
    }


def rulebook(**rules: dict[str, Any]) -> Rulebook:
    """Rules by name."""
    return Rulebook.model_validate({"rules": rules})


def reason(code: str) -> dict[str, str]:
    """A reason of a rule."""
    return {"code": f"rule_{code}", "text": f"it is {code}"}
