"""The contract as JSON Schema, for those who write to our topics or read from them."""

from typing import Any

from pydantic import TypeAdapter

from schemas.decisions import Campaign, DeadLetter, Decision, Webhook
from schemas.events import AccountEvent, LabelEvent, RequestEvent

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MESSAGES: dict[str, Any] = {
    "RequestEvent": RequestEvent,
    "AccountEvent": AccountEvent,
    "LabelEvent": LabelEvent,
    "Decision": Decision,
    "Campaign": Campaign,
    "DeadLetter": DeadLetter,
    "Webhook": Webhook,
}


def documents() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema (Draft 2020-12) of every message, by its name in the contract."""
    return {name: _document(name, message) for name, message in _MESSAGES.items()}


def _document(name: str, message: Any) -> dict[str, Any]:
    schema = TypeAdapter(message).json_schema(mode="validation")
    return {"$schema": _DIALECT, **schema, "title": name}
