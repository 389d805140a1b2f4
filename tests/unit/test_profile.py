"""What is known of an account: the same whatever the order, however often, wherever cut."""

from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from kyc.checked import SCREENING
from kyc.facts import Reading, told
from kyc.known import DISPUTED_MS, ESTABLISHED_AGE_MS, ESTABLISHED_PAID_MS, Proof, proofs, summary
from kyc.links import PROGRAMS, links
from kyc.lists.lookups import Lists
from kyc.profile import CAP, CAPS, UNKNOWN, Profile, decode, encode, join
from schemas.events import AccountEvent
from stream.decode.hashing import KeyedHasher
from stream.know.profiles import Position, know, seal

NOW = 1_780_000_000_000
DAY = 86_400_000
HASHER = KeyedHasher(b"pepper")
READING = Reading(
    HASHER, lambda ip: (64_500, "DE") if ip else (-1, ""), Lists(), frozenset({"gmail.com"})
)
EVENTS: TypeAdapter[AccountEvent] = TypeAdapter(AccountEvent)
PERSONAL = {
    "email": "Ada.Love+x@Gmail.com",
    "name": "Ada Lovelace",
    "ip": "198.51.100.7",
    "device_id": "device-of-ada",
    "user_agent": "agent-of-ada",
    "org_id": "org-of-ada",
    "referrer": "friend-of-ada",
    "fingerprint": "card-of-ada",
    "phone": "+14155550123",
    "document_hash": "passport-of-ada",
    "vendor": "vendor-of-ada",
    "domain": "ada.example",
}

_few = st.sampled_from
_kinds: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "account.created": {
        "email": _few(["a@x.org", "b@gmail.com", "nonsense"]),
        "country": _few(["DE", "US"]),
        "device_id": _few(["d1", "d2"]),
        "ip": _few(["192.0.2.1", "2001:db8::1"]),
        "program": _few(["research", "startup"]),
    },
    "email.verified": {"email": _few(["a@x.org", "b@gmail.com"])},
    "email.changed": {"email": st.from_regex(r"[a-h]@x\.org", fullmatch=True)},
    "phone.verified": {"phone": st.from_regex(r"\+1[0-9]{8}", fullmatch=True)},
    "mfa.enabled": {},
    "mfa.disabled": {},
    "payment_method.added": {
        "fingerprint": st.integers(0, 20).map(str),
        "bin": _few(["400000", "510000"]),
        "funding": _few(["credit", "prepaid"]),
    },
    "payment_method.removed": {"fingerprint": st.integers(0, 20).map(str)},
    "payment.succeeded": {},
    "payment.failed": {},
    "payment.disputed": {},
    "domain.verified": {"domain": _few(["x.org", "y.org"])},
    "identity.checked": {
        "vendor": _few(["v", "w"]),
        "result": _few(["pass", "review", "fail"]),
        "document_hash": st.integers(0, 9).map(str),
    },
    "business.checked": {"vendor": _few(["v"]), "result": _few(["pass", "fail"])},
    "login.succeeded": {},
    "api_key.created": {"api_key_id": _few(["k"])},
    "account.closed": {},
}


def event(kind: str, ts: int = NOW, **fields: Any) -> AccountEvent:
    body = {"event_id": "e", "account_id": "ada", "ts": ts, "type": kind, **fields}
    return EVENTS.validate_python(body)


def profile(*events: AccountEvent) -> Profile:
    facts = (told(e, READING) for e in events)
    return reduce(join, facts, UNKNOWN)


@st.composite
def some_events(draw: st.DrawFn, kinds: tuple[str, ...] = tuple(_kinds)) -> list[AccountEvent]:
    """Events of one account, times close together so that many are equal."""
    found = []
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=25)):
        fields = {name: draw(values) for name, values in _kinds[kind].items()}
        found.append(event(kind, draw(st.integers(1, 8)), **fields))
    return found


class TestJoin:
    """A semilattice."""

    @given(some_events(), st.data())
    def test_order_and_repeats_do_not_matter(
        self, events: list[AccountEvent], data: st.DataObject
    ) -> None:
        """Any permutation, with any of them again, gives the same bytes."""
        repeated = data.draw(st.lists(st.sampled_from(events), max_size=8)) if events else []
        shuffled = data.draw(st.permutations(events + repeated))
        assert encode(profile(*shuffled)) == encode(profile(*events))

    @given(some_events(), st.data())
    def test_it_does_not_matter_where_a_crash_cuts(
        self, events: list[AccountEvent], data: st.DataObject
    ) -> None:
        """What was packed, read again and told again from anywhere before, is the same."""
        cut = data.draw(st.integers(0, len(events)))
        again = data.draw(st.integers(0, cut))
        held = decode(encode(profile(*events[:cut])))
        assert encode(join(held, profile(*events[again:]))) == encode(profile(*events))

    @given(some_events(), some_events(), st.data())
    def test_erasure_leaves_nothing_in_any_order(
        self, before: list[AccountEvent], after: list[AccountEvent], data: st.DataObject
    ) -> None:
        """Only that and when it was."""
        events = data.draw(st.permutations([*before, event("account.erased", 5), *after]))
        assert encode(profile(*events)) == encode(Profile(erased=5))

    @given(st.permutations(range(30)))
    def test_the_kept_of_many_cards_do_not_depend_on_their_order(self, order: list[int]) -> None:
        """Bounded memory, and two accounts with the same cards keep the same ones."""
        cards = [event("payment_method.added", n, fingerprint=str(n)) for n in order]
        kept = profile(*cards).things["card"]
        assert len(kept) == CAPS["card"]
        assert kept.keys() == set(sorted(HASHER.value("card", str(n)) for n in order)[:8])

    def test_every_kind_of_thing_is_bounded(self) -> None:
        """A farm that changes its address daily costs no more than another account."""
        boxes = (event("email.changed", n, email=f"{n}@x.org") for n in range(50))
        assert len(profile(*boxes).things["mailbox"]) == CAP


