"""Leaf values on a grid of 2^-bits, so that every order of summation gives the same bits.

A float32 holds every multiple of 2^-bits below 2^(24-bits) exactly. As long as no sum of
leaves can reach that bound, no addition rounds: XGBoost, ONNX Runtime, one row or a thousand
give the same margin, and a decision that is worked out again after a crash is the same to
the byte. The booster with its leaves on the grid is the model; nothing approximates it.
"""

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.errors import ModelError
from scorers.forest import Floats, Forest, Tree, parse

FINEST = 18  # bits: steps of 4e-6 log-odds, exact for margins up to 64
COARSEST = 12  # bits: 200 trees move a margin by 200 * 2^-13 = 0.02 at worst


def quantise(document: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Put leaves and base score on the finest grid that stays exact.

    Returns the booster's JSON with the new leaves and the bits of the grid. The base score
    moves into the leaves of the first tree, since a logit of it would not be on any grid.
    Raises ModelError when no grid from 18 down to 12 bits is exact.
    """
    forest = parse(document)
    for bits in range(FINEST, COARSEST - 1, -1):
        edited = _edit(document, forest, bits)
        if is_exact(parse(edited), bits):
            return edited, bits
    raise ModelError(f"the margins are too large for a grid of 2^-{COARSEST}: check the leaves")


def is_exact(forest: Forest, bits: int) -> bool:
    """Whether leaves lie on the grid and no sum of leaves, or of contributions, can round."""
    if forest.base != 0.0 or not all(_on_grid(tree.value, bits) for tree in forest.trees):
        return False
    margin = sum(float(np.abs(tree.value).max()) for tree in forest.trees)
    shares = sum(np.abs(share).max(axis=0) for share in contributions(forest, bits))
    return max(margin, float(np.max(shares))) < 2.0 ** (24 - bits)


def contributions(forest: Forest, bits: int) -> Sequence[npt.NDArray[np.float64]]:
    """Path contributions (Saabas) of every node, by tree: float64[nodes, features], log-odds.

    A step from a node to its child adds the difference of their means, rounded to the grid,
    to the feature that the node splits on.
    """
    return [_shares(tree, forest.features, bits) for tree in forest.trees]


def _shares(tree: Tree, features: int, bits: int) -> npt.NDArray[np.float64]:
    means = _round(tree.means(), bits)
    shares = np.zeros((len(means), features))
    for node in np.flatnonzero(~tree.leaf):
        for child in (tree.left[node], tree.right[node]):
            shares[child] = shares[node]
            shares[child, tree.feature[node]] += means[child] - means[node]
    return shares


def _edit(document: Mapping[str, Any], forest: Forest, bits: int) -> dict[str, Any]:
    edited = copy.deepcopy(dict(document))
    learner = edited["learner"]
    learner["attributes"] = {}  # best_iteration of a model that was sliced misleads a reader
    learner["learner_model_param"]["base_score"] = "[5E-1]"  # logit 0
    base = _round(np.asarray([forest.base]), bits)[0]
    for number, tree in enumerate(forest.trees):
        values = _round(tree.value, bits) + (base if number == 0 else 0.0)
        conditions = learner["gradient_booster"]["model"]["trees"][number]["split_conditions"]
        for node in np.flatnonzero(tree.leaf):
            conditions[node] = float(values[node])
    return edited


def _round(values: npt.NDArray[Any], bits: int) -> npt.NDArray[np.float64]:
    # Adding 0.0 turns -0.0 into 0.0.
    return np.rint(np.asarray(values, np.float64) * 2.0**bits) / 2.0**bits + 0.0


def _on_grid(values: Floats, bits: int) -> bool:
    return all(math.ldexp(float(value), bits).is_integer() for value in values)
