"""Standings as they lie in the states of accounts."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from schemas.decisions import Action
from stream.decide.rules import ACTIONS, Standing

CLEAR = Standing(Action.ALLOW, 0, 0)


def standing(header: NDArray[np.void], account: int) -> Standing:
    """What the state of an account says."""
    head = header[account]
    return Standing(ACTIONS[head["action"]], int(head["answer"]), int(head["expires"]))


def move(header: NDArray[np.void], standings: Mapping[int, Standing]) -> None:
    """Let the states say what stands now."""
    for account, new in standings.items():
        header["action"][account] = new.action.rank
        header["answer"][account] = new.answer
        header["expires"][account] = new.expires_at


def cleared(held: Standing, clock: int) -> Standing:
    """What stands beneath an asking: nothing, so that its end is looked at anew."""
    return held if held.at(clock) is Action.ALLOW else CLEAR
