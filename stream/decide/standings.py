"""Standings as they lie in the states of accounts, with how they were told."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kyc.known import Known
from schemas.decisions import Action, Mode
from stream.decide.statute import ACTIONS, Floor, Standing
from stream.remember.windows import Sight

CLEAR = Standing(Action.ALLOW, 0, 0)
# The byte of the action has room: five actions take three bits of it.
_RANK: Final = 0x07
_SHADOW: Final = 0x40
_PINNED: Final = 0x80


class Told(NamedTuple):
    """What stands about an account as it was told. pinned: by a person's word, or by a campaign's
    that was taken back, which is no evidence of anything; mode: whether it was to be acted on."""

    standing: Standing
    pinned: bool = False
    mode: Mode = "enforce"


def told(header: NDArray[np.void], account: int, floor: Floor | None) -> Told:
    """What the state of an account says. What its campaign told and took back is no evidence of
    anything either, or an account that was let go would keep it by hysteresis."""
    head = header[account]
    byte = int(head["action"])
    standing = Standing(ACTIONS[byte & _RANK], int(head["answer"]), int(head["expires"]))
    ended = floor is not None and floor.ended == standing.expires_at > 0
    return Told(standing, bool(byte & _PINNED) or ended, "shadow" if byte & _SHADOW else "enforce")


def opens(header: NDArray[np.void], sight: Sight, known: Known, mode: Mode) -> NDArray[np.bool_]:
    """Of each sight, whether anything stands about its account, or is asked of it and was told
    under another mode."""
    byte = header["action"]
    stands = (byte & (_RANK | _PINNED)) > 0
    other = ((byte & _SHADOW) > 0) != (mode == "shadow")
    asked = known.asking[0][sight.account] > sight.clock
    found: NDArray[np.bool_] = stands[sight.account] | (other[sight.account] & asked)
    return found


def move(header: NDArray[np.void], standings: Mapping[int, Told]) -> None:
    """Let the states say what stands now."""
    for account, (new, pinned, mode) in standings.items():
        flags = (_PINNED if pinned else 0) | (_SHADOW if mode == "shadow" else 0)
        header["action"][account] = new.action.rank | flags
        header["answer"][account] = new.answer
        header["expires"][account] = new.expires_at


def cleared(held: Standing, clock: int) -> Standing:
    """What stands beneath an asking: nothing, so that its end is looked at anew."""
    return held if held.at(clock) is Action.ALLOW else CLEAR


def alive(floor: Floor | None, clock: int) -> Floor | None:
    """What a campaign decided, as long as it is any action."""
    return floor if floor and floor.standing.at(clock) is not Action.ALLOW else None


def is_told(new: Standing, held: Standing, floor: Floor | None, clock: int) -> bool:
    """Whether the campaign told it already, and nothing stricter has to be taken back."""
    if floor is None or new is not floor.standing:
        return False
    return held.at(clock) <= floor.standing.action
