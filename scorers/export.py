"""From a booster's JSON to the ONNX graphs that serving runs on a CPU.

Two graphs rather than one of two outputs: every row needs its margin, few need reasons, and
the margin alone is the faster graph (`python -m bench.scoring`). Both are one
TreeEnsembleRegressor, whose `<` in float32 is XGBoost's own, on rows without NaN.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import GraphProto, TensorProto, checker, helper

from schemas.errors import ModelError
from scorers.forest import Forest, Tree, parse
from scorers.grid import contributions, is_exact
from scorers.layout import MIRRORED, lay, mirroring
from scorers.unknowns import ROWS, bounds

OPSET = 17
ML_OPSET = 3
IR_VERSION = 9  # what the oldest supported ONNX Runtime reads


def facts(names: Sequence[str], feature_hash: str, truth: bytes) -> dict[str, str]:
    """The metadata that a graph carries: its features, and the digest of its booster (UBJ)."""
    return {
        "feature_names": ",".join(names),
        "feature_hash": feature_hash,
        "booster_sha256": hashlib.sha256(truth).hexdigest(),
    }


def margin_graph(document: Mapping[str, Any], bits: int, metadata: Mapping[str, str]) -> bytes:
    """Graph float32[n, features] -> `margin` float32[n, 1], log-odds.

    `metadata` is what `facts` gives. Raises ModelError when the booster is one that the
    exporter cannot serve, or its leaves are not exact on a grid of 2^-bits.
    """
    forest = exact(document, bits)
    weights = [tree.value[:, None].astype(np.float64) for tree in forest.trees]
    return tree_graph(forest, weights, "margin", metadata)


def contribution_graph(
    document: Mapping[str, Any], bits: int, metadata: Mapping[str, str]
) -> bytes:
    """Graph float32[n, features] -> `contributions` float32[n, features], log-odds.

    Every leaf carries what its path adds to each feature. Raises as `margin_graph`.
    """
    forest = exact(document, bits)
    return tree_graph(forest, contributions(forest, bits), "contributions", metadata)


def tree_graph(
    forest: Forest,
    weights: Sequence[npt.NDArray[np.float64]],
    output: str,
    metadata: Mapping[str, str],
) -> bytes:
    """Graph float32[n, features] -> `output` float32[n, targets], summed over the trees.

    `weights` has float64[nodes, targets] for each tree; only the leaves' rows count.
    """
    targets = weights[0].shape[1]
    node = helper.make_node(
        "TreeEnsembleRegressor",
        [MIRRORED],
        [output],
        domain="ai.onnx.ml",
        n_targets=targets,
        aggregate_function="SUM",
        post_transform="NONE",
        **_nodes(forest),
        **_targets(forest.trees, weights),
    )
    graph = helper.make_graph(
        [*mirroring(), node],
        f"sluicegate_{output}",
        [helper.make_tensor_value_info(ROWS, TensorProto.FLOAT, ["n", forest.features])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", targets])],
        bounds(),
    )
    return serialise(graph, metadata)


def exact(document: Mapping[str, Any], bits: int) -> Forest:
    """The forest, or ModelError: not one to be served, or its sums would round at 2^-bits."""
    forest = parse(document)
    if not is_exact(forest, bits):
        raise ModelError(f"the leaves are not exact on a grid of 2^-{bits}: quantise them first")
    return forest


def serialise(graph: GraphProto, metadata: Mapping[str, str]) -> bytes:
    """The model of a graph, checked; the same bytes for the same graph."""
    model = helper.make_model(
        graph,
        ir_version=IR_VERSION,
        producer_name="sluicegate",
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)],
    )
    helper.set_model_props(model, dict(metadata))
    checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _nodes(forest: Forest) -> dict[str, list[Any]]:
    def column(values: Iterator[npt.NDArray[Any]]) -> list[Any]:
        return list(np.concatenate(list(values)).tolist())

    trees = forest.trees
    layouts = [lay(tree, forest.features) for tree in trees]
    leaf = column(tree.leaf for tree in trees)
    return {
        "nodes_treeids": column(np.full(len(t.left), i) for i, t in enumerate(trees)),
        "nodes_nodeids": column(np.arange(len(tree.left)) for tree in trees),
        "nodes_featureids": column(layout.column for layout in layouts),
        "nodes_modes": ["LEAF" if is_leaf else "BRANCH_LT" for is_leaf in leaf],
        "nodes_values": column(layout.threshold for layout in layouts),
        "nodes_truenodeids": column(layout.true for layout in layouts),
        "nodes_falsenodeids": column(layout.false for layout in layouts),
    }


def _targets(
    trees: Sequence[Tree], weights: Sequence[npt.NDArray[np.float64]]
) -> dict[str, list[Any]]:
    rows = [row for number, tree in enumerate(trees) for row in _entries(number, tree, weights)]
    trees_, nodes, targets, values = zip(*rows, strict=True)
    return {
        "target_treeids": list(trees_),
        "target_nodeids": list(nodes),
        "target_ids": list(targets),
        "target_weights": list(values),
    }


def _entries(
    number: int, tree: Tree, weights: Sequence[npt.NDArray[np.float64]]
) -> Iterator[tuple[int, int, int, float]]:
    for node in np.flatnonzero(tree.leaf).tolist():
        row = weights[number][node]
        # A leaf needs an entry even when it moves nothing.
        for target in np.flatnonzero(row).tolist() or [0]:
            yield number, node, target, float(row[target])
