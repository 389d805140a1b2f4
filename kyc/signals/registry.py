"""The list of signals: each a pure function whose docstring is the text that people are shown."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import ModuleType
from typing import Final

from kyc.evidence import Evidence

Value = float | bool | None
"""What a signal saw; None: not known, which is neither good nor bad."""


class Direction(IntEnum):
    """What a larger value does to the risk, all else being equal; the model is held to it."""

    LOWERS = -1
    EITHER = 0
    RAISES = 1


class Appeal(StrEnum):
    """How an account holder has a signal looked at again: a sentence for each family."""

    MAIL = "Verify another address, or a domain of your own; if a list is wrong, say which."
    PHONE = "Verify a number of another line; ported numbers are corrected by a reviewer."
    MFA = "Switch on a second factor, at best a security key."
    CARD = "Add another card, or have the payment looked at by billing."
    SHARED = "Say who shares it (a family, a class, an employer): a reviewer can confirm the group."
    NETWORK = "Sign in from another network, or say why this one: it never decides alone."
    COUNTRY = "Say how it comes (travel, a move, a foreign bank): it never decides alone."
    PROGRAM = "Verify an address or domain of the institution, or show the invitation."
    NAME = "Have your identity checked: a verified name is never odd."
    CHECK = "Ask the vendor to check again, or a reviewer to look at the documents."
    TIME = "Nothing to appeal: it passes with time."


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal: its name (a reason code, never renamed), direction, appeal and function."""

    name: str
    text: str
    direction: Direction
    appeal: Appeal
    look: Callable[[Evidence], Value]


_MARK: Final = "signal"


def signal(
    direction: Direction, appeal: Appeal
) -> Callable[[Callable[[Evidence], Value]], Callable[[Evidence], Value]]:
    """Make a signal of a function, under its name. ValueError: it has no docstring."""

    def add(look: Callable[[Evidence], Value]) -> Callable[[Evidence], Value]:
        name, text = look.__name__, " ".join((look.__doc__ or "").split())
        if not text:
            raise ValueError(f"signal {name}: its docstring is what people are told")
        setattr(look, _MARK, Signal(name, text, direction, appeal, look))
        return look

    return add


def collect(module: ModuleType) -> list[Signal]:
    """The signals that a module defines, in their order."""
    own = (f for f in vars(module).values() if getattr(f, "__module__", "") == module.__name__)
    return [getattr(function, _MARK) for function in own if hasattr(function, _MARK)]


def digest(names: tuple[str, ...]) -> str:
    """Digest of names and order; a model made for another list must not be served."""
    return hashlib.sha256(("kyc:" + ",".join(names)).encode()).hexdigest()
