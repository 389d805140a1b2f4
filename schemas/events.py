"""What comes in: the events that the gateway, the identity services and the reviewers send.

These models are the contract. Where it leaves a choice, the choice is:

- JSON types are taken strictly: `1.0`, `true` and `"1"` are not integers, `1` is not a boolean;
  an integer is a number, so `1` is a float.
- A field that is not known is ignored. `null` means absent. Of a repeated key the last one counts.
- JSON is RFC 8259 in UTF-8: NaN, Infinity, a byte-order mark, lone surrogates and more than 200
  levels of nesting are refused, in fields that are ignored too.
- Times lie between 1970 and 2200, and what the gateway measures fits 31 bits, so that no sum
  over any window leaves 64 bits. What the client chooses (`max_tokens`, `temperature`) has no
  such bound, since a client must not be able to make its own event unreadable.
- `account_id` holds no NUL: C programs would end it there and take it for another account.
"""

import datetime
import functools
import socket
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
)

# Two texts of 64 KiB, each byte escaped to six in the worst case, and the rest of the event; it
# is also what Kafka lets through by default (message.max.bytes).
MAX_MESSAGE_BYTES = 1024 * 1024
MAX_TEXT_BYTES = 64 * 1024
MAX_TS = 7_258_118_400_000  # 2200-01-01T00:00:00Z
MAX_COUNT = 2**31 - 1
MAX_SAFE_INTEGER = 2**53 - 1  # RFC 8259, section 6: what every JSON reader holds exactly


@functools.lru_cache(maxsize=65_536)
def parse_ip(text: str) -> bytes:
    """Return the address in 4 or 16 bytes, an IPv4-mapped one in 4. Raises ValueError."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        return packed[12:] if packed[:12] == b"\0" * 10 + b"\xff\xff" else packed
    raise ValueError("not an IPv4 or IPv6 address")


def _check_ip(text: str) -> str:
    parse_ip(text)
    return text


def _check_account(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL character")
    return text


def _check_text(text: str) -> str:
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise ValueError(f"longer than {MAX_TEXT_BYTES} bytes of UTF-8")
    return text


def _check_date(text: str) -> str:
    datetime.date.fromisoformat(text)
    return text


AccountId = Annotated[
    str, StringConstraints(min_length=1, max_length=128), AfterValidator(_check_account)
]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Text = Annotated[str, StringConstraints(max_length=256)]
Ts = Annotated[int, Field(ge=0, le=MAX_TS)]
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Share = Annotated[float, Field(ge=0, le=1)]
Ip = Annotated[Text, AfterValidator(_check_ip)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Date = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    AfterValidator(_check_date),
]
UserAgent = Annotated[str, StringConstraints(max_length=512)]
RawText = Annotated[str, StringConstraints(max_length=MAX_TEXT_BYTES), AfterValidator(_check_text)]


class Message(BaseModel):
    """A message of the contract."""

    model_config = ConfigDict(
        strict=True,
        extra="ignore",
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


class RequestEvent(Message):
    """One request to the API, as the gateway saw it when it ended or was refused."""

    event_id: EventId
    account_id: AccountId
    ts: Ts
    model: Text
    org_id: Text | None = None
    api_key_id: Text | None = None
    conversation_id: Text | None = None
    endpoint: Text | None = None
    # RFC 9110, section 15: 600 to 999 are in use for what is not HTTP.
    status: Annotated[int, Field(ge=100, le=999)] | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    reasoning_tokens: Count | None = None
    cached_tokens: Count | None = None
    max_tokens: Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)] | None = None
    turns: Count | None = None
    tool_calls: Count | None = None
    tools: Count | None = None
    temperature: float | None = None
    stream: bool | None = None
    logprobs: bool | None = None
    refused: bool | None = None
    latency_ms: Count | None = None
    ip: Ip | None = None
    asn: Annotated[int, Field(ge=0, le=2**32 - 1)] | None = None
    country: Country | None = None
    user_agent: UserAgent | None = None
    tls_fingerprint: Text | None = None
    device_id: Text | None = None
    capability: Text | None = None
    elicitation: Share | None = None
    system_hash: Hash | None = None
    template_hash: Hash | None = None
    prompt_simhash: Hash | None = None
    hash_version: Count | None = None
    prompt: RawText | None = Field(default=None, repr=False)
    system: RawText | None = Field(default=None, repr=False)


class _AccountEvent(Message):
    event_id: EventId
    account_id: AccountId
    ts: Ts


class AccountCreated(_AccountEvent):
    """Somebody signed up; `country` is what the person declared."""

    type: Literal["account.created"]
    email: Text | None = None
    name: Text | None = None
    business_name: Text | None = None
    country: Country | None = None
    ip: Ip | None = None
    device_id: Text | None = None
    user_agent: UserAgent | None = None
    org_id: Text | None = None
    program: Literal["education", "research", "startup", "security_research"] | None = None
    referrer: Text | None = None


class EmailChanged(_AccountEvent):
    """An address was proven, or replaced."""

    type: Literal["email.verified", "email.changed"]
    email: Text


class PhoneVerified(_AccountEvent):
    """A telephone number was proven."""

    type: Literal["phone.verified"]
    phone: Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{1,14}$")]


class MfaChanged(_AccountEvent):
    """A second factor was switched on or off."""

    type: Literal["mfa.enabled", "mfa.disabled"]
    method: Literal["totp", "webauthn", "sms"] | None = None


class PaymentMethodChanged(_AccountEvent):
    """A card or another means of payment was added or removed."""

    type: Literal["payment_method.added", "payment_method.removed"]
    fingerprint: Text
    funding: Literal["credit", "debit", "prepaid", "unknown"] | None = None
    country: Country | None = None
    bin: Annotated[str, StringConstraints(pattern=r"^[0-9]{6,8}$")] | None = None
    issuer: Text | None = None
    name: Text | None = None


class PaymentMade(_AccountEvent):
    """A payment went through, failed or was disputed."""

    type: Literal["payment.succeeded", "payment.failed", "payment.disputed"]
    fingerprint: Text | None = None
    amount_usd: float | None = None


class DomainVerified(_AccountEvent):
    """The account proved that it holds a domain."""

    type: Literal["domain.verified"]
    domain: Text
    method: Literal["dns", "email"] | None = None


class IdentityChecked(_AccountEvent):
    """A vendor checked a person's identity."""

    type: Literal["identity.checked"]
    vendor: Text
    result: Literal["pass", "review", "fail"]
    name: Text | None = None
    birth_date: Date | None = None
    country: Country | None = None
    document_hash: Text | None = None


