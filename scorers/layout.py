"""Trees as ONNX Runtime's operator is to hold them: so that most rows fail every condition.

The operator lays the child of a failed condition beside its parent, where the processor has it
already: that takes a tenth to a quarter off every batch (`python -m bench.scoring`). A split whose
condition most rows would pass is turned round: `x >= t` is `-x < u`, where u is the float after -t.
"""

from typing import Final, NamedTuple

import numpy as np
from onnx import NodeProto, helper

from scorers.forest import Floats, Ints, Tree
from scorers.unknowns import DOUBLED, columns, doubling

MIRRORED: Final = "mirrored"  # float32[n, 4 * features]: DOUBLED, and its negative
# A process that takes numbers below it for zero would mistake one for the other.
_SMALLEST: Final = float(np.finfo(np.float32).tiny)


class Layout(NamedTuple):
    """Of each node: the column of MIRRORED that it reads, and where `x < threshold` leads."""

    column: Ints
    threshold: Floats
    true: Ints
    false: Ints


def mirroring() -> list[NodeProto]:
    """The nodes that make MIRRORED."""
    return [
        *doubling(),
        helper.make_node("Neg", [DOUBLED], ["negative"]),
        helper.make_node("Concat", [DOUBLED, "negative"], [MIRRORED], axis=1),
    ]


def lay(tree: Tree, features: int) -> Layout:
    """The same leaf for every row."""
    left, right = np.maximum(tree.left, 0), np.maximum(tree.right, 0)
    with np.errstate(over="ignore"):
        mirrored = np.nextafter(-tree.threshold, np.float32(np.inf))
    turned = ~tree.leaf & (tree.cover[left] > tree.cover[right])
    turned &= np.isfinite(mirrored) & (np.abs(mirrored) >= _SMALLEST)
    return Layout(
        columns(tree, features) + np.where(turned, 2 * features, 0),
        np.where(turned, mirrored, tree.threshold),
        np.where(turned, right, left),
        np.where(turned, left, right),
    )
