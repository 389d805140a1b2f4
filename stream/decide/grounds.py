"""Grounds: the reasons that a decision gives."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.features import FEATURE_NAMES
from schemas.wire import ReasonWire
from scorers.model import Model
from scorers.reasons import CIRCUMSTANCES, MOST, SHARED_VALUES, explain
from stream.decide.policy import Evidence
from stream.decide.statute import Ruling


def grounds(
    model: Model, row: NDArray[np.float32], score: float, ruling: Ruling, shared: str | None
) -> list[ReasonWire]:
    """Of the rules that hold, and of the model where it calls for something; strongest first,
    at most MOST, never none. shared: with whom the account shares what, where that is known."""
    told = ruling.reasons[:MOST]
    if not ruling.alone:
        contributions = model.contributions(row[None])[0]
        found = explain(FEATURE_NAMES, row, contributions)[: MOST - len(told)]
        texts = {SHARED_VALUES: shared} if shared else {}
        told += [
            ReasonWire(r.code, texts.get(r.code, r.text), _known(r.value), r.weight) for r in found
        ]
    told.sort(key=lambda reason: (-reason.weight, reason.code))
    return told or [ReasonWire("model_score", "what all evidence adds up to", score, 0.0)]


def is_proven(reasons: Sequence[ReasonWire], needed: Evidence) -> bool:
    """Whether a block stands on enough kinds of evidence, and not on circumstances alone."""
    kinds = {reason.code for reason in reasons if reason.weight >= needed.weight}
    return len(kinds) >= needed.kinds and not kinds <= CIRCUMSTANCES


def asked(score: float) -> ReasonWire:
    """More proof is asked for, by the score of identity."""
    return ReasonWire("identity_asked", "more proof of identity is asked for", score, 0.0)


def earlier(score: float) -> ReasonWire:
    """What stands was decided before, and this event changes nothing."""
    return ReasonWire("earlier_decision", "an earlier decision still stands", score, 0.0)


def _known(value: float | None) -> float | str:
    return "not known" if value is None else value
