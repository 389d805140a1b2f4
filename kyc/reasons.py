"""Reasons of a KYC score: what each signal adds to it, in the signal's own words."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from kyc.signals import NAMES, SIGNALS, Appeal, Direction

MOST: Final = 5
_DECIMALS: Final = 4
# Where somebody is, or from which network, is a hint and never enough.
_HINTS: Final = frozenset({Appeal.COUNTRY, Appeal.NETWORK})
# Behind a carrier's or a campus's address people sign up side by side with the same telephones.
_CROWDS: Final = frozenset({"signup_twins", "signups_hour", "signups_day"})
# What an account has not shown yet, and that it is new, is true of every newcomer: only what it
# has shown may decide.
_DECISIVE: Final = np.array(
    [
        SIGNALS[name].appeal not in _HINTS
        and SIGNALS[name].direction is Direction.RAISES
        and name not in _CROWDS
        for name in NAMES
    ]
)
# Of those that count accounts, the account itself is one. Two of one card, mailbox or number are a
# couple, or one person with two: no evidence either.
_COUPLE: Final = {
    "card_accounts": 2.0,
    "email_accounts": 2.0,
    "phone_accounts": 2.0,
    "document_accounts": 1.0,
    "signup_device_accounts": 1.0,
    # One in thirty: neighbours have the same telephone now and then.
    "signup_clients_alike": 1.5,
}
_INNOCENT: Final = np.array([_COUPLE.get(name, 0.0) for name in NAMES])
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
    shown = _DECISIVE & (np.nan_to_num(row) > _INNOCENT)
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