class TestFacts:
    """What single events say."""

    def test_nothing_personal_is_kept(self) -> None:
        """No raw value in the bytes, whatever the event."""
        kinds = {
            "account.created": (
                "email",
                "name",
                "ip",
                "device_id",
                "user_agent",
                "org_id",
                "referrer",
            ),
            "email.verified": ("email",),
            "phone.verified": ("phone",),
            "payment_method.added": ("fingerprint", "name"),
            "domain.verified": ("domain",),
        }
        events = [
            event(k, **{name: PERSONAL[name] for name in names}) for k, names in kinds.items()
        ]
        identity = {name: PERSONAL[name] for name in ("vendor", "name", "document_hash")}
        known = profile(*events, event("identity.checked", result="pass", **identity))
        packed = seal(known, Position(0, 0), 1).lower()
        assert len(known.things) == 7
        assert [v for v in PERSONAL.values() if v.lower().encode() in packed] == []

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("Ada@X.org", "ada@x.ORG", True),
            ("ada+news@x.org", "ada@x.org", True),
            ("a.d.a@gmail.com", "ada@googlemail.com", True),
            ("a.da@x.org", "ada@x.org", False),
            ("+ada@x.org", "+bo@x.org", False),
            ("ada@x.org", "ada@y.org", False),
        ],
    )
    def test_spellings_of_one_mailbox_are_one(self, one: str, other: str, same: bool) -> None:
        """Case, tags, and dots where they mean nothing."""
        hashes = [profile(event("email.changed", email=e)).things["mailbox"] for e in (one, other)]
        assert (hashes[0].keys() == hashes[1].keys()) is same

    def test_the_first_sign_up_holds(self) -> None:
        """A second one with the same account is a repeat or an error."""
        late, early = (event("account.created", ts, device_id=f"d{ts}") for ts in (9, 3))
        known = profile(late, early)
        assert known.earliest["created"][0] == 3
        assert known.earliest["device"] == (3, HASHER.value("device", "d3"))

    def test_a_devices_hash_is_that_of_requests(self) -> None:
        """Or sign-up and requests could not be linked."""
        known = profile(event("account.created", device_id="d", ip="192.0.2.77"))
        assert known.earliest["device"][1] == HASHER.hash_column("device", ["d"])[0]
        assert known.earliest["network"][1] == HASHER.network_column(["192.0.2.1"])[0]

    def test_the_place_of_a_sign_up_is_kept(self) -> None:
        """Beside the country that was declared."""
        known = profile(event("account.created", ip="192.0.2.1", country="US"))
        found = (known.earliest[name][1] for name in ("country", "place", "asn"))
        assert tuple(found) == ("US", "DE", 64_500)


