"""What is recorded: the messages of the topics that the chains are made of."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec
from aiokafka import ConsumerRecord
from msgspec import Struct

from edge.audit.record import Kind
from edge.erasure import account_end
from schemas.controls import Appeal, Control, Override, decode_control
from schemas.errors import MalformedEventError
from schemas.wire import UNREADABLE


@dataclass(frozen=True, slots=True)
class Entry:
    """What becomes one record. content: the message, to be sealed with the account's key; none
    where it is about no account, and the facts are all of it."""

    kind: Kind
    at: int
    account: str = ""
    content: bytes = b""
    facts: dict[str, str] = field(default_factory=dict)
    bundle: str = ""


class _Decision(Struct, gc=False):
    account_id: str
    ts: int
    action: str
    cause: str
    mode: str
    model_version: str
    policy_version: str


class _Label(Struct, gc=False):
    account_id: str
    ts: int
    label: str


_decision = msgspec.json.Decoder(_Decision).decode
_label = msgspec.json.Decoder(_Label).decode


def decision(record: ConsumerRecord) -> Entry:
    """A decision; a tombstone is the end of its account."""
    if record.value is None:
        return Entry("erasure", record.timestamp, (record.key or b"").decode("utf-8", "replace"))
    told = _decision(record.value)
    facts = {"action": told.action, "cause": told.cause, "mode": told.mode}
    bundle = f"{told.model_version} {told.policy_version}"
    return Entry("decision", told.ts, told.account_id, record.value, facts, bundle)


def label(record: ConsumerRecord) -> Entry:
    """What a reviewer found out."""
    told = _label(record.value)
    return Entry("label", told.ts, told.account_id, record.value, {"label": told.label})


def erasure(record: ConsumerRecord) -> Entry | None:
    """The end of an account; nothing else of the accounts topic is recorded."""
    told = account_end(record.value)
    return Entry("erasure", told.ts, told.account_id) if told else None


def control(record: ConsumerRecord) -> Entry | None:
    """What a person has ordered; a tombstone is told of by the erasure that left it."""
    if record.value is None:
        return None
    order = decode_control(record.value)
    account = _account(order)
    if account:
        facts = {"control": order.key.partition(":")[0], "author": order.author}
        return Entry("control", order.ts, account, record.value, facts)
    # About no account: whole and readable, by the order's own names.
    told = msgspec.to_builtins(order)
    facts = {name: str(value) for name, value in told.items() if name not in {"kind", "ts"}}
    return Entry("control", order.ts, facts={"control": order.key} | facts)


def _account(order: Control) -> str:
    match order:
        case Override(subject="account"):
            return order.value
        case Appeal():
            return order.account_id
    return ""


# A decision is 10 KiB at most. A record holds its message in base64, and facts of it beside that:
# one that is too large for the topic would end the writer, and again after each restart.
LARGEST: Final = 256 * 1024
# Topics of one partition: what they hold is recorded in the first chain.
SINGLE: Final = frozenset({"controls"})
SOURCES: Final[dict[str, Callable[[ConsumerRecord], Entry | None]]] = {
    "decisions": decision,
    "labels": label,
    "accounts": erasure,
    "controls": control,
}


def read(source: str, record: ConsumerRecord) -> Entry | None:
    """What a message becomes, None when it is not recorded. Raises MalformedEventError."""
    if (size := len(record.value or b"")) > LARGEST:
        raise MalformedEventError(f"{source}: {size:,} bytes, more than {LARGEST:,}")
    try:
        return SOURCES[source](record)
    except (*UNREADABLE, TypeError) as error:
        raise MalformedEventError(f"{source}: {error}") from None


def accounts(entries: Iterable[Entry]) -> set[str]:
    """The accounts that need a key."""
    return {entry.account for entry in entries if entry.content}
