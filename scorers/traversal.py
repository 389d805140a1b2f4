"""The graph for a GPU: all trees walked at once, level by level, by plain tensor operators.

ONNX Runtime has no kernel for tree ensembles on a GPU: such a model loads with CUDA listed and
runs on the CPU in silence. Here every tree is made perfect, a leaf that comes early standing for
all that would be below it, so that a node's children lie at twice its place; one comparison per
level moves every row one step down every tree.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper, numpy_helper

from schemas.errors import ModelError
from scorers.export import exact, serialise
from scorers.forest import Forest, Ints, Tree
from scorers.unknowns import DOUBLED, ROWS, bounds, columns, doubling

# Those that ONNX Runtime's CUDA provider has kernels for, with float32, bool and int32 as used
# here: docs/OperatorKernels.md of microsoft/onnxruntime at 001d12d; the provider of 1.31.1 took
# every node, on an H100.
OPERATORS: Final = frozenset(
    {
        "Add",
        "Cast",
        "Concat",
        "Gather",
        "GatherElements",
        "GreaterOrEqual",
        "IsNaN",
        "ReduceSum",
        "Where",
    }
)
# Tables double with each level: 200 trees of depth 12 take 10 MB.
DEEPEST: Final = 12

Table = npt.NDArray[Any]


def traversal_graph(document: Mapping[str, Any], bits: int, metadata: Mapping[str, str]) -> bytes:
    """Graph float32[n, features] -> `margin` float32[n, 1]: the bits of `export.margin_graph`.

    A sum of leaves on the grid is exact in any order, and nothing but comparisons comes before
    it. Raises ModelError as `margin_graph`, and for trees deeper than DEEPEST.
    """
    forest = exact(document, bits)
    depth = max(1, *(_depth(tree) for tree in forest.trees))
    if depth > DEEPEST:
        raise ModelError(f"the trees are {depth} deep: a graph for a GPU holds at most {DEEPEST}")
    nodes = [*doubling(), *_first(), *(node for n in range(1, depth) for node in _next(n))]
    graph = helper.make_graph(
        [*nodes, *_sum(depth)],
        "sluicegate_traversal",
        [helper.make_tensor_value_info(ROWS, TensorProto.FLOAT, ["n", forest.features])],
        [helper.make_tensor_value_info("margin", TensorProto.FLOAT, ["n", 1])],
        [*bounds(), *_constants(forest, depth)],
    )
    return serialise(graph, metadata)


def _first() -> list[NodeProto]:
    """From the roots: every row reads the same columns."""
    return [
        helper.make_node("Gather", [DOUBLED, "column_0"], ["x_0"], axis=1),
        *_step(0, "threshold_0", "first_child"),
    ]


def _next(level: int) -> list[NodeProto]:
    """From `at_LEVEL`, int32[n, trees]: where in the level's tables each row stands."""
    at = f"at_{level}"
    read, threshold, left = f"read_{level}", f"beside_{level}", f"left_{level}"
    return [
        helper.make_node("Gather", [f"column_{level}", at], [read]),
        helper.make_node("GatherElements", [DOUBLED, read], [f"x_{level}"], axis=1),
        helper.make_node("Gather", [f"threshold_{level}", at], [threshold]),
        helper.make_node("Add", [at, at], [left]),
        *_step(level, threshold, left),
    ]


def _step(level: int, threshold: str, left: str) -> list[NodeProto]:
    right, bit = f"right_{level}", f"bit_{level}"
    return [
        helper.make_node("GreaterOrEqual", [f"x_{level}", threshold], [right]),
        helper.make_node("Cast", [right], [bit], to=TensorProto.INT32),
        helper.make_node("Add", [left, bit], [f"at_{level + 1}"]),
    ]


def _sum(depth: int) -> list[NodeProto]:
    return [
        helper.make_node("Gather", ["leaf", f"at_{depth}"], ["leaves"]),
        helper.make_node("ReduceSum", ["leaves", "trees"], ["margin"], keepdims=1),
    ]


def _constants(forest: Forest, depth: int) -> list[TensorProto]:
    perfect = [_perfect(tree, depth, forest.features) for tree in forest.trees]
    tables = {name: np.concatenate([one[name] for one in perfect]) for name in perfect[0]}
    tables["first_child"] = 2 * np.arange(len(forest.trees), dtype=np.int32)
    tables["trees"] = np.asarray([1], np.int64)  # the axis that is summed over
    return [numpy_helper.from_array(table, name) for name, table in tables.items()]


def _perfect(tree: Tree, depth: int, features: int) -> dict[str, Table]:
    """The tree's tables, level by level from the left; below a leaf there is that leaf again."""
    reads = columns(tree, features)
    tables: dict[str, Table] = {}
    places = np.zeros(1, np.int64)
    for level in range(depth):
        tables[f"column_{level}"] = reads[places].astype(np.int32)
        tables[f"threshold_{level}"] = tree.threshold[places]
        places = _below(tree, places)
    tables["leaf"] = tree.value[places]
    return tables


def _below(tree: Tree, places: Ints) -> Ints:
    leaf = tree.leaf[places]
    children = (tree.left[places], tree.right[places])
    return np.stack([np.where(leaf, places, child) for child in children], axis=1).ravel()


def _depth(tree: Tree) -> int:
    levels = np.zeros(len(tree.left), np.int64)
    for node in np.flatnonzero(~tree.leaf):  # a child follows its parent
        levels[tree.left[node]] = levels[tree.right[node]] = levels[node] + 1
    return int(levels.max())