class TestProofs:
    """What an account has shown of itself."""

    @pytest.mark.parametrize(
        ("proof", "events"),
        [
            (Proof.EMAIL, [("email.verified", {"email": "a@x.org"})]),
            (Proof.PHONE, [("phone.verified", {"phone": "+14155550123"})]),
            (Proof.MFA, [("mfa.enabled", {})]),
            (Proof.CARD, [("payment_method.added", {"fingerprint": "c"})]),
            (Proof.PAID, [("payment.succeeded", {})]),
            (Proof.DOMAIN, [("domain.verified", {"domain": "x.org"})]),
            (Proof.IDENTITY, [("identity.checked", {"vendor": "v", "result": "pass"})]),
            (Proof.BUSINESS, [("business.checked", {"vendor": "v", "result": "pass"})]),
        ],
    )
    def test_each_event_proves_its_own(
        self, proof: Proof, events: list[tuple[str, dict[str, Any]]]
    ) -> None:
        """And nothing else."""
        assert proofs(profile(*(event(kind, **fields) for kind, fields in events))) == proof

    @pytest.mark.parametrize("kind", ["identity.checked", "business.checked"])
    @pytest.mark.parametrize("said", ["pass", "review"])
    def test_what_screening_says_proves_nothing(self, kind: str, said: str) -> None:
        """That somebody is on no list does not say who it is."""
        assert proofs(profile(event(kind, vendor=SCREENING, result=said))) == Proof(0)

    def test_who_is_on_a_list_has_no_identity(self) -> None:
        """A person said so in the screening's name; until the same says otherwise."""
        told = [("v", "pass"), (SCREENING, "fail"), (SCREENING, "pass")]
        events = [
            event("identity.checked", NOW + n, vendor=vendor, result=said)
            for n, (vendor, said) in enumerate(told)
        ]
        assert proofs(profile(*events[:2])) == Proof(0)
        assert proofs(profile(*events)) == Proof.IDENTITY

    @pytest.mark.parametrize(
        "withdrawn",
        [
            [("mfa.enabled", {}), ("mfa.disabled", {})],
            [
                ("payment_method.added", {"fingerprint": "c"}),
                ("payment_method.removed", {"fingerprint": "c"}),
            ],
            [("email.verified", {"email": "a@x.org"}), ("email.changed", {"email": "b@x.org"})],
            [
                ("identity.checked", {"vendor": "v", "result": "pass"}),
                ("identity.checked", {"vendor": "v", "result": "fail"}),
            ],
        ],
    )
    def test_the_later_word_counts(self, withdrawn: list[tuple[str, dict[str, Any]]]) -> None:
        """Whichever comes first."""
        events = [event(kind, NOW + n, **fields) for n, (kind, fields) in enumerate(withdrawn)]
        assert proofs(profile(*events)) == proofs(profile(*reversed(events))) == Proof(0)
        swapped = [event(kind, NOW - n, **fields) for n, (kind, fields) in enumerate(withdrawn)]
        assert proofs(profile(*swapped)) != Proof(0)


@pytest.mark.parametrize(
    ("events", "days", "established"),
    [
        ([], 1_000, False),
        ([("account.created", {})], ESTABLISHED_AGE_MS / DAY - 0.1, False),
        ([("account.created", {})], ESTABLISHED_AGE_MS / DAY, True),
        ([("payment.succeeded", {})], ESTABLISHED_PAID_MS / DAY - 0.1, False),
        ([("payment.succeeded", {})], ESTABLISHED_PAID_MS / DAY, True),
        ([("domain.verified", {"domain": "x.org"})], 0, True),
        ([("phone.verified", {"phone": "+14155550123"})], 0, False),
        ([("payment.disputed", {})], DISPUTED_MS / DAY, False),
        ([("payment.disputed", {})], DISPUTED_MS / DAY + 0.1, True),
    ],
)
def test_what_establishes_an_account(
    events: list[tuple[str, dict[str, Any]]], days: float, established: bool
) -> None:
    """Age, a payment that stood, or a strong proof; a dispute outweighs them for a while."""
    known = profile(*(event(kind, **fields) for kind, fields in events))
    columns = know([seal(known, Position(0, 0), 0)])
    moment = columns.begun[:1] * 0 + NOW + int(days * DAY)
    assert columns.established(columns.begun * 0, moment).tolist() == [established]


def test_age_counts_from_the_sign_up() -> None:
    """Or else from what was first heard; of an unknown account it is not known."""
    signed_up = profile(event("account.created", NOW), event("login.succeeded", NOW - DAY))
    heard_of = profile(event("login.succeeded", NOW - DAY))
    place = Position(0, 0)
    columns = know([seal(signed_up, place, 0), seal(heard_of, place, 0), None])
    account = columns.begun.argsort() * 0 + [0, 1, 2]
    assert columns.age(account, account * 0 + NOW + DAY).tolist() == [DAY, 2 * DAY, -1]
    assert summary(UNKNOWN).proofs == 0


def test_links_are_told_by_the_contracts_kinds() -> None:
    """What an account may share with another, removed cards included."""
    known = profile(
        event(
            "account.created",
            email="a@x.org",
            ip="192.0.2.1",
            device_id="d",
            user_agent="u",
            program="research",
            referrer="r",
        ),
        event("payment_method.added", fingerprint="c", bin="400000"),
        event("payment_method.removed", NOW + 1, fingerprint="c"),
        event("phone.verified", phone="+14155550123"),
        event("identity.checked", vendor="v", result="pass", document_hash="p"),
    )
    found = links(known)
    assert found.keys() == {
        *("card", "bin", "device", "subnet", "asn", "user_agent", "email_domain", "mailbox"),
        *("phone_prefix", "document", "signup_burst", "referrer", "program"),
    }
    assert found["bin"] == {HASHER.value("bin", "400000")}
    assert found["signup_burst"] == {NOW // 3_600_000}
    assert found["asn"] == {64_500}
    assert {PROGRAMS[program] for program in found["program"]} == {"research"}
    assert {0 < value < 2**64 for values in found.values() for value in values} == {True}
    assert links(UNKNOWN) == {}
