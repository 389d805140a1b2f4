"""What one AccountEvent tells, as a profile of its own to be joined with what is known.

Raw values live only while this runs: what is kept are keyed hashes, coarse values and times.
Things are rows of numbers, joined by the largest of each:

    card      added, removed, bin (hash), funding (index in FUNDING)
    mailbox   told, verified, domain (hash); the one told last is the account's
    phone     verified; by the range that the number lies in, not the number
    domain    verified
    document  checked
    vendor    4 * time + result (index in RESULTS), of an identity check; so the latest, at the
    bureau    same time the worst, stands; bureau: of a business check
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Protocol

from kyc.profile import Profile, Thing
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

FUNDING: Final = ("unknown", "credit", "debit", "prepaid")
RESULTS: Final = ("pass", "review", "fail")
# Dots mean nothing there, and one mailbox has both names.
_DOTLESS: Final = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
# A plus and seven digits: a block of some 10,000 numbers, as an operator or a farm gets them.
_PHONE_RANGE: Final = 8


class Hasher(Protocol):
    """Keyed hashes; 0 stands for what is not known."""

    def value(self, kind: str, text: str | None) -> int:
        """Hash a value of a kind."""

    def network(self, address: str | None) -> int:
        """Hash the /24 or /48 of an address."""


Locate = Callable[[str | None], tuple[int, str]]
"""ASN (-1: not known) and country ("": not known) of an address."""


def mailbox(email: str) -> tuple[str, str]:
    """An address as its mailbox and domain: lower case, without tag and meaningless dots.

    What has no `@` is a mailbox without a domain.
    """
    local, at, domain = email.strip().lower().rpartition("@")
    if not at:
        return domain, ""
    local = local.split("+", 1)[0] or local
    if domain in _DOTLESS:
        local, domain = local.replace(".", ""), _DOTLESS[domain]
    return f"{local}@{domain}", domain


def told(event: AccountEvent, hasher: Hasher, locate: Locate) -> Profile:
    """The profile of an account of which nothing but this event is known."""
    match event:
        case AccountCreated():
            return _created(event, hasher, locate)
        case PaymentMethodChanged():
            return _card(event, hasher)
        case PaymentMade():
            return _payment(event)
        case IdentityChecked() | BusinessChecked():
            return _check(event, hasher)
        case AccountClosed() if event.type == "account.erased":
            return Profile(erased=max(event.ts, 1))
        case _:
            return _proof(event, hasher)


def _proof(event: AccountEvent, hasher: Hasher) -> Profile:
    match event:
        case EmailChanged():
            return _email(event, hasher)
        case PhoneVerified():
            block = hasher.value("phone_prefix", event.phone[:_PHONE_RANGE])
            return _profile(event.ts, things={"phone": {block: (event.ts,)}})
        case DomainVerified():
            domain = hasher.value("email_domain", event.domain.strip().lower())
            return _profile(event.ts, things={"domain": {domain: (event.ts,)}})
        case MfaChanged() | LoginTried() | AccountClosed():
            return _profile(event.ts, latest=event.type)
        case _:  # API keys: that there is one says nothing
            return _profile(event.ts)


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
        things={kind: found for kind, found in things.items() if 0 not in found},
    )


def _created(event: AccountCreated, hasher: Hasher, locate: Locate) -> Profile:
    asn, country = locate(event.ip)
    signup = {
        "created": 1,
        "country": event.country,
        "network": hasher.network(event.ip),
        "asn": max(asn, 0),
        "place": country,
        "device": hasher.value("device", event.device_id),
        "user_agent": hasher.value("user_agent", event.user_agent),
        "org": hasher.value("org", event.org_id),
        "program": event.program,
        "referrer": hasher.value("referrer", event.referrer),
    }
    return _profile(event.ts, signup, things=_mailboxes(event.email, (event.ts, 0), hasher))


def _email(event: EmailChanged, hasher: Hasher) -> Profile:
    verified = event.ts if event.type == "email.verified" else 0
    return _profile(event.ts, things=_mailboxes(event.email, (event.ts, verified), hasher))


def _mailboxes(
    email: str | None, times: tuple[int, int], hasher: Hasher
) -> dict[str, dict[int, Thing]]:
    whole, domain = mailbox(email or "")
    row = (*times, hasher.value("email_domain", domain))
    return {"mailbox": {hasher.value("mailbox", whole): row}}


def _card(event: PaymentMethodChanged, hasher: Hasher) -> Profile:
    added = event.type == "payment_method.added"
    row = (
        event.ts if added else 0,
        0 if added else event.ts,
        hasher.value("bin", event.bin),
        FUNDING.index(event.funding or "unknown"),
    )
    return _profile(event.ts, things={"card": {hasher.value("card", event.fingerprint): row}})


def _payment(event: PaymentMade) -> Profile:
    paid = {"paid": 1} if event.type == "payment.succeeded" else {}
    return _profile(event.ts, paid, event.type)


def _check(event: IdentityChecked | BusinessChecked, hasher: Hasher) -> Profile:
    vendor = hasher.value("vendor", event.vendor)
    result = (4 * event.ts + RESULTS.index(event.result),)
    if isinstance(event, BusinessChecked):
        return _profile(event.ts, things={"bureau": {vendor: result}})
    document = hasher.value("document", event.document_hash)
    return _profile(
        event.ts, things={"vendor": {vendor: result}, "document": {document: (event.ts,)}}
    )
