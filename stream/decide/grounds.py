"""Grounds: the reasons that a decision gives."""

import numpy as np
from numpy.typing import NDArray

from schemas.features import FEATURE_NAMES
from schemas.wire import ReasonWire
from scorers.model import Model
from scorers.reasons import MOST, explain
from stream.decide.rules import Ruling


def grounds(
    model: Model, row: NDArray[np.float32], score: float, ruling: Ruling
) -> list[ReasonWire]:
    """Of the rules that hold, and of the model where it calls for something; strongest first,
    at most MOST, never none."""
    told = ruling.reasons[:MOST]
    if not ruling.alone:
        contributions = model.contributions(row[None])[0]
        found = explain(FEATURE_NAMES, row, contributions)[: MOST - len(told)]
        told += [ReasonWire(r.code, r.text, _known(r.value), r.weight) for r in found]
    told.sort(key=lambda reason: (-reason.weight, reason.code))
    return told or [ReasonWire("model_score", "what all evidence adds up to", score, 0.0)]


def asked(score: float) -> ReasonWire:
    """More proof is asked for, by the score of identity."""
    return ReasonWire("identity_asked", "more proof of identity is asked for", score, 0.0)


def earlier(score: float) -> ReasonWire:
    """What stands was decided before, and this event changes nothing."""
    return ReasonWire("earlier_decision", "an earlier decision still stands", score, 0.0)


def _known(value: float | None) -> float | str:
    return "not known" if value is None else value