class Owner(Message):
    """A person who owns a share of a business."""

    name: Text
    country: Country
    share: Share


class BusinessChecked(_AccountEvent):
    """A vendor checked a business."""

    type: Literal["business.checked"]
    vendor: Text
    result: Literal["pass", "review", "fail"]
    business_name: Text | None = None
    registration_number: Text | None = None
    country: Country | None = None
    owners: Annotated[list[Owner], Field(max_length=1_000)] | None = None


class LoginTried(_AccountEvent):
    """Somebody logged in, or failed to."""

    type: Literal["login.succeeded", "login.failed"]
    ip: Ip | None = None
    country: Country | None = None
    device_id: Text | None = None
    user_agent: UserAgent | None = None


class ApiKeyChanged(_AccountEvent):
    """An API key was made or revoked."""

    type: Literal["api_key.created", "api_key.revoked"]
    api_key_id: Text


class AccountClosed(_AccountEvent):
    """The account ended: closed by its owner, or erased by law within one minute."""

    type: Literal["account.closed", "account.erased"]


AccountEvent = Annotated[
    AccountCreated
    | EmailChanged
    | PhoneVerified
    | MfaChanged
    | PaymentMethodChanged
    | PaymentMade
    | DomainVerified
    | IdentityChecked
    | BusinessChecked
    | LoginTried
    | ApiKeyChanged
    | AccountClosed,
    Discriminator("type"),
]


class LabelEvent(Message):
    """What a reviewer or a tool found out about an account: truth for training."""

    event_id: EventId
    account_id: AccountId
    ts: Ts
    label: Literal["abuse", "benign"]
    source: Text
    campaign_id: Text | None = None
    note: Annotated[str, StringConstraints(max_length=2_000)] | None = None
