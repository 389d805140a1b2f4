"""What the checks of vendors tell, as things of a profile (kyc/things.py).

Screening tells under a vendor's name as well, but it only ever doubts: that somebody is not the one
on a list does not say who it is. So its word is a thing of its own, and proves nothing.
"""

from typing import Final, Protocol

from kyc import countries
from kyc.marks import mark
from kyc.owners import OWNERS, Edge
from kyc.profile import Thing
from kyc.registrations import is_well_formed
from kyc.things import RESULTS, Bureau, Document, Vendor
from schemas.events import BusinessChecked, IdentityChecked

# A candidate is told as a vendor's finding: it goes to review like any other, and a person's
# `pass` under this name clears it.
SCREENING: Final = "sluicegate.screening"

Things = dict[str, dict[int, Thing]]


class Values(Protocol):
    """Keyed hashes; 0 stands for what is not known."""

    def value(self, kind: str, text: str | None) -> int:
        """Hash a value of a kind."""


def checked(event: IdentityChecked | BusinessChecked, hasher: Values) -> Things:
    """What a check tells."""
    if event.vendor == SCREENING:
        return {"screening": {hasher.value("vendor", SCREENING): Vendor(_result(event))}}
    return (
        _identity(event, hasher) if isinstance(event, IdentityChecked) else _business(event, hasher)
    )


def _identity(event: IdentityChecked, hasher: Values) -> Things:
    """The vendor's result, and the document that was shown."""
    issued = countries.COUNTRIES * event.ts + countries.number(event.country)
    document = hasher.value("document", event.document_hash)
    return {
        "vendor": {hasher.value("vendor", event.vendor): Vendor(_result(event))},
        "document": {document: Document(event.ts, issued)},
    }


def _business(event: BusinessChecked, hasher: Values) -> Things:
    """The vendor's result, the verdict on the registration number, and the largest owners."""
    formed = is_well_formed(event.registration_number, event.country)
    row = Bureau(_result(event), 4 * event.ts + mark(formed))
    owners = _owners(event, hasher)
    found: Things = {"bureau": {hasher.value("vendor", event.vendor): row}}
    return found | {"owner": owners} if owners else found


def _result(event: IdentityChecked | BusinessChecked) -> int:
    return 4 * event.ts + RESULTS.index(event.result)


def _owners(event: BusinessChecked, hasher: Values) -> dict[int, Thing]:
    company = hasher.value("party", _spelled(event.business_name or event.account_id))
    largest = sorted(event.owners or (), key=lambda owner: -owner.share)[:OWNERS]
    edges = (
        Edge(
            event.ts,
            round(1_000 * owner.share),
            countries.number(owner.country),
            company,
            hasher.value("party", _spelled(owner.name)),
        )
        for owner in largest
    )
    return {hasher.value("edge", f"{edge.company}:{edge.owner}"): edge for edge in edges}


def _spelled(name: str) -> str:
    """One spelling for the ways to write a name: a company is told by another's check."""
    return " ".join(name.casefold().replace(".", "").replace(",", " ").split())
