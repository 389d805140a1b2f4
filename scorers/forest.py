"""The trees of a booster, read from XGBoost's JSON.

The serving graphs, the path contributions and the grid are all made from this one reading.
What it cannot serve exactly, it refuses: another booster, another objective, categorical
splits, vector leaves.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.errors import ModelError

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree as columns of its nodes; node 0 is the root and a child follows its parent."""

    left: Ints  # -1 at a leaf
    right: Ints
    feature: Ints
    threshold: Floats  # x < threshold goes left
    default_left: npt.NDArray[np.bool_]  # where NaN goes
    value: Floats  # of a leaf; 0 at a split
    cover: npt.NDArray[np.float64]  # sum of hessians that training saw

    @property
    def leaf(self) -> npt.NDArray[np.bool_]:
        """bool[nodes]: which nodes are leaves."""
        return self.left < 0

    def means(self) -> npt.NDArray[np.float64]:
        """float64[nodes]: the leaf value below each node, averaged by cover."""
        mean = self.value.astype(np.float64)
        for node in np.flatnonzero(~self.leaf)[::-1]:
            left, right = self.left[node], self.right[node]
            total = mean[left] * self.cover[left] + mean[right] * self.cover[right]
            mean[node] = total / (self.cover[left] + self.cover[right])
        return mean


@dataclass(frozen=True, slots=True)
class Forest:
    """All trees of a booster: the margin is `base` plus one leaf of every tree."""

    trees: Sequence[Tree]
    features: int
    base: float  # log-odds


def parse(document: Mapping[str, Any]) -> Forest:
    """Read `json.loads(booster.save_raw("json"))`.

    Raises ModelError when the booster is anything but `gbtree` with `binary:logistic`, one
    target and numerical splits.
    """
    learner = document["learner"]
    parameters = learner["learner_model_param"]
    model = learner["gradient_booster"]
    _expect("booster", model["name"], "gbtree")
    _expect("objective", learner["objective"]["name"], "binary:logistic")
    _expect("num_target", int(parameters["num_target"]), 1)
    trees = [_tree(number, tree) for number, tree in enumerate(model["model"]["trees"])]
    if not trees:
        raise ModelError("the booster has no trees")
    # A list of one since XGBoost 3.1, a bare number before.
    probability = float(parameters["base_score"].strip("[]"))
    base = math.log(probability / (1.0 - probability))
    return Forest(trees, int(parameters["num_feature"]), base)


def _tree(number: int, tree: Mapping[str, Any]) -> Tree:
    _expect(f"tree {number}: deleted nodes", int(tree["tree_param"]["num_deleted"]), 0)
    _expect(f"tree {number}: split types", set(tree["split_type"]), {0})
    _expect(f"tree {number}: leaf size", max(int(tree["tree_param"]["size_leaf_vector"]), 1), 1)
    left = np.asarray(tree["left_children"], np.int64)
    right = np.asarray(tree["right_children"], np.int64)
    # XGBoost keeps a split's threshold and a leaf's value in the same column.
    numbers = np.asarray(tree["split_conditions"], np.float32)
    split = left >= 0
    nodes = np.arange(len(left))
    if np.any(left[split] <= nodes[split]) or np.any(right[split] <= nodes[split]):
        raise ModelError(f"tree {number}: a child comes before its parent")
    cover = np.asarray(tree["sum_hessian"], np.float64)
    if not np.all(cover > 0) or not np.all(np.isfinite(numbers)):
        raise ModelError(f"tree {number}: a node without cover or with a value that is not finite")
    return Tree(
        left=left,
        right=right,
        feature=np.where(split, np.asarray(tree["split_indices"], np.int64), 0),
        threshold=np.where(split, numbers, np.float32(0)),
        default_left=np.asarray(tree["default_left"], np.bool_),
        value=np.where(split, np.float32(0), numbers),
        cover=cover,
    )


def _expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise ModelError(f"cannot serve this booster: {what} is {found!r}, must be {wanted!r}")
