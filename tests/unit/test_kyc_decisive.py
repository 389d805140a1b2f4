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
    ("name", "alone", "evident"),
    [
        ("card_accounts", 1, 2),
        ("email_accounts", 1, 2),
        ("phone_accounts", 1, 2),
        ("document_accounts", 1, 2),
        ("document_organisations", 0, 1),
        ("signup_device_accounts", 1, 2),
        ("signup_device_week", 1, 2),
        ("signup_twins", 1, 2),
        ("signup_twins_week", 1, 2),
        ("signups_hour", 1, 2),
        ("signups_day", 1, 2),
        ("signup_clients_alike", 0, 0.1),
    ],
)
def test_an_account_alone_is_no_evidence(name: str, alone: float, evident: float) -> None:
    """Another with the same is: what that is worth in a stream, its bar says."""
    assert evidence(**{name: alone}) == 0.0
    assert evidence(**{name: evident}) == 1.0


def test_newcomers_decide_nothing() -> None:
    """Being new, without a card, or behind an address where many have signed up."""
    assert evidence(account_days=0.0, card_held=0.0, signup_network_accounts=40.0) == 0.0


def test_countries_and_networks_decide_nothing() -> None:
    """However many of them speak against it."""
    hints = {"card_country_differs": 1.0, "signup_tor": 1.0, "signup_runner": 1.0}
    assert evidence(**hints, signup_country_differs=1.0, phone_country_differs=1.0) == 0.0
