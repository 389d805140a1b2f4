"""Signals of what identity and business vendors found."""

from kyc.evidence import Evidence
from kyc.marks import NO, NOT_KNOWN
from kyc.owners import Edge, restricted_share
from kyc.signals.registry import Appeal, Direction, signal
from kyc.things import Bureau, Vendor

_RAISES = Direction.RAISES


@signal(_RAISES, Appeal.CHECK)
def identity_result(seen: Evidence) -> float | None:
    """The worst latest result of the identity vendors: 0 pass, 1 review, 2 fail"""
    if not seen.things("vendor") and not seen.things("screening"):
        return None
    results = [Vendor(*row).result % 4 for row in seen.things("vendor").values()]
    doubts = [Vendor(*row).result % 4 for row in seen.things("screening").values()]
    found = [*results, *filter(None, doubts)]  # that screening found nobody is no pass
    return float(max(found)) if found else None


@signal(_RAISES, Appeal.SHARED)
def document_accounts(seen: Evidence) -> float | None:
    """How many accounts showed one of its identity documents"""
    return seen.shared.get("document")


@signal(_RAISES, Appeal.SHARED)
def document_organisations(seen: Evidence) -> bool | None:
    """Whether its document verified more organisations within 90 days than the policy allows"""
    shown = seen.shared.get("document_90d")
    return None if shown is None else shown > seen.policy.document_accounts


@signal(_RAISES, Appeal.CHECK)
def business_result(seen: Evidence) -> float | None:
    """The worst latest result of the business vendors: 0 pass, 1 review, 2 fail"""
    results = [Bureau(*row).result % 4 for row in seen.things("bureau").values()]
    return float(max(results)) if results else None


@signal(_RAISES, Appeal.CHECK)
def registration_malformed(seen: Evidence) -> bool | None:
    """Whether the registration number is not one of its country, by format and checksum"""
    checks = seen.things("bureau").values()
    found = max(Bureau(*row).registration for row in checks) % 4 if checks else NOT_KNOWN
    return None if found == NOT_KNOWN else found == NO


@signal(_RAISES, Appeal.CHECK)
def owners_restricted(seen: Evidence) -> float | None:
    """Share that owners in restricted jurisdictions hold, directly or through other companies"""
    owners = seen.things("owner").values()
    return restricted_share(map(Edge._make, owners), seen.policy.restricted) if owners else None
