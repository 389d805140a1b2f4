"""Every signal: what it sees, what it does not see, and that order changes neither."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kyc.claims import MOST, MOST_IN_BURSTS, MOST_OF_ALL
from kyc.evidence import Evidence
from kyc.lists.lookups import Lists
from kyc.profile import join
from kyc.signals import NAMES, SIGNALS, rows
from kyc.signals.registry import Value, signal
from schemas.events import AccountEvent
from tests.unit.identities import (
    DAY,
    LISTS,
    NO_LISTS,
    NOW,
    POLICY,
    created,
    event,
    evidence,
    profile,
    sees,
)

MAIL = "email.changed"
CARD = "payment_method.added"


def mail(address: str) -> AccountEvent:
    return event(MAIL, email=address)


def phone(number: str, ts: int = NOW) -> AccountEvent:
    return event("phone.verified", ts, phone=number)


def card(ts: int = NOW, **fields: Any) -> AccountEvent:
    return event(CARD, ts, **{"fingerprint": "c1"} | fields)


def checked(result: str, ts: int = NOW, **fields: Any) -> AccountEvent:
    return event("identity.checked", ts, vendor="v", result=result, **fields)


def firm(ts: int = NOW, **fields: Any) -> AccountEvent:
    return event("business.checked", ts, **{"vendor": "v", "result": "pass"} | fields)


def owner(name: str, country: str, share: float) -> dict[str, Any]:
    return {"name": name, "country": country, "share": share}


# Each signal with the events that it looks at and what it sees in them.
TABLE: list[tuple[str, list[AccountEvent], Value]] = [
    ("email_verified", [], None),
    ("email_verified", [created(email="a@x.org")], False),
    ("email_verified", [created(email="a@x.org"), event("email.verified", email="a@x.org")], True),
    (
        "email_verified",
        [event("email.verified", email="a@x.org"), event(MAIL, NOW + 1, email="b@x.org")],
        False,
    ),
    ("email_disposable", [mail("a@mailinator.com")], True),
    ("email_disposable", [mail("a@x.org")], False),
    ("email_free", [mail("a@gmail.com")], True),
    ("email_free", [mail("a@x.org")], False),
    ("email_role", [mail("info@x.org")], True),
    ("email_role", [mail("info+tag@x.org")], True),
    ("email_role", [mail("ada@x.org")], False),
    ("email_tagged", [mail("ada+ai1@x.org")], True),
    ("email_tagged", [mail("ada+ai1@x.org"), event(MAIL, NOW + 1, email="ada@x.org")], True),
    ("email_tagged", [mail("ada@x.org")], False),
    ("email_tagged", [mail("+ada@x.org")], False),
    ("email_lookalike", [mail("a@gmai1.com")], True),
    ("email_lookalike", [mail("a@gmial.com")], True),
    ("email_lookalike", [mail("a@grnail.com")], True),
    ("email_lookalike", [mail("a@xn--gmal-nza.com")], True),
    ("email_lookalike", [mail("a@gmail.com")], False),
    ("email_lookalike", [mail("a@gmx.net")], False),
    ("email_academic", [mail("a@mit.edu")], True),
    ("email_academic", [mail("a@x.org")], False),
    ("email_domain_unknown", [mail("a@some-firm.example")], True),
    ("email_domain_unknown", [mail("a@gmail.com")], False),
    (
        "email_domain_unknown",
        [mail("a@mail.firm.com"), event("domain.verified", domain="firm.com")],
        False,
    ),
    ("email_digits", [], None),
    ("email_digits", [mail("ada@x.org")], 0.0),
    ("email_digits", [mail("ada.1815+tag9@x.org")], 4.0),
    ("email_digits", [mail("a1234567890@x.org")], 8.0),
    ("email_unspeakable", [], None),
    ("email_unspeakable", [mail("ada1815@x.org")], False),
    ("email_unspeakable", [mail("hirschfeld@x.org")], False),
    ("email_unspeakable", [mail("x7k2p9qz3v@x.org")], True),
    ("email_unspeakable", [mail("kvbtrwzp@x.org")], True),
    ("email_unspeakable", [mail("kv.btr@x.org")], True),
    ("domain_verified", [], False),
    ("domain_verified", [event("domain.verified", domain="firm.com")], True),
    ("domain_matches", [mail("a@firm.com")], None),
    ("domain_matches", [mail("a@firm.com"), event("domain.verified", domain="firm.com")], True),
    ("domain_matches", [mail("a@x.org"), event("domain.verified", domain="firm.com")], False),
    ("phone_verified", [], False),
    ("phone_verified", [phone("+14155552671")], True),
    ("phone_voip", [phone("+445612345678")], True),
    ("phone_voip", [phone("+445612345678"), phone("+4915123456789")], False),
    ("phone_voip", [phone("+4915123456789")], False),
    ("phone_voip", [], None),
    ("phone_toll_free", [phone("+18005551234")], True),
    ("phone_toll_free", [phone("+4915123456789")], False),
    ("phone_premium", [phone("+19005551234")], True),
    ("phone_premium", [phone("+4915123456789")], False),
    ("phone_country_differs", [created(country="US"), phone("+4915123456789")], True),
    ("phone_country_differs", [created(country="DE"), phone("+4915123456789")], False),
    ("phone_country_differs", [phone("+4915123456789")], None),
    ("mfa_strength", [], 0.0),
    ("mfa_strength", [event("mfa.enabled")], 2.0),
    ("mfa_strength", [event("mfa.enabled", method="sms")], 1.0),
    (
        "mfa_strength",
        [event("mfa.enabled", method="sms"), event("mfa.enabled", NOW + 1, method="webauthn")],
        3.0,
    ),
    (
        "mfa_strength",
        [
            event("mfa.enabled", NOW - 2, method="webauthn"),
            event("mfa.disabled", NOW - 1, method="webauthn"),
            event("mfa.enabled", method="sms"),
        ],
        1.0,
    ),
    ("mfa_strength", [event("mfa.enabled", NOW - 1), event("mfa.disabled")], 0.0),
    ("card_held", [], False),
    ("card_held", [card()], True),
    ("card_held", [card(), event("payment_method.removed", NOW + 1, fingerprint="c1")], False),
    ("card_prepaid", [card(funding="prepaid")], True),
    ("card_prepaid", [card(funding="credit")], False),
    ("card_prepaid", [card()], None),
    ("card_credit", [card(funding="credit")], True),
    ("card_credit", [card(funding="debit")], False),
    ("card_kept", [], None),
    ("card_kept", [card()], True),
    ("card_kept", [card(), event("payment_method.removed", NOW + 1, fingerprint="c1")], False),
    ("card_country_differs", [created(ip="203.0.113.7"), card(country="FR")], True),
    ("card_country_differs", [created(ip="203.0.113.7"), card(country="DE")], False),
    ("card_country_differs", [created(), card(country="DE")], None),
    ("card_country_differs", [created(ip="203.0.113.7"), card()], None),
    (
        "card_document_differs",
        [checked("pass", document_hash="d", country="US"), card(country="DE")],
        True,
    ),
    (
        "card_document_differs",
        [checked("pass", document_hash="d", country="DE"), card(country="DE")],
        False,
    ),
    ("card_document_differs", [checked("pass", document_hash="d"), card(country="DE")], None),
    ("payments_failed_first", [], None),
    (
        "payments_failed_first",
        [event("payment.failed", NOW - n) for n in (1, 2, 3)] + [event("payment.succeeded")],
        3.0,
    ),
    (
        "payments_failed_first",
        [event("payment.succeeded", NOW - 1), event("payment.failed")],
        0.0,
    ),
    ("payments_failed_first", [event("payment.failed")], 1.0),
    ("payments_disputed", [], None),
    ("payments_disputed", [event("payment.succeeded")], 0.0),
    ("payments_disputed", [event("payment.disputed"), event("payment.disputed", NOW - 1)], 2.0),
    ("paid_days", [], None),
    ("paid_days", [event("payment.succeeded", NOW - 3 * DAY)], 3.0),
    ("paid_days", [event("payment.succeeded", NOW - 300 * DAY)], 90.0),
    ("signup_country_differs", [created(country="FR", ip="203.0.113.7")], True),
    ("signup_country_differs", [created(country="DE", ip="203.0.113.7")], False),
    ("signup_country_differs", [created(country="DE")], None),
    ("name_odd", [], None),
    ("name_odd", [created(name="Ada Lovelace")], 0.0),
    ("name_odd", [created(name="Ng")], 0.0),
    ("name_odd", [created(name="陳大文")], 0.0),
    ("name_odd", [created(name="test test")], 2.0),
    ("name_odd", [created(name="asdf1")], 2.0),
    ("business_name_odd", [created(name="Ada")], None),
    ("business_name_odd", [created(business_name="3M")], 0.0),
    ("business_name_odd", [created(business_name="GmbH")], 1.0),
    ("program_unsupported", [created()], None),
    ("program_unsupported", [created(program="education", email="a@gmail.com")], True),
    ("program_unsupported", [created(program="education", email="a@mit.edu")], False),
    ("program_unsupported", [created(program="research", email="a@mit.edu")], False),
    ("program_unsupported", [created(program="startup", email="a@mit.edu")], True),
    ("program_unsupported", [created(program="startup"), firm()], False),
    ("program_unsupported", [created(program="security_research"), checked("pass")], False),
    ("account_days", [event("login.succeeded")], None),
    ("account_days", [created(NOW - 2 * DAY)], 2.0),
    ("identity_result", [], None),
    ("identity_result", [checked("pass")], 0.0),
    ("identity_result", [checked("fail", NOW - 1), checked("review")], 1.0),
    (
        "identity_result",
        [checked("pass"), event("identity.checked", vendor="w", result="fail")],
        2.0,
    ),
    ("business_result", [], None),
    ("business_result", [firm()], 0.0),
    ("business_result", [firm(result="fail")], 2.0),
    ("registration_malformed", [firm()], None),
    ("registration_malformed", [firm(registration_number="732829320", country="FR")], False),
    ("registration_malformed", [firm(registration_number="732829321", country="FR")], True),
    ("registration_malformed", [firm(registration_number="HRB 1234", country="DE")], False),
    ("registration_malformed", [firm(registration_number="1234", country="AQ")], None),
    ("owners_restricted", [firm()], None),
    ("owners_restricted", [firm(owners=[owner("A", "DE", 1.0)])], 0.0),
    (
        "owners_restricted",
        [firm(owners=[owner("A", "DE", 0.4), owner("B", "IR", 0.35), owner("C", "CU", 0.25)])],
        0.6,
    ),
    (
        "owners_restricted",
        [
            firm(business_name="Child Ltd", owners=[owner("Parent, Inc.", "US", 0.8)]),
            firm(NOW + 1, business_name="parent inc", owners=[owner("B", "KP", 0.5)]),
        ],
        0.4,
    ),
    (
        "owners_restricted",
        [
            firm(NOW - 1, business_name="X", owners=[owner("B", "KP", 0.9)]),
            firm(business_name="X", owners=[owner("A", "DE", 1.0)]),
        ],
        0.0,
    ),
]
SHARED = {
    "email_accounts": "mailbox",
    "phone_accounts": "phone_prefix",
    "card_accounts": "card",
    "signup_device_accounts": "device",
    "signup_device_week": "device_7d",
    "signup_network_accounts": "subnet",
    "signup_twins": "twin",
    "signup_twins_week": "twin_7d",
    "signups_hour": "signups_1h",
    "signups_day": "signups_24h",
    "document_accounts": "document",
}
# Of a thousand sign-ups of 90 days fifty came with the client; ten came from its network.
ALIKE = {"plain_twin": 3, "subnet": 10, "client_90d": 50, "signup_90d": 1_000}
BURSTS = {
    "signups_domain_burst": "site",
    "signups_system_burst": "system",
    "signups_referrer_burst": "referrer",
}
OWN_TESTS = {"document_organisations", "email_domain_days", "signup_clients_alike", *BURSTS}
NETWORKS = {
    f"signup_{kind}": f"198.51.{n}.9"
    for n, kind in enumerate(("datacentre", "vpn", "tor", "relay", "runner"))
}


@pytest.mark.parametrize(("name", "events", "value"), TABLE)
def test_what_it_sees(name: str, events: list[AccountEvent], value: Value) -> None:
    """In the events of one account."""
    assert sees(name, *events) == (value if value is None else pytest.approx(value))


@pytest.mark.parametrize(("name", "kind"), SHARED.items())
def test_what_others_share(name: str, kind: str) -> None:
    """As many as are counted; not known where nothing was counted."""
    assert sees(name, shared={kind: 7}) == 7
    assert sees(name) is None


@pytest.mark.parametrize(("accounts", "value"), [(None, None), (1, False), (2, True)])
def test_a_document_verifies_one_organisation_within_90_days(
    accounts: int | None, value: bool | None
) -> None:
    """As the policy says: one."""
    shared = {} if accounts is None else {"document_90d": accounts}
    assert sees("document_organisations", shared=shared) is value


@pytest.mark.parametrize(
    ("counts", "value"),
    [
        ({}, -math.log10(0.0712)),  # two or more of nine, each one in twenty
        ({"plain_twin": 10}, 9.0),
        ({"plain_twin": 2}, 0.0),
        ({"client_90d": 1_000}, 0.0),
        ({"subnet": 3}, -math.log10(0.0025)),
        ({"subnet": MOST}, None),
        ({"signup_90d": MOST_OF_ALL, "signup_24h": 100, "client_24h": 100}, 0.0),
        ({"signup_90d": MOST_OF_ALL, "client_90d": MOST_OF_ALL}, 0.0),
    ],
)
def test_neighbours_alike(counts: dict[str, int], value: float | None) -> None:
    """Surprising by how seldom the client is among all sign-ups; never of two, nor of a crowd."""
    seen = sees("signup_clients_alike", shared=ALIKE | counts)
    assert seen == (value if value is None else pytest.approx(value, abs=1e-3))
    assert sees("signup_clients_alike") is None


@pytest.mark.parametrize(("name", "kind"), BURSTS.items())
@pytest.mark.parametrize(
    ("today", "ever", "all_ever", "value"),
    [
        (2, 2, 1_180, 0.0),
        (8, 8, 1_180, 9.0),  # 7 others where 0.09 are usual
        (5, 45, 1_180, 0.298),  # 4 others or more where 3.7 are
        (5, 5, 100, 0.138),  # the stream is of today: 5.0 may be
        (20, 20, 100, 5.916),
        (5, MOST_IN_BURSTS, 1_180, 0.0),
    ],
)
def test_a_rush(name: str, kind: str, today: int, ever: int, all_ever: int, value: float) -> None:
    """Surprising by its share of all sign-ups before, and a hundred today; never of two, nor of a
    crowd."""
    counts = {f"{kind}_24h": today, f"{kind}_90d": ever, "signup_24h": 100}
    assert sees(name, shared=counts | {"signup_90d": all_ever}) == pytest.approx(value, abs=1e-2)
    assert sees(name) is None


def test_the_age_of_a_domain() -> None:
    """Of the domain or what was registered of it, where a list tells it; a year at most."""
    today = NOW // DAY
    lists = Lists(dates={"young.example": today - 9, "old.example": 0, "late.example": today + 3})
    ages = {
        mail: sees("email_domain_days", created(email=f"a@{mail}"), lists=lists)
        for mail in ("young.example", "mail.young.example", "old.example", "late.example", "x.org")
    }
    assert list(ages.values()) == [9.0, 9.0, None, 0.0, None]
    aged = Lists(dates={"old.example": 1})
    assert sees("email_domain_days", created(email="a@old.example"), lists=aged) == 365.0
    assert sees("email_domain_unknown", created(email="a@old.example"), lists=aged) is False


@pytest.mark.parametrize(("name", "address"), NETWORKS.items())
def test_what_kind_of_network(name: str, address: str) -> None:
    """Yes in its own list, no in another's, not known without lists or address."""
    assert sees(name, created(ip=address)) is True
    assert sees(name, created(ip="192.0.2.1")) is False
    assert sees(name, created(ip=address), lists=NO_LISTS) is None
    assert sees(name, created()) is None


