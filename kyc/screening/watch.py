"""Screening of what account events name: at sign-up, and whenever a name comes up."""

from collections.abc import Iterator, Sequence

from kyc.checked import SCREENING
from kyc.screening.screener import Screener, Subject
from schemas.events import (
    AccountCreated,
    AccountEvent,
    BusinessChecked,
    IdentityChecked,
    PaymentMethodChanged,
)


class Watch:
    """Screens the names in events. Names live only while this runs."""

    def __init__(self, screener: Screener) -> None:
        """Screen with `screener`."""
        self._screener = screener

    def reviews(self, events: Sequence[AccountEvent]) -> list[IdentityChecked | None]:
        """For each event a check that asks for a review, or None where nobody is named or meant.

        Never a `fail` and never a `pass`: a likeness of names neither convicts nor clears.
        """
        named = [(at, subject) for at, event in enumerate(events) for subject in subjects(event)]
        found = self._screener.screen([subject for _, subject in named])
        hits = {at for (at, _), candidates in zip(named, found, strict=True) if candidates}
        return [_review(event) if at in hits else None for at, event in enumerate(events)]


def subjects(event: AccountEvent) -> Iterator[Subject]:
    """Everybody whom an event names, with what it says of them."""
    told: list[tuple[str | None, str | None, str | None]] = []
    match event:
        case AccountCreated():
            told = [(event.name, None, event.country), (event.business_name, None, event.country)]
        case IdentityChecked():
            told = [(event.name, event.birth_date, event.country)]
        case BusinessChecked():
            told = [(owner.name, None, owner.country) for owner in event.owners or ()]
            told.append((event.business_name, None, event.country))
        case PaymentMethodChanged():
            told = [(event.name, None, event.country)]
    for name, born, country in told:
        if name:
            yield Subject(name, born, country)


def _review(event: AccountEvent) -> IdentityChecked:
    return IdentityChecked(
        event_id=event.event_id,
        account_id=event.account_id,
        ts=event.ts,
        type="identity.checked",
        vendor=SCREENING,
        result="review",
    )
