"""Tiers and step-ups: what proves what, until when, and which proof is asked for next."""

from typing import Any

import pytest

from kyc.evidence import Evidence
from kyc.policy import KycPolicy
from kyc.profile import NEVER, Proof
from kyc.proven import FOREVER, proven_until, tier_at, tiers_until
from kyc.stepup import SILENT, Asking, ask
from kyc.tiers import Tier
from schemas.events import AccountEvent
from tests.unit.identities import DAY, NOW, POLICY, created, event, evidence

EMAIL = event("email.verified", email="ada@x.org")
PHONE = event("phone.verified", phone="+4915123456789")
VOIP = event("phone.verified", phone="+445612345678")
CARD = event("payment_method.added", fingerprint="c")
PAID = event("payment.succeeded")
MFA = event("mfa.enabled", method="totp")
DOMAIN = event("domain.verified", domain="x.org")
IDENTITY = event("identity.checked", vendor="v", result="pass")
BUSINESS = event("business.checked", vendor="v", result="pass")
STEP = POLICY.step_up
WEEK = STEP.lifetime


def policy(**step_up: Any) -> KycPolicy:
    return POLICY.model_copy(update={"step_up": STEP.model_copy(update=step_up)})


def tier(*events: AccountEvent, at: int = NOW + 1, **options: Any) -> Tier:
    seen = evidence(*events, at=at, **options)
    return tier_at(tiers_until(seen, proven_until(seen)), at)


def asked(held: Asking, seen: Evidence, score: float, *, decisive: bool = True) -> Asking:
    proven = proven_until(seen)
    return ask(held, seen, score, proven, threshold=STEP.threshold, decisive=decisive)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], 0),
        ([EMAIL], 0),
        ([EMAIL, PHONE], 1),
        ([EMAIL, CARD, PAID], 1),
        ([EMAIL, DOMAIN], 1),
        ([EMAIL, IDENTITY], 2),
        ([EMAIL, BUSINESS], 2),
        ([EMAIL, DOMAIN, PAID, MFA], 2),
        ([EMAIL, MFA, IDENTITY, BUSINESS], 3),
        ([PHONE, IDENTITY, BUSINESS, MFA], 0),
        ([EMAIL, VOIP], 0),
        ([event("email.verified", email="a@mailinator.com"), PHONE], 0),
    ],
)
def test_the_tier_that_proofs_lead_to(events: list[AccountEvent], expected: int) -> None:
    """One whole line of the policy, of proofs that are worth something."""
    assert tier(*events) == expected


@pytest.mark.parametrize(("days", "expected"), [(0, 3), (364, 3), (366, 2), (729, 2), (731, 0)])
def test_a_tier_ends_with_the_proofs_that_make_it(days: int, expected: int) -> None:
    """First the business, then the identity; what was basic needs a proof of its own."""
    assert tier(EMAIL, MFA, IDENTITY, BUSINESS, at=NOW + days * DAY) == expected


def test_a_proof_without_a_term_holds_until_it_is_taken_back() -> None:
    """A verified address is good for years, and gone with the next address."""
    assert proven_until(evidence(EMAIL, at=NOW + 3_000 * DAY)) == {Proof.EMAIL: FOREVER}
    changed = event("email.changed", NOW + 1, email="bo@x.org")
    assert not proven_until(evidence(EMAIL, changed, at=NOW + 1))


def test_a_document_that_verified_others_proves_nothing() -> None:
    """Not the second organisation within 90 days."""
    assert tier(EMAIL, IDENTITY, shared={"document_90d": 1}) == 2
    assert tier(EMAIL, IDENTITY, shared={"document_90d": 2}) == 0


@pytest.mark.parametrize(("share", "expected"), [(0.49, 2), (0.5, 0)])
def test_a_business_in_restricted_hands_proves_nothing(share: float, expected: int) -> None:
    """From the policy's share on."""
    owners = [{"name": "A", "country": "KP", "share": share}]
    firm = event("business.checked", vendor="v", result="pass", owners=owners)
    assert tier(EMAIL, firm) == expected


def test_a_dispute_takes_the_higher_tiers() -> None:
    """Until the first event after its time is over."""
    life = (EMAIL, IDENTITY, event("payment.disputed"))
    assert tier(*life, at=NOW + DAY) == 1
    assert tier(*life, at=NOW + 121 * DAY) == 2


