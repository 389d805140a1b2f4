"""What one AccountEvent tells, as a profile of its own to be joined with what is known.

Raw values live only while this runs: what is kept are keyed hashes, coarse values, marks and
times. The rows of things are those of kyc/things.py; beside them `domain`, by the hash of what was
registered, `failed` and `disputed`, by the event's hash, hold when. Where somebody signed in from
stands among the earliest facts, see kyc/signins.py.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from kyc import countries, signins
from kyc.checked import checked
from kyc.lists.kinds import Kind
from kyc.lists.lookups import Lists, registrable
from kyc.mail import address, passes_for
from kyc.marks import mark
from kyc.phones import phone
from kyc.plausible import firm_oddities, is_unspeakable, oddities
from kyc.profile import Profile, Thing
from kyc.things import FUNDING, METHODS, NETWORKS, Card, Factor, Mailbox, Number
from schemas.events import (
    AccountClosed,
    AccountCreated,
    AccountEvent,
    BusinessChecked,
    DomainVerified,
    EmailChanged,
    IdentityChecked,
    LoginTried,
    MfaChanged,
    PaymentMade,
    PaymentMethodChanged,
    PhoneVerified,
)

# A plus and seven digits: a block of some 10,000 numbers, as an operator or a farm gets them.
_PHONE_RANGE: Final = 8
_MOST_DIGITS: Final = 8
_NETWORK_LISTS: Final = tuple(Kind(f"{kind}_networks") for kind in NETWORKS)


class Hasher(Protocol):
    """Keyed hashes; 0 stands for what is not known."""

    def value(self, kind: str, text: str | None) -> int:
        """Hash a value of a kind."""

    def network(self, address: str | None) -> int:
        """Hash the /24 or /48 of an address."""


Locate = Callable[[str | None], tuple[int, str]]
"""ASN (-1: not known) and country ("": not known) of an address."""


class Reading(NamedTuple):
    """What events are read with. famous_mail: see kyc/policy.yaml."""

    hasher: Hasher
    locate: Locate
    lists: Lists
    famous_mail: frozenset[str]


def told(event: AccountEvent, by: Reading) -> Profile:
    """The profile of an account of which nothing but this event is known."""
    match event:
        case AccountCreated():
            return _created(event, by)
        case PaymentMethodChanged() | PaymentMade():
            return _billing(event, by.hasher)
        case IdentityChecked() | BusinessChecked():
            return _profile(event.ts, things=checked(event, by.hasher))
        case AccountClosed() if event.type == "account.erased":
            return Profile(erased=max(event.ts, 1))
        case _:
            return _proof(event, by)


def _proof(event: AccountEvent, by: Reading) -> Profile:
    match event:
        case EmailChanged():
            verified = event.ts if event.type == "email.verified" else 0
            changed = None if verified else event.type
            boxes = _mailboxes(event.email, (event.ts, verified), by)
            return _profile(event.ts, latest=changed, things=boxes)
        case PhoneVerified():
            block = by.hasher.value("phone_prefix", event.phone[:_PHONE_RANGE])
            return _profile(
                event.ts, things={"phone": {block: Number(event.ts, *phone(event.phone))}}
            )
        case DomainVerified():
            site = registrable(event.domain) or event.domain.strip().lower()
            site_hash = by.hasher.value("email_domain", site)
            return _profile(event.ts, things={"domain": {site_hash: (event.ts,)}})
        case MfaChanged():
            on = event.type == "mfa.enabled"
            row = Factor(event.ts if on else 0, 0 if on else event.ts)
            method = METHODS.index(event.method) + 1
            return _profile(event.ts, latest=event.type, things={"mfa": {method: row}})
        case LoginTried() if event.type == "login.succeeded":
            return _signed_in(event, by)
        case _:
            return _profile(event.ts, latest=event.type)


def _profile(
    ts: int,
    earliest: Mapping[str, int | str | None] = MappingProxyType({}),
    latest: str | None = None,
    things: Mapping[str, dict[int, Thing]] = MappingProxyType({}),
) -> Profile:
    """One event's facts; values that are not known (none, empty, 0) are left out."""
    known = {name: value for name, value in earliest.items() if value}
    return Profile(
        earliest={"seen": (ts, 0)} | {name: (ts, value) for name, value in known.items()},
        latest={latest: ts} if latest else {},
        things={kind: found for kind, found in things.items() if found and 0 not in found},
    )


