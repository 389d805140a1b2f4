"""Signals of the telephone number and of the second factor."""

from typing import Final

from kyc import countries
from kyc.evidence import Evidence
from kyc.phones import Line
from kyc.profile import NEVER
from kyc.signals.registry import Appeal, Direction, signal
from kyc.things import METHODS, Factor, Number

_LOWERS, _RAISES = Direction.LOWERS, Direction.RAISES
# How hard a second factor is to have a thousand times: a number for SMS costs cents.
_STRENGTH: Final = {None: 2, "sms": 1, "totp": 2, "webauthn": 3}


def _is_line(seen: Evidence, line: Line) -> bool | None:
    """Whether a line is of that kind, and none is an ordinary one."""
    lines = seen.lines
    return line in lines and Line.ORDINARY not in lines if lines else None


@signal(_LOWERS, Appeal.PHONE)
def phone_verified(seen: Evidence) -> bool | None:
    """Whether a telephone number was verified"""
    return bool(seen.things("phone"))


@signal(_RAISES, Appeal.PHONE)
def phone_voip(seen: Evidence) -> bool | None:
    """Whether the verified number is one of internet telephony, cheap by the thousand"""
    return _is_line(seen, Line.VOIP)


@signal(_RAISES, Appeal.PHONE)
def phone_toll_free(seen: Evidence) -> bool | None:
    """Whether the verified number is a toll-free one, which no person has"""
    return _is_line(seen, Line.TOLL_FREE)


@signal(_RAISES, Appeal.PHONE)
def phone_premium(seen: Evidence) -> bool | None:
    """Whether the verified number is one that callers pay extra for"""
    return _is_line(seen, Line.PREMIUM)


@signal(_RAISES, Appeal.COUNTRY)
def phone_country_differs(seen: Evidence) -> bool | None:
    """Whether no verified number is of the country that was declared at sign-up"""
    numbers, declared = seen.things("phone").values(), seen.country("country")
    if not numbers or not declared:
        return None
    found = {Number(*row).country for row in numbers} - {countries.UNKNOWN}
    return declared not in found if found else None


@signal(_RAISES, Appeal.SHARED)
def phone_accounts(seen: Evidence) -> float | None:
    """How many accounts have a number of the same range of 10,000"""
    return seen.shared.get("phone_prefix")


@signal(_LOWERS, Appeal.MFA)
def mfa_strength(seen: Evidence) -> float | None:
    """How strong the second factor is: 0 none, 1 SMS, 2 an app, 3 a security key"""
    if not seen.is_on():
        return 0.0
    factors = {METHODS[n - 1]: Factor(*row) for n, row in seen.things("mfa").items()}
    # One that is switched off without a method takes every method with it.
    all_off = factors[None].disabled if None in factors else NEVER
    on = [method for method, f in factors.items() if f.enabled > max(f.disabled, all_off)]
    return float(max((_STRENGTH[method] for method in on), default=_STRENGTH[None]))
