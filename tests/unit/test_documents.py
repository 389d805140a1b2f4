"""The JSON Schemas say what the models say."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.documents import documents
from tests.unit.test_decisions import CAMPAIGN, DECISION
from tests.unit.test_events import COMMON, FULL, LEAST

REQUEST = {**COMMON, "model": "m", "ip": "192.0.2.1", "prompt_simhash": "0123456789abcdef"}
LABEL = {**COMMON, "label": "benign", "source": "s"}
LETTER = {"topic": "t", "partition": 0, "offset": 1, "ts": 2, "error": "e", "payload": "e30="}
WEBHOOK = {"type": "decision.changed", "timestamp": "2026-11-22T02:00:00Z", "data": DECISION}
VALID = [
    ("RequestEvent", REQUEST),
    ("RequestEvent", {**REQUEST, "device_id": None, "colour": "red"}),
    *(("AccountEvent", {**COMMON, **fields}) for fields in FULL),
    *(("AccountEvent", {**COMMON, "type": kind, **fields}) for kind, fields in LEAST.items()),
    ("LabelEvent", LABEL),
    ("Decision", DECISION),
    ("Campaign", CAMPAIGN),
    ("DeadLetter", LETTER),
    ("Webhook", WEBHOOK),
]
INVALID = [
    ("RequestEvent", {**REQUEST, "ts": "1"}),
    ("RequestEvent", {**REQUEST, "prompt_simhash": "xyz"}),
    ("RequestEvent", {**REQUEST, "input_tokens": -1}),
    ("AccountEvent", {**COMMON, "type": "account.renamed"}),
    ("LabelEvent", {**LABEL, "label": "bad"}),
    ("Decision", {**DECISION, "action": "forbid"}),
    ("Campaign", {**CAMPAIGN, "sample_accounts": ["a"] * 21}),
    ("DeadLetter", {**LETTER, "offset": -1}),
    ("Webhook", {**WEBHOOK, "data": {}}),
]


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(documents()[name])


@pytest.mark.parametrize("name", documents())
def test_is_a_schema(name: str) -> None:
    """Each document is JSON, a valid schema of its dialect, and carries the message's name."""
    document = json.loads(json.dumps(documents()[name]))
    Draft202012Validator.check_schema(document)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["title"] == name


@pytest.mark.parametrize(("name", "message"), VALID)
def test_lets_samples_in(name: str, message: dict[str, Any]) -> None:
    """What the models read, the schema lets in: null, unknown fields and all types included."""
    validator(name).validate(message)


@pytest.mark.parametrize(("name", "message"), INVALID)
def test_turns_wrong_samples_away(name: str, message: dict[str, Any]) -> None:
    """What the models refuse, the schema turns away."""
    assert not validator(name).is_valid(message)


def test_every_message_has_a_document() -> None:
    """The messages are those of the contract."""
    assert set(documents()) == {
        "RequestEvent",
        "AccountEvent",
        "LabelEvent",
        "Decision",
        "Campaign",
        "DeadLetter",
        "Webhook",
    }
