"""What may bring about a step-up: only what an account has shown."""

import numpy as np
import pytest

from kyc.reasons import decisive
from kyc.signals import NAMES


def evidence(**seen: float) -> float:
    """The decisive log-odds of signals that saw these values, each of which adds 1."""
    row = np.full(len(NAMES), np.nan, np.float32)
    contributions = np.zeros(len(NAMES), np.float32)
    for name, value in seen.items():
        row[NAMES.index(name)], contributions[NAMES.index(name)] = value, 1.0
    return decisive(row, contributions)


@pytest.mark.parametrize(
    ("name", "innocent", "evident"),
    [
        ("card_accounts", 2, 3),
        ("email_accounts", 2, 3),
        ("phone_accounts", 2, 3),
        ("document_accounts", 1, 2),
        ("document_organisations", 0, 1),
        ("signup_device_accounts", 1, 2),
        ("signup_clients_alike", 1.5, 1.6),
    ],
)
def test_a_couple_is_no_evidence(name: str, innocent: float, evident: float) -> None:
    """Two of one card, mailbox or number; a second one of a document or machine is evidence."""
    assert evidence(**{name: innocent}) == 0.0
    assert evidence(**{name: evident}) == 1.0


def test_newcomers_and_crowds_decide_nothing() -> None:
    """Being new, without a card, or behind an address where many sign up."""
    assert evidence(account_days=0.0, card_held=0.0, signup_twins=40.0, signups_hour=90.0) == 0.0