def _created(event: AccountCreated, by: Reading) -> Profile:
    (asn, country), hasher = by.locate(event.ip), by.hasher
    odd, firm_odd = oddities(event.name), firm_oddities(event.business_name)
    signup = {
        "created": 1,
        "country": event.country,
        "network": hasher.network(event.ip),
        "asn": max(asn, 0),
        "place": country,
        "kinds": _network_kinds(event.ip, asn, by.lists),
        "device": hasher.value("device", event.device_id),
        "user_agent": hasher.value("user_agent", event.user_agent),
        "org": hasher.value("org", event.org_id),
        "program": event.program,
        "referrer": hasher.value("referrer", event.referrer),
        # Plus one: an oddity of none is known.
        "name_oddities": None if odd is None else odd + 1,
        "business_oddities": None if firm_odd is None else firm_odd + 1,
    }
    used = signins.clients(event.ts, event.device_id, event.user_agent, hasher.value)
    boxes = _mailboxes(event.email, (event.ts, 0), by)
    return _profile(
        event.ts, signup | signins.origin(country, used), things=boxes | {"client": used}
    )


def _signed_in(event: LoginTried, by: Reading) -> Profile:
    used = signins.clients(event.ts, event.device_id, event.user_agent, by.hasher.value)
    country = event.country or by.locate(event.ip)[1]
    told = signins.origin(country, used)
    return _profile(event.ts, told, event.type, {"client": used})


def _network_kinds(ip: str | None, asn: int, lists: Lists) -> int:
    """A mark of two bits for each of NETWORKS, the first lowest; 0 where no list says anything."""
    if ip is None:
        return 0
    marks = [mark(lists.network(kind, ip)) for kind in _NETWORK_LISTS]
    marks[0] = max(marks[0], mark(lists.datacentre_system(asn) if asn >= 0 else None))
    return sum(found << 2 * n for n, found in enumerate(marks))


def _mailboxes(
    email: str | None, times: tuple[int, int], by: Reading
) -> dict[str, dict[int, Thing]]:
    if not email:
        return {}
    told, lists = address(email), by.lists
    free, domain = lists.free(told.domain), told.domain
    row = Mailbox(
        *times,
        domain=by.hasher.value("email_domain", domain),
        site=by.hasher.value("email_domain", registrable(domain) or domain),
        tagged=mark(told.tagged),
        role=mark(lists.role(told.local)),
        free=mark(free),
        disposable=mark(lists.disposable(domain)),
        academic=mark(lists.university(domain)),
        lookalike=mark(free is not True and passes_for(domain, by.famous_mail)),
        registered=max(lists.registered(domain) or 0, 0),
        digits=1 + min(sum(map(str.isdigit, told.local)), _MOST_DIGITS),
        unspeakable=mark(is_unspeakable(told.local)),
    )
    return {"mailbox": {by.hasher.value("mailbox", told.mailbox): row}}


def _billing(event: PaymentMethodChanged | PaymentMade, hasher: Hasher) -> Profile:
    if isinstance(event, PaymentMade):
        return _payment(event, hasher)
    added = event.type == "payment_method.added"
    row = Card(
        event.ts if added else 0,
        0 if added else event.ts,
        hasher.value("bin", event.bin),
        FUNDING.index(event.funding or "unknown"),
        countries.number(event.country),
    )
    return _profile(event.ts, things={"card": {hasher.value("card", event.fingerprint): row}})


def _payment(event: PaymentMade, hasher: Hasher) -> Profile:
    if event.type == "payment.succeeded":
        return _profile(event.ts, {"paid": 1}, event.type)
    kind = event.type.partition(".")[2]
    # By the event: told twice it counts once.
    once: dict[int, Thing] = {hasher.value("event", event.event_id): (event.ts,)}
    return _profile(event.ts, latest=event.type, things={kind: once})
