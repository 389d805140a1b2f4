"""Evidence about one account, made of the events that tell it."""

from functools import reduce
from ipaddress import IPv4Network
from typing import Any

from pydantic import TypeAdapter

from kyc.evidence import Evidence
from kyc.facts import Reading, told
from kyc.lists.kinds import Kind
from kyc.lists.lookups import Lists
from kyc.lists.networks import NetworkSet
from kyc.policy import KycPolicy, load_kyc_policy
from kyc.profile import UNKNOWN, Profile, join
from kyc.signals import SIGNALS
from kyc.signals.registry import Value
from schemas.events import AccountEvent
from stream.decode.hashing import KeyedHasher

NOW = 1_780_000_000_000
DAY = 86_400_000
PLACES = {"203.0.113.7": "DE", "203.0.113.8": "FR"}
_SHIPPED = load_kyc_policy()
# Which proof is asked for at a score hangs on the threshold: it is held here, whatever is shipped.
_ASKING = _SHIPPED.step_up.model_copy(update={"threshold": 0.65})
POLICY = _SHIPPED.model_copy(update={"step_up": _ASKING})
# One network of each kind; the country of an address in them is not known.
KINDS = ("datacentre", "vpn", "tor", "relay", "runner")
LISTS = Lists(
    networks={
        Kind(f"{kind}_networks"): NetworkSet([IPv4Network(f"198.51.{n}.0/24")])
        for n, kind in enumerate(KINDS)
    }
)
NO_LISTS = Lists()

_events: TypeAdapter[AccountEvent] = TypeAdapter(AccountEvent)


def event(kind: str, ts: int = NOW, **fields: Any) -> AccountEvent:
    """An event of the account, by its type."""
    named = {"event_id": f"{kind}-{ts}", "account_id": "ada", "ts": ts, "type": kind}
    return _events.validate_python(named | fields)


def created(ts: int = NOW, **fields: Any) -> AccountEvent:
    """A sign-up."""
    return event("account.created", ts, **fields)


def profile(*events: AccountEvent, lists: Lists = LISTS) -> Profile:
    """What the events tell."""
    reading = Reading(
        KeyedHasher(b"pepper"),
        lambda ip: (64_500, PLACES.get(ip or "", "")) if ip else (-1, ""),
        lists,
        POLICY.famous_mail,
    )
    return reduce(join, (told(one, reading) for one in events), UNKNOWN)


def evidence(
    *events: AccountEvent,
    at: int = NOW,
    shared: dict[str, int] | None = None,
    lists: Lists = LISTS,
    policy: KycPolicy = POLICY,
) -> Evidence:
    """The account at a moment."""
    return Evidence(profile(*events, lists=lists), at, policy, shared or {})


def sees(name: str, *events: AccountEvent, **options: Any) -> Value:
    """What a signal sees of the account."""
    return SIGNALS[name].look(evidence(*events, **options))
