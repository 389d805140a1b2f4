"""When a canary has failed: pure, from sums and bounds to a reason in words."""

from typing import Final, NamedTuple

import numpy as np

from schemas.decisions import Action
from stream.bundles.comparison import Comparison, Ints

_HALF: Final = 0.5  # of an event in every bin: an empty one must not make the index infinite


class Bounds(NamedTuple):
    """actions: of the difference of an action's shares; scores: of PSI; latency: of the ratio."""

    events: int
    actions: float
    scores: float
    latency: float


def exceeded(found: Comparison, bounds: Bounds) -> str:
    """Why the canary must end; empty while it stays within bounds, or too few events came."""
    if found.events < bounds.events:
        return ""
    current, candidate = found.actions.sum(axis=1), found.actions.sum(axis=0)
    shares = (candidate - current) / found.events
    # Of two that have moved as far, the stricter: what one gains another loses.
    worst = max(range(len(shares)), key=lambda rank: (abs(shares[rank]), rank))
    if abs(shares[worst]) > bounds.actions:
        action = tuple(Action)[worst].value
        before, after = (counts[worst] / found.events for counts in (current, candidate))
        return f"{action} for {after:.2%} of the events, with the current bundle {before:.2%}"
    if (index := psi(*found.scores)) > bounds.scores:
        return f"scores have moved: PSI {index:.2f}, at most {bounds.scores:g}"
    if (ratio := _slower(found)) > bounds.latency:
        return f"scoring takes {ratio:.1f} times as long, at most {bounds.latency:g}"
    return ""


def psi(expected: Ints, found: Ints) -> float:
    """The population stability index of two counts over the same bins, see scorers/drift.py."""
    usual, now = ((counts + _HALF) / (counts + _HALF).sum() for counts in (expected, found))
    return float(((now - usual) * np.log(now / usual)).sum())


def _slower(found: Comparison) -> float:
    current, candidate = found.seconds.tolist()
    return float(candidate / current) if current > 0.0 else 0.0
