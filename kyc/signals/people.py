"""Signals of names, programs and age."""

from collections.abc import Callable
from typing import Final

from kyc.evidence import Evidence
from kyc.known import DAY_MS, proofs
from kyc.marks import YES
from kyc.profile import Proof
from kyc.signals.registry import Appeal, Direction, signal

_LOWERS, _RAISES = Direction.LOWERS, Direction.RAISES


@signal(_RAISES, Appeal.NAME)
def name_odd(seen: Evidence) -> float | None:
    """How many odd things the name has: placeholders, digits, typed along the keyboard"""
    odd = seen.told("name_oddities")
    return None if odd is None else float(int(odd) - 1)


@signal(_RAISES, Appeal.NAME)
def business_name_odd(seen: Evidence) -> float | None:
    """How many odd things the business's name has: placeholders, a legal form alone"""
    odd = seen.told("business_oddities")
    return None if odd is None else float(int(odd) - 1)


def _is_academic(seen: Evidence) -> bool:
    return seen.mailbox is not None and seen.mailbox.academic == YES


def _is_business(seen: Evidence) -> bool:
    return bool(proofs(seen.profile) & (Proof.BUSINESS | Proof.DOMAIN))


_SUPPORTED: Final[dict[str, Callable[[Evidence], bool]]] = {
    "education": _is_academic,
    "research": lambda seen: _is_academic(seen) or _is_business(seen),
    "startup": _is_business,
    "security_research": lambda seen: (
        bool(proofs(seen.profile) & (Proof.BUSINESS | Proof.IDENTITY)) or _is_academic(seen)
    ),
}


@signal(_RAISES, Appeal.PROGRAM)
def program_unsupported(seen: Evidence) -> bool | None:
    """Whether a program (education, research, startup) is claimed and nothing supports it"""
    program = seen.told("program")
    return None if program is None else not _SUPPORTED[str(program)](seen)


@signal(_LOWERS, Appeal.TIME)
def account_days(seen: Evidence) -> float | None:
    """Days since sign-up, 90 at most"""
    since = seen.since("created")
    return None if since is None else min(since / DAY_MS, 90.0)
