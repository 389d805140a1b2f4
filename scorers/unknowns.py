"""Rows in which nothing is unknown: every column twice, NaN once below all numbers, once above.

A split that sends NaN to the left reads the first half, one that sends it to the right the
second; then `x < threshold` alone decides, and no kernel looks for NaN at every split.
"""

from typing import Final

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from scorers.forest import Ints, Tree

ROWS: Final = "rows"  # float32[n, features]
DOUBLED: Final = "doubled"  # float32[n, 2 * features]


def doubling() -> list[NodeProto]:
    """The nodes that make DOUBLED from ROWS."""
    return [
        helper.make_node("IsNaN", [ROWS], ["unknown"]),
        helper.make_node("Where", ["unknown", "below", ROWS], ["low"]),
        helper.make_node("Where", ["unknown", "above", ROWS], ["high"]),
        helper.make_node("Concat", ["low", "high"], [DOUBLED], axis=1),
    ]


def bounds() -> list[TensorProto]:
    """The constants that these nodes read."""
    return [
        numpy_helper.from_array(np.float32(-np.inf), "below"),
        numpy_helper.from_array(np.float32(np.inf), "above"),
    ]


def columns(tree: Tree, features: int) -> Ints:
    """int64[nodes]: the column of DOUBLED that each split reads; 0 at a leaf."""
    half = np.where(tree.default_left, 0, features)
    return np.where(tree.leaf, 0, tree.feature + half)
