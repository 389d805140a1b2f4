"""Bytes to events and decisions to bytes, at the price that the hot path can pay.

`parse` is the contract: strict JSON, then the pydantic model. `read_requests` gives the same
verdict at a fraction of the price: msgspec reads what is plainly right, and whatever is not goes
to `parse`, which has the last word. So msgspec never refuses anything; all that has to hold (and
tests/contracts/test_wire.py holds it) is that what it lets through, pydantic reads the same.
"""

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, Struct
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from schemas.decisions import Action, Cause, Mode, Requirement, Restriction
from schemas.errors import MalformedEventError
from schemas.events import (
    MAX_COUNT,
    MAX_MESSAGE_BYTES,
    MAX_SAFE_INTEGER,
    MAX_TS,
    RequestEvent,
    parse_ip,
)

# Up to here a message can neither hold a text that is too long nor a number of more than 4,300
# digits, which msgspec skips and pydantic refuses.
_PLAIN_BYTES = 4096
_PLAIN_BRACKETS = 100  # pydantic reads 200 levels, msgspec as many as the interpreter's stack

_Text = Annotated[str, Meta(max_length=256)]
_Count = Annotated[int, Meta(ge=0, le=MAX_COUNT)]
_Hash = Annotated[str, Meta(min_length=16, max_length=16)]
_Country = Annotated[str, Meta(min_length=2, max_length=2)]


class RequestWire(Struct, gc=False):
    """A RequestEvent with, for an absent field, the value of the column where it lands.

    A field that was sent as `null` is None.
    """

    event_id: Annotated[str, Meta(min_length=1, max_length=256)]
    account_id: Annotated[str, Meta(min_length=1, max_length=128)]
    ts: Annotated[int, Meta(ge=0, le=MAX_TS)]
    model: _Text
    org_id: _Text | None = None
    api_key_id: _Text | None = None
    conversation_id: _Text | None = None
    endpoint: _Text | None = None
    status: Annotated[int, Meta(ge=100, le=999)] | None = 200
    input_tokens: _Count | None = 0
    output_tokens: _Count | None = 0
    reasoning_tokens: _Count | None = 0
    cached_tokens: _Count | None = 0
    max_tokens: Annotated[int, Meta(ge=0, le=MAX_SAFE_INTEGER)] | None = -1
    turns: _Count | None = -1
    tool_calls: _Count | None = -1
    tools: _Count | None = -1
    temperature: float | None = math.nan
    stream: bool | None = None
    logprobs: bool | None = None
    refused: bool | None = None
    latency_ms: _Count | None = -1
    ip: _Text | None = None
    asn: Annotated[int, Meta(ge=0, le=2**32 - 1)] | None = None
    country: _Country | None = None
    user_agent: Annotated[str, Meta(max_length=512)] | None = None
    tls_fingerprint: _Text | None = None
    device_id: _Text | None = None
    capability: _Text | None = None
    elicitation: Annotated[float, Meta(ge=0, le=1)] | None = math.nan
    system_hash: _Hash | None = None
    template_hash: _Hash | None = None
    prompt_simhash: _Hash | None = None
    hash_version: _Count | None = 0
    prompt: str | None = None
    system: str | None = None


_decode = msgspec.json.Decoder(RequestWire).decode
_requests: TypeAdapter[RequestEvent] = TypeAdapter(RequestEvent)
# What msgspec raises at bytes that are not what they must be; RecursionError: some thousand
# brackets in a field that nobody asked for.
UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_T = TypeVar("_T")


def parse(adapter: TypeAdapter[_T], raw: bytes) -> _T:
    """Read one message by its pydantic model. Raises MalformedEventError, which names the field."""
    if not raw:
        raise MalformedEventError("an empty message")
    if len(raw) > MAX_MESSAGE_BYTES:
        raise MalformedEventError(f"{len(raw)} bytes, more than {MAX_MESSAGE_BYTES}")
    try:
        return adapter.validate_python(from_json(raw, allow_inf_nan=False))
    except ValidationError as error:
        raise _explain(error) from None  # its text quotes the message
    except ValueError as error:
        raise MalformedEventError(f"not JSON: {error}") from error


