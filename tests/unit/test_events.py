"""Account and label events: what the contract lets in, and what it turns away."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from schemas.errors import MalformedEventError
from schemas.events import AccountEvent, LabelEvent, RequestEvent, parse_ip
from schemas.wire import parse

ACCOUNTS: TypeAdapter[Any] = TypeAdapter(AccountEvent)
LABELS: TypeAdapter[LabelEvent] = TypeAdapter(LabelEvent)
COMMON = {"event_id": "e", "account_id": "a", "ts": 1}
LEAST: dict[str, dict[str, Any]] = {
    "account.created": {},
    "email.verified": {"email": "a@example.org"},
    "phone.verified": {"phone": "+41446681800"},
    "mfa.enabled": {},
    "mfa.disabled": {},
    "payment_method.added": {"fingerprint": "f"},
    "payment_method.removed": {"fingerprint": "f"},
    "payment.succeeded": {},
    "payment.failed": {},
    "payment.disputed": {},
    "domain.verified": {"domain": "example.org"},
    "identity.checked": {"vendor": "v", "result": "pass"},
    "business.checked": {"vendor": "v", "result": "review"},
    "login.succeeded": {},
    "login.failed": {},
    "api_key.created": {"api_key_id": "k"},
    "api_key.revoked": {"api_key_id": "k"},
    "email.changed": {"email": "a@example.org"},
    "account.closed": {},
    "account.erased": {},
}
FULL: list[dict[str, Any]] = [
    {
        "type": "account.created",
        "email": "a@example.org",
        "name": "A",
        "business_name": "B",
        "country": "CH",
        "ip": "::1",
        "device_id": "d",
        "user_agent": "u",
        "org_id": "o",
        "program": "research",
        "referrer": "r",
    },
    {"type": "mfa.enabled", "method": "webauthn"},
    {
        "type": "payment_method.added",
        "fingerprint": "f",
        "funding": "prepaid",
        "country": "CH",
        "bin": "41111111",
        "issuer": "i",
        "name": "n",
    },
    {"type": "payment.failed", "fingerprint": "f", "amount_usd": 20},
    {"type": "domain.verified", "domain": "example.org", "method": "dns"},
    {
        "type": "identity.checked",
        "vendor": "v",
        "result": "fail",
        "name": "n",
        "birth_date": "1990-02-28",
        "country": "CH",
        "document_hash": "h",
    },
    {
        "type": "business.checked",
        "vendor": "v",
        "result": "pass",
        "business_name": "b",
        "registration_number": "r",
        "country": "CH",
        "owners": [{"name": "n", "country": "CH", "share": 0.5}],
    },
    {
        "type": "login.failed",
        "ip": "192.0.2.1",
        "country": "CH",
        "device_id": "d",
        "user_agent": "u",
    },
]


def read(**fields: object) -> Any:
    return parse(ACCOUNTS, json.dumps({**COMMON, **fields}).encode())


def refused(**fields: object) -> MalformedEventError:
    with pytest.raises(MalformedEventError) as caught:
        read(**fields)
    return caught.value


@pytest.mark.parametrize("kind", LEAST)
def test_every_type_is_read(kind: str) -> None:
    """Each type of the contract is read with no more than it must have."""
    event = read(type=kind, **LEAST[kind])
    assert event.model_dump(exclude_none=True) == {**COMMON, "type": kind, **LEAST[kind]}


@pytest.mark.parametrize("fields", FULL, ids=lambda fields: fields["type"])
def test_every_field_is_read(fields: dict[str, Any]) -> None:
    """Each field of the contract arrives as it was sent."""
    assert read(**fields).model_dump() == {**COMMON, **fields}


@pytest.mark.parametrize("kind", [kind for kind, fields in LEAST.items() if fields])
def test_every_required_field_is_required(kind: str) -> None:
    """Without its own fields a type is refused, and the error names the first of them."""
    assert refused(type=kind).field == next(iter(LEAST[kind]))


@pytest.mark.parametrize("kind", [{"type": "account.renamed" * 99}, {"type": 7}, {}])
def test_unknown_type(kind: dict[str, object]) -> None:
    """A type that is not known, or none, is refused without being quoted."""
    error = refused(**kind)
    assert str(error) == "type: not a known type of event"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "0446681800"),
        ("phone", "+4144668180012345"),
        ("bin", "41111"),
        ("bin", "411111111"),
        ("funding", "gift"),
        ("method", "carrier pigeon"),
        ("result", "maybe"),
        ("birth_date", "28.02.1990"),
        ("birth_date", "1990-02-30"),
        ("amount_usd", "20"),
        ("country", "Switzerland"),
        ("ip", "localhost"),
        ("program", "friends"),
        ("owners", [{"name": "n", "country": "CH", "share": 1.5}]),
        ("owners", [{"name": "n", "country": "CH"}]),
    ],
)
def test_values_out_of_range(field: str, value: object) -> None:
    """A value that its field does not allow is refused, and the error names the field."""
    fields = next(
        fields
        for fields in [*FULL, {"type": "phone.verified", "phone": "+41446681800"}]
        if field in fields
    )
    assert refused(**{**fields, field: value}).field.startswith(field)


def test_label() -> None:
    """A label is read, note and campaign included."""
    fields = {**COMMON, "label": "abuse", "source": "s", "campaign_id": "c", "note": "n" * 2_000}
    assert parse(LABELS, json.dumps(fields).encode()).model_dump() == fields


@pytest.mark.parametrize(("field", "value"), [("label", "bad"), ("note", "n" * 2_001)])
def test_label_out_of_range(field: str, value: str) -> None:
    """Another label, or a note that is too long, is refused."""
    fields = {**COMMON, "label": "abuse", "source": "s", field: value}
    with pytest.raises(MalformedEventError, match=field):
        parse(LABELS, json.dumps(fields).encode())


def test_prompt_is_not_shown() -> None:
    """Raw text does not get into a log by way of repr()."""
    event = RequestEvent(**COMMON, model="m", prompt="the secret", system="the secret")
    assert "secret" not in repr(event)


@pytest.mark.parametrize(
    ("text", "packed"),
    [
        ("192.0.2.1", b"\xc0\0\2\1"),
        ("::ffff:192.0.2.1", b"\xc0\0\2\1"),
        ("2001:db8::", b"\x20\x01\x0d\xb8" + bytes(12)),
    ],
)
def test_addresses(text: str, packed: bytes) -> None:
    """IPv4 packs into 4 bytes, mapped into IPv6 or not, and IPv6 into 16."""
    assert parse_ip(text) == packed
