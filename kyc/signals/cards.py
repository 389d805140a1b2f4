"""Signals of cards and payments."""

from kyc import countries
from kyc.evidence import Evidence
from kyc.known import DAY_MS
from kyc.profile import NEVER
from kyc.signals.registry import Appeal, Direction, signal
from kyc.things import FUNDING, Document

_LOWERS, _RAISES = Direction.LOWERS, Direction.RAISES


def _differs(seen: Evidence, country: int | None) -> bool | None:
    if not country or not seen.cards:
        return None
    issued = {card.country for card in seen.cards} - {countries.UNKNOWN}
    return country not in issued if issued else None


@signal(_LOWERS, Appeal.CARD)
def card_held(seen: Evidence) -> bool | None:
    """Whether the account holds a card or another means of payment"""
    return any(card.added > card.removed for card in seen.cards)


@signal(_RAISES, Appeal.CARD)
def card_prepaid(seen: Evidence) -> bool | None:
    """Whether a card is prepaid, which needs no name"""
    kinds = {FUNDING[card.funding] for card in seen.cards} - {"unknown"}
    return "prepaid" in kinds if kinds else None


@signal(_LOWERS, Appeal.CARD)
def card_credit(seen: Evidence) -> bool | None:
    """Whether a card is one of credit, whose bank knows its holder"""
    kinds = {FUNDING[card.funding] for card in seen.cards} - {"unknown"}
    return "credit" in kinds if kinds else None


@signal(_RAISES, Appeal.COUNTRY)
def card_country_differs(seen: Evidence) -> bool | None:
    """Whether no card is of the country that the sign-up's address lies in"""
    return _differs(seen, seen.country("place"))


@signal(_RAISES, Appeal.COUNTRY)
def card_document_differs(seen: Evidence) -> bool | None:
    """Whether no card is of the country that the identity document is of"""
    shown = seen.things("document").values()
    latest = max(Document(*row).issued for row in shown) if shown else countries.UNKNOWN
    return _differs(seen, latest % countries.COUNTRIES)


@signal(_RAISES, Appeal.CARD)
def payments_failed_first(seen: Evidence) -> float | None:
    """How many payments failed before the first one that succeeded, 8 at most"""
    paid = seen.profile.earliest.get("paid")
    failed = seen.things("failed").values()
    if not failed:
        return None if paid is None else 0.0
    return float(sum(paid is None or ts <= paid[0] for (ts,) in failed))


@signal(_RAISES, Appeal.CARD)
def payments_disputed(seen: Evidence) -> float | None:
    """How many payments were disputed by the cardholder, 8 at most"""
    disputed = len(seen.things("disputed"))
    return float(disputed) if disputed or "paid" in seen.profile.earliest else None


@signal(_LOWERS, Appeal.TIME)
def paid_days(seen: Evidence) -> float | None:
    """Days since the first payment that succeeded, 90 at most"""
    since = seen.since("paid")
    return None if since is None else min(since / DAY_MS, 90.0)


@signal(_RAISES, Appeal.SHARED)
def card_accounts(seen: Evidence) -> float | None:
    """How many accounts use one of its cards"""
    return seen.shared.get("card")


@signal(_LOWERS, Appeal.CARD)
def card_kept(seen: Evidence) -> bool | None:
    """Whether no card was removed again"""
    cards = list(seen.things("card").values())
    return all(card[1] == NEVER for card in cards) if cards else None