def test_nothing_is_asked_below_the_threshold() -> None:
    """Of an account that was never asked."""
    assert asked(SILENT, evidence(created()), STEP.threshold - 0.01) == SILENT


def test_a_country_alone_never_asks() -> None:
    """However high the score is."""
    assert asked(SILENT, evidence(created()), 0.99, decisive=False) == SILENT


@pytest.mark.parametrize(
    ("score", "events", "wanted"),
    [
        (0.66, [], "enable_mfa"),
        (0.66, [MFA], "verify_phone"),
        (0.8, [], "verify_phone"),
        (0.9, [], "verify_identity"),
        (0.9, [created(email="a@firm.example")], "verify_domain"),
        (0.98, [IDENTITY], "manual_review"),
        (0.999, [], "manual_review"),
        (1.0, [], "manual_review"),
    ],
)
def test_the_cheapest_proof_that_is_enough_is_asked_for(
    score: float, events: list[AccountEvent], wanted: str
) -> None:
    """Of those that the account has not shown and can show; a person looks where none is."""
    assert asked(SILENT, evidence(*events), score).at(NOW) == wanted


def test_the_same_proof_is_never_asked_for_twice_in_a_row() -> None:
    """Not after it lapsed either."""
    first = asked(SILENT, evidence(), 0.8)
    assert first.at(NOW) == "verify_phone"
    again = asked(first, evidence(at=NOW + WEEK), 0.8)
    assert again.at(NOW + WEEK) == "verify_identity"


def test_an_asking_lapses() -> None:
    """After the policy's lifetime, when nothing renews it."""
    asking = asked(SILENT, evidence(), 0.8)
    assert (asking.at(NOW + WEEK - 1), asking.at(NOW + WEEK)) == ("verify_phone", None)


def test_an_asking_is_renewed_when_half_of_its_life_is_over() -> None:
    """Not with every event."""
    asking = asked(SILENT, evidence(), 0.8)
    assert asked(asking, evidence(at=NOW + 1), 0.8) is asking
    later = NOW + WEEK // 2
    assert asked(asking, evidence(at=later), 0.8) == asking._replace(until=later + WEEK)


def test_an_asking_stays_until_the_score_falls_clearly() -> None:
    """Below a share of the threshold: no flapping."""
    asking, keep = asked(SILENT, evidence(), 0.8), STEP.threshold * STEP.hysteresis
    assert asked(asking, evidence(at=NOW + 1), keep + 0.01).at(NOW + 1) == "verify_phone"
    assert asked(asking, evidence(at=NOW + 1), keep - 0.01).at(NOW + 1) is None


def test_a_proof_that_was_asked_for_ends_the_asking() -> None:
    """Whatever the model makes of it; and the score must rise by its worth before the next."""
    asking = asked(SILENT, evidence(), 0.8)
    shown = event("phone.verified", NOW + 1, phone="+4915123456789")
    answered = asked(asking, evidence(shown, at=NOW + 1), 0.8)
    assert (answered.until, answered.answered) == (NEVER, Proof.PHONE)
    assert asked(answered, evidence(shown, at=NOW + 2), 0.89).at(NOW + 2) is None
    assert asked(answered, evidence(shown, at=NOW + 2), 0.95).at(NOW + 2) == "verify_identity"


def test_a_proof_that_is_worth_nothing_leads_to_another() -> None:
    """A number of internet telephony answers, and does not prove."""
    asking = asked(SILENT, evidence(), 0.8)
    shown = event("phone.verified", NOW + 1, phone="+445612345678")
    assert asked(asking, evidence(shown, at=NOW + 1), 0.8).at(NOW + 1) == "verify_identity"


def test_a_check_that_fails_leads_to_a_person() -> None:
    """Not to the same check again."""
    asking = asked(SILENT, evidence(), 0.9)
    failed = event("identity.checked", NOW + 1, vendor="v", result="fail")
    assert asked(asking, evidence(failed, at=NOW + 1), 0.9).at(NOW + 1) == "manual_review"


def test_a_policy_may_leave_proofs_out() -> None:
    """They are never asked for."""
    few = policy(proofs={"verify_identity": STEP.proofs["verify_identity"]})
    assert asked(SILENT, evidence(policy=few), 0.7).at(NOW) == "verify_identity"
