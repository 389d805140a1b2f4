"""Fitting: what a ring's portrait is worth, learnt from rings whose members are known.

A logistic regression that starts from what is expected, and is pulled away from it by the rings.
No population is like the one it learns from. So most rings are shown again with traits taken away:
what is learnt may not hang on one of them. How their members act is left: a class, the customers
of one product and those who came on launch day are new, alike and share what campaigns share.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from schemas.errors import ConfigurationError
from stream.link.portrait import TRAITS
from stream.link.surprise import Floats
from stream.link.weighing import Weights

# Log-odds per unit, before any ring is seen: members act strangely and alike, each from a network
# of its own and yet as much as the others: people differ in it by octaves, and whoever runs many
# accounts has no reason to. How many act as hardly anybody does says more than how they act on
# average: the customers of one product are all a little unlike the others. They want what is
# elicited, too, so that this says less. Strangers seldom share a card, a device or a phone; they
# do share the mail domain of their school or firm, which is taken back. How many they are says
# nothing, and little that they are new: a ring that has worked for a week looks established. People
# who move house or office, or take up a new program, do not all do both and ask for the same then.
EXPECTED: Final = {
    "conduct": 1.15,
    "strange": 6.3,
    "unproven": 0.1,
    "size": 0.0,
    "even": 2.1,
    "alike": 1.4,
    "apart": 3.2,
    "identity": 1.4,
    "content": 0.1,
    "elicits": 1.4,
    "together": -1.1,
    "anew": 2.0,
}
BIAS: Final = -5.55
# How strongly the weights keep to what is expected: a simulator teaches them, whose honest people
# are told from campaigns more easily than those of others.
HOLD: Final = 1000.0
# A larger ring, or one mail domain, is a campaign's as well as a firm's: only these may count
# against a campaign.
EITHER_WAY: Final = frozenset({"size", "together"})
SHOWN_AGAIN: Final = 4
TAKEN_AWAY: Final = 0.25
_KEPT: Final = [TRAITS.index(trait) for trait in ("conduct", "strange", "size")]
_APART: Final = TRAITS.index("apart")


class Example(NamedTuple):
    """A ring as a search found it. abusive: share of its members; source: population and cohort,
    whose many portraits count as one story."""

    traits: Floats
    abusive: float
    source: tuple[int, str]


def fit(examples: Sequence[Example], version: str, seed: int) -> Weights:
    """Weights from rings that are plainly one or the other; their digest ends the version.
    ConfigurationError: no such rings."""
    clear = [e for e in examples if e.abusive < 0.2 or e.abusive > 0.7]
    label = np.array([e.abusive > 0.5 for e in clear])
    if not label.any() or label.all():
        raise ConfigurationError("no honest ring, or no abusive one, to learn from")
    traits = _varied(np.stack([e.traits for e in clear]), np.random.default_rng(seed))
    repeats = 1 + SHOWN_AGAIN
    found = _minimum(traits, np.tile(label, repeats), np.tile(_shares(clear), repeats) / repeats)
    weights = Weights(float(found[0]), found[1:])
    return replace(weights, version=f"{version}-{weights.digest()}")


def _shares(examples: Sequence[Example]) -> Floats:
    """A story told a hundred times counts as if it were told some five times."""
    told = Counter(example.source for example in examples)
    return np.array([min(told[e.source], 30) ** 0.5 / told[e.source] for e in examples])


def _varied(traits: Floats, rng: np.random.Generator) -> Floats:
    """The rings, and SHOWN_AGAIN times with less to see."""
    nothing = np.zeros(len(TRAITS))
    nothing[_APART] = traits[:, _APART].mean()  # 0 would say that all share a network
    copies = [traits]
    for _ in range(SHOWN_AGAIN):
        taken = rng.random(traits.shape) < TAKEN_AWAY
        taken[:, _KEPT] = False
        copies.append(np.where(taken, nothing, traits))
    return np.concatenate(copies)


def _minimum(
    traits: Floats, label: "np.ndarray[tuple[int], np.dtype[np.bool_]]", share: Floats
) -> Floats:
    start = np.array([BIAS, *(EXPECTED[name] for name in TRAITS)])
    rows = np.column_stack([np.ones(len(traits)), traits])

    def loss(weights: Floats) -> tuple[float, Floats]:
        odds, away = rows @ weights, weights - start
        missed = share * np.logaddexp(0, np.where(label, -odds, odds))
        slope = rows.T @ (share * (expit(odds) - label)) + HOLD * away
        return float(missed.sum() + (HOLD * away**2).sum() / 2), slope

    bounds = [(None, None), *((None if name in EITHER_WAY else 0.0, None) for name in TRAITS)]
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)
