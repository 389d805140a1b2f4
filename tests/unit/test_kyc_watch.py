"""Names in account events: who is screened, and what a candidate leads to."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter

from kyc.checked import SCREENING
from kyc.evidence import Evidence
from kyc.lists.entries import Entry
from kyc.policy import load_kyc_policy
from kyc.profile import Profile
from kyc.screening.screener import Screener, Subject
from kyc.screening.watch import Watch, subjects
from kyc.signals.checks import identity_result
from schemas.events import AccountEvent
from stream.know.profiles import unseal
from stream.store import MemoryStore
from tests.unit.gates import NOW, ListSink, registry
from tests.unit.test_accounts import news, told

LISTED = "Evgenia Wolkonskaja"
WATCH = Watch(Screener([Entry(key="un:1", names=(LISTED,), birth_dates=("1971-03-02",))]))
_events: TypeAdapter[AccountEvent] = TypeAdapter(AccountEvent)


def event(kind: str, **fields: Any) -> AccountEvent:
    """An event of an account."""
    return _events.validate_python(
        {"event_id": "e", "account_id": "ada", "ts": NOW, "type": kind, **fields}
    )


def result(profile: Profile) -> float | None:
    """The worst latest result of the vendors of identity: 1 is a review."""
    return identity_result(Evidence(profile, NOW, load_kyc_policy(), {}))


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        (
            "account.created",
            {"name": "A B", "business_name": "C Ltd", "country": "DE"},
            [Subject("A B", None, "DE"), Subject("C Ltd", None, "DE")],
        ),
        (
            "identity.checked",
            {"vendor": "v", "result": "pass", "name": "A B", "birth_date": "1971-03-02"},
            [Subject("A B", "1971-03-02")],
        ),
        (
            "business.checked",
            {
                "vendor": "v",
                "result": "pass",
                "business_name": "C Ltd",
                "owners": [{"name": "A B", "country": "FR", "share": 1.0}],
            },
            [Subject("A B", None, "FR"), Subject("C Ltd")],
        ),
        ("payment_method.added", {"fingerprint": "f", "name": "A B"}, [Subject("A B")]),
        ("account.created", {"email": "a@b.org"}, []),
        ("email.verified", {"email": "a@b.org"}, []),
    ],
)
def test_everybody_who_is_named_is_screened(
    kind: str, fields: dict[str, Any], expected: list[Subject]
) -> None:
    """With what the event says of them."""
    assert list(subjects(event(kind, **fields))) == expected


def test_a_candidate_asks_for_a_review() -> None:
    """Never for a fail; of its account, at its event, and in the events' order."""
    events = [
        event("account.created", name="Somebody Else"),
        event("account.created", name="Yevgeniya Volkonskaya"),
        event("email.verified", email="a@b.org"),
    ]
    first, second, third = WATCH.reviews(events)
    assert first is None
    assert third is None
    assert second is not None
    assert (second.vendor, second.result, second.account_id) == (SCREENING, "review", "ada")
    assert second.name is None


async def test_the_profile_of_a_candidate_is_in_review() -> None:
    """From the event that names it on; others are untouched, and no name is kept."""
    store = MemoryStore()
    watching = replace(registry(ListSink(), store), watch=WATCH)
    await watching.handle(news(told(0, name=LISTED), told(1, account="bo", name="Bo Nobody")))
    assert result(unseal(store.profiles["ada"])) == 1.0
    assert result(unseal(store.profiles["bo"])) is None
    assert b"olkonskaja" not in store.profiles["ada"]


async def test_a_person_clears_a_candidate() -> None:
    """With a pass in the screening's name, later than the review."""
    store = MemoryStore()
    watching = replace(registry(ListSink(), store), watch=WATCH)
    passed = {"vendor": SCREENING, "result": "pass"}
    await watching.handle(
        news(told(0, name=LISTED), told(1, "identity.checked", ts=NOW + 1, **passed))
    )
    assert result(unseal(store.profiles["ada"])) is None


async def test_without_lists_nobody_is_screened() -> None:
    """A worker without lists of names goes on as before."""
    store = MemoryStore()
    await registry(ListSink(), store).handle(news(told(0, name=LISTED)))
    assert result(unseal(store.profiles["ada"])) is None
