"""Reasons of a KYC score: what each signal adds to it, in the signal's own words."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from kyc.signals import NAMES, SIGNALS, Appeal, Direction

MOST: Final = 5
_DECIMALS: Final = 4
# Where somebody is, or from which network, is a hint and never enough.
_HINTS: Final = frozenset({Appeal.COUNTRY, Appeal.NETWORK})
# A launch brings its crowd through one link, all of them newcomers: established accounts, from whom
# the bar comes, could not tell how usual that is.
_RUSH: Final = "signups_referrer_burst"
# What an account has not shown yet, and that it is new, is true of every newcomer: only what it
# has shown may decide. How much of it honest people show in the stream at hand, the bar knows.
_DECISIVE: Final = np.array(
    [
        SIGNALS[name].appeal not in _HINTS
        and SIGNALS[name].direction is Direction.RAISES
        and name != _RUSH
        for name in NAMES
    ]
)
_COUNT_ACCOUNTS: Final = frozenset(
    {
        "card_accounts",
        "email_accounts",
        "phone_accounts",
        "document_accounts",
        "signup_device_accounts",
        "signup_device_week",
        "signup_twins",
        "signup_twins_week",
        "signups_hour",
        "signups_day",
    }
)
# Of those that count accounts, the account itself is one.
_ALONE: Final = np.array([float(name in _COUNT_ACCOUNTS) for name in NAMES])
_YES_NO: Final = {0.0: "no", 1.0: "yes"}

Row = npt.NDArray[np.float32]


class Reason(NamedTuple):
    """One reason, as a decision carries it; value: what the signal saw."""

    code: str
    text: str
    value: float
    weight: float  # log-odds that the signal adds


def explain(row: Row, contributions: Row) -> list[Reason]:
    """What is known and speaks for risk, strongest first, at most five; equal weights by code.

    `row` and `contributions` (log-odds) are float32[signals] in the order of kyc.signals.NAMES.
    """
    speaking = np.flatnonzero((contributions > 0) & ~np.isnan(row)).tolist()
    order = sorted(speaking, key=lambda n: (-contributions[n], NAMES[n]))[:MOST]
    return [_reason(n, float(row[n]), float(contributions[n])) for n in order]


def decisive(row: Row, contributions: Row) -> float:
    """Log-odds that what the account has shown brings for risk, country and network left out."""
    shown = _DECISIVE & (np.nan_to_num(row) > _ALONE)
    return float(np.maximum(contributions[shown], 0.0).sum(dtype=np.float64))


def told(name: str, value: float | None) -> str:
    """What a signal saw, in words."""
    text = SIGNALS[name].text
    if value is None:
        return f"{text}: not known"
    is_question = text.startswith("Whether")
    return f"{text}: {_YES_NO.get(value, value) if is_question else f'{value:.4g}'}"


def _reason(n: int, seen: float, weight: float) -> Reason:
    value = round(seen, _DECIMALS)
    return Reason(NAMES[n], told(NAMES[n], value), value, round(weight, _DECIMALS))