def test_every_signal_is_in_a_table() -> None:
    """None without a test of its own."""
    tabled = {name for name, _, _ in TABLE}
    assert tabled | set(SHARED) | set(NETWORKS) | OWN_TESTS == set(SIGNALS)


@pytest.mark.parametrize("name", NAMES)
def test_every_signal_explains_itself(name: str) -> None:
    """A sentence that fits a reason, and a way to appeal."""
    told = SIGNALS[name]
    assert told.name == name
    assert 20 < len(told.text) < 160
    assert not told.text.endswith(".")
    assert told.appeal.value.endswith(".")


def test_a_signal_without_text_is_refused() -> None:
    """Nobody could be told why."""

    def mute(_: Evidence) -> Value:
        return None

    with pytest.raises(ValueError, match="docstring"):
        signal(SIGNALS["name_odd"].direction, SIGNALS["name_odd"].appeal)(mute)


def test_nothing_known_is_not_zero() -> None:
    """Of an account of which nothing was told only what it has not shown is known."""
    found = dict(zip(NAMES, rows([evidence()])[0].tolist(), strict=True))
    known = {name for name, value in found.items() if not np.isnan(value)}
    assert known == {"phone_verified", "domain_verified", "card_held", "mfa_strength"}


_TOLD = [one for _, events, _ in TABLE for one in events]


@settings(max_examples=50)
@given(st.lists(st.sampled_from(_TOLD), max_size=12), st.data())
def test_order_and_repeats_do_not_change_what_is_seen(
    events: list[AccountEvent], data: st.DataObject
) -> None:
    """Any permutation, with any of them again, gives the same profile and the same row."""
    again = data.draw(st.lists(st.sampled_from(events), max_size=4)) if events else []
    shuffled = data.draw(st.permutations(events + again))
    assert profile(*shuffled) == profile(*events)
    assert np.array_equal(rows([evidence(*shuffled)]), rows([evidence(*events)]), equal_nan=True)


def test_what_a_list_said_outlasts_the_list() -> None:
    """A sign-up over Tor stays one when it is told again by a worker without lists."""
    signup = created(ip="198.51.2.9")
    both = join(profile(signup, lists=LISTS), profile(signup, lists=NO_LISTS))
    assert SIGNALS["signup_tor"].look(Evidence(both, NOW, POLICY)) is True