def _explain(error: ValidationError) -> MalformedEventError:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] in ("model_type", "model_attributes_type"):
        return MalformedEventError("not a JSON object")
    if first["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return MalformedEventError("not a known type of event", "type")
    # The type of an account event stands there too; it has a dot, and no field has.
    field = ".".join(str(part) for part in first["loc"] if "." not in str(part))
    return MalformedEventError(first["msg"].removeprefix("Value error, "), field)


def read_requests(bodies: Sequence[bytes]) -> list[RequestWire | MalformedEventError]:
    """Read each body by itself: an event, or what is wrong with it."""
    decoded = [_read_plainly(body) for body in bodies]
    rows = [row for row, event in enumerate(decoded) if event is not None]
    events = [event for event in decoded if event is not None]
    suspects = {rows[place] for place in _suspect_bodies([bodies[row] for row in rows])}
    suspects.update(rows[place] for place in _suspect_values(events))
    return [
        _read_strictly(bodies[row]) if event is None or row in suspects else event
        for row, event in enumerate(decoded)
    ]


def _read_plainly(body: bytes) -> RequestWire | None:
    try:
        return _decode(body)
    except UNREADABLE:
        return None


def _read_strictly(body: bytes) -> RequestWire | MalformedEventError:
    try:
        event = parse(_requests, body)
    except MalformedEventError as error:
        return error
    return RequestWire(**event.model_dump(exclude_none=True))


def _suspect_bodies(bodies: Sequence[bytes]) -> set[int]:
    """Rows with syntax that msgspec may let through where pydantic does not."""
    joined = b"".join(bodies)
    suspects = {row for row, body in enumerate(bodies) if len(body) > _PLAIN_BYTES}
    if not joined.isascii():
        suspects.update(row for row, body in enumerate(bodies) if not _is_utf8(body))
    if joined.count(b"[") + joined.count(b"{") > len(bodies) + _PLAIN_BRACKETS:
        suspects.update(row for row, body in enumerate(bodies) if _is_nested(body))
    return suspects


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_nested(body: bytes) -> bool:
    return body.count(b"[") + body.count(b"{") > _PLAIN_BRACKETS


def _suspect_values(events: Sequence[RequestWire], first: int = 0) -> list[int]:
    """Rows, counted from `first`, with a value that its type allows and its field does not.

    Halving finds the few wrong ones among many at the price of twice the check of them all.
    """
    if _are_plain(events):
        return []
    if len(events) == 1:
        return [first]
    half = len(events) // 2
    return _suspect_values(events[:half], first) + _suspect_values(events[half:], first + half)


def _are_plain(events: Sequence[RequestWire]) -> bool:
    return (
        all(map(_is_ip, {event.ip for event in events}))
        and all(map(_is_country, {event.country for event in events}))
        and "\0" not in "".join([event.account_id for event in events])
        and _are_hashes([event.system_hash for event in events])
        and _are_hashes([event.template_hash for event in events])
        and _are_hashes([event.prompt_simhash for event in events])
    )


def _is_ip(text: str | None) -> bool:
    try:
        return text is None or bool(parse_ip(text))
    except ValueError:
        return False


def _is_country(text: str | None) -> bool:
    return text is None or (text.isascii() and text.isalpha() and text.isupper())


def _are_hashes(column: list[str | None]) -> bool:
    joined = "".join(filter(None, column))
    return joined.isascii() and not joined.encode().translate(None, b"0123456789abcdef")


def _digits(value: float) -> float:
    """Six digits, so that a record is the same to the byte on every machine; never -0.0."""
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be written as JSON")
    return round(float(value), 6) + 0.0


class ReasonWire(Struct, gc=False):
    """A Reason, rounded to six digits. Raises ValueError where a number is not finite."""

    code: str
    text: str
    value: float | str
    weight: float

    def __post_init__(self) -> None:
        if not isinstance(self.value, str):
            self.value = _digits(self.value)
        self.weight = _digits(self.weight)


class LimitsWire(Struct, frozen=True, gc=False):
    """Limits, as they are written."""

    requests_per_minute: int
    tokens_per_minute: int


class DecisionWire(Struct, omit_defaults=True):
    """A Decision as it is written: fields in this order, absent ones left out, six digits.

    Raises ValueError where a score is not finite.
    """

    decision_id: str
    account_id: str
    event_id: str
    cause: Cause
    ts: int
    decided_at: int
    action: Action
    score: float
    kyc_tier: int
    kyc_score: float
    reasons: list[ReasonWire]
    model_version: str
    policy_version: str
    mode: Mode
    expires_at: int
    limits: LimitsWire | None = None
    restrictions: list[Restriction] | None = None
    requirements: list[Requirement] | None = None
    campaign_id: str | None = None

    def __post_init__(self) -> None:
        self.score = _digits(self.score)
        self.kyc_score = _digits(self.kyc_score)


encode_decision: Callable[[DecisionWire], bytes] = msgspec.json.Encoder().encode
