"""The exported graphs take XGBoost's own leaves, give its margins to the bit, or are refused."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
import xgboost

from schemas.errors import ModelError
from scorers.export import contribution_graph, facts, margin_graph
from scorers.forest import parse
from scorers.grid import quantise
from scorers.traversal import DEEPEST, OPERATORS, traversal_graph
from tests.unit.scorers_table import (
    WIDTH,
    booster_document,
    made_up_labels,
    made_up_rows,
    reloaded,
)

Document = dict[str, Any]
Rows = npt.NDArray[np.float32]
Graph = Callable[[Document, int, dict[str, str]], bytes]


def _run(graph: bytes, rows: Rows) -> npt.NDArray[np.float32]:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"rows": rows})[0])


def _edge_rows(document: Document, beside: float) -> Rows:
    """Rows whose values sit on the thresholds, or one float32 step to the side of them."""
    trees = parse(document).trees
    feature = np.concatenate([tree.feature[~tree.leaf] for tree in trees])
    threshold = np.concatenate([tree.threshold[~tree.leaf] for tree in trees])
    rows = made_up_rows(len(feature), seed=11)
    moved = threshold if beside == 0 else np.nextafter(threshold, np.float32(beside))
    rows[np.arange(len(rows)), feature] = moved
    return rows


ROWS: dict[str, Callable[[Document], Rows]] = {
    "random": lambda _: made_up_rows(1_000, seed=3),
    "half unknown": lambda _: made_up_rows(1_000, seed=4, unknown=0.5),
    "all unknown": lambda _: np.full((3, WIDTH), np.nan, np.float32),
    "on a threshold": lambda document: _edge_rows(document, 0),
    "one step below": lambda document: _edge_rows(document, -np.inf),
    "one step above": lambda document: _edge_rows(document, np.inf),
    "subnormal and huge": lambda _: np.array([[1e-42] * WIDTH, [3e38] * WIDTH], np.float32),
}


GRAPHS = {"cpu": margin_graph, "gpu": traversal_graph}
on_both = pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)


@on_both
@pytest.mark.parametrize("kind", ROWS)
def test_margins_equal_xgboosts_to_the_bit(kind: str, graph: Graph) -> None:
    """Random rows, edges and NaN: the sum of XGBoost's leaves."""
    document, bits = quantise(booster_document())
    rows = ROWS[kind](document)
    margins = _run(graph(document, bits, {}), rows)[:, 0]
    expected = reloaded(document).inplace_predict(rows, predict_type="margin")
    assert np.array_equal(margins, expected)


def _numbered(document: Document, number: int) -> Document:
    """One tree of a booster, each leaf worth its own number."""
    model = document["learner"]["gradient_booster"]["model"]
    tree = model["trees"][number]
    leaf = np.asarray(tree["left_children"]) < 0
    tree["split_conditions"] = np.where(
        leaf, np.arange(len(leaf)), np.asarray(tree["split_conditions"])
    ).tolist()
    model["trees"] = [tree]
    return document


@on_both
@pytest.mark.parametrize("number", range(0, 20, 3))
def test_every_row_takes_xgboosts_leaf(number: int, graph: Graph) -> None:
    """Tree by tree the leaf is XGBoost's, so that no two wrong ones can cancel out."""
    document, _ = quantise(booster_document())
    rows = np.concatenate([make(document) for make in ROWS.values()])
    expected = reloaded(document).predict(xgboost.DMatrix(rows), pred_leaf=True)[:, number]
    leaves = _run(graph(_numbered(document, number), 0, {}), rows)[:, 0]
    assert np.array_equal(leaves, expected)


# Zero, the subnormals beside it, the smallest normal number, one, the largest: of both signs.
EXTREMES = np.array([0.0, 1e-45, 3e-45, 1.1754944e-38, 1.0, 3.4028235e38], np.float32)
EXTREMES = np.concatenate([EXTREMES, -EXTREMES])


@on_both
def test_extreme_thresholds_are_held_exactly(graph: Graph) -> None:
    """A split that is turned round compares with the float beside the threshold's negative."""
    document, bits = quantise(booster_document(60, 3))
    for number, tree in enumerate(document["learner"]["gradient_booster"]["model"]["trees"]):
        for node in np.flatnonzero(np.asarray(tree["left_children"]) >= 0):
            tree["split_conditions"][node] = float(EXTREMES[(number + node) % len(EXTREMES)])
    random = np.random.default_rng(12)
    values = np.concatenate([EXTREMES, np.nextafter(EXTREMES, np.float32(2)), [np.nan, 0.5]])
    rows = random.choice(values.astype(np.float32), (2_000, WIDTH))
    margins = _run(graph(document, bits, {}), rows)[:, 0]
    expected = reloaded(document).inplace_predict(rows, predict_type="margin")
    assert np.array_equal(margins, expected)


@on_both
@pytest.mark.parametrize(
    "parameters",
    [
        {"base_score": 0.02},
        {"base_score": 0.5},
        {"scale_pos_weight": 3.0},
        {"monotone_constraints": "(1,-1)"},
        {"num_parallel_tree": 2, "subsample": 0.5},
        {"max_depth": 1},
        {"gamma": 1e9},  # every tree is a single leaf
    ],
    ids=str,
)
def test_every_way_of_growing_trees_is_exported_exactly(
    parameters: dict[str, Any], graph: Graph
) -> None:
    """Base score, weights, constraints, forests per round, stumps: all the same bits."""
    document, bits = quantise(booster_document(trees=5, **parameters))
    rows = made_up_rows(300, seed=5)
    margins = _run(graph(document, bits, {}), rows)[:, 0]
    expected = reloaded(document).inplace_predict(rows, predict_type="margin")
    assert np.array_equal(margins, expected)


@on_both
def test_an_early_stopped_booster_is_exported_up_to_its_slice(graph: Graph) -> None:
    """Trees after the best round are in neither the booster nor the graph."""
    rows = made_up_rows(1_000, seed=6)
    matrix = xgboost.DMatrix(rows, made_up_labels(rows, seed=6))
    grown = xgboost.train({"objective": "binary:logistic", "nthread": 1}, matrix, 8)
    document, bits = quantise(json.loads(grown[:3].save_raw("json")))
    margins = _run(graph(document, bits, {}), rows)[:, 0]
    whole = grown.predict(matrix, output_margin=True, iteration_range=(0, 3))
    assert len(parse(document).trees) == 3
    assert np.abs(margins - whole).max() <= 1e-5


def test_a_gpu_can_run_every_operator_of_the_traversal() -> None:
    """None but those that ONNX Runtime's CUDA provider was seen to have a kernel for."""
    document, bits = quantise(booster_document())
    model = onnx.load_from_string(traversal_graph(document, bits, {}))
    assert {(node.domain, node.op_type) for node in model.graph.node} <= {
        ("", name) for name in OPERATORS
    }


def test_trees_too_deep_for_a_gpu_are_refused() -> None:
    """A table doubles with each level: the error names both depths."""
    deep = DEEPEST + 1
    document, bits = quantise(booster_document(2, deep, min_child_weight=0))
    with pytest.raises(ModelError, match=f"{deep} deep: a graph for a GPU holds at most {DEEPEST}"):
        traversal_graph(document, bits, {})


def test_contributions_and_a_constant_add_up_to_the_margin() -> None:
    """Every row starts from the same constant, and nothing is lost to rounding."""
    document, bits = quantise(booster_document())
    rows = made_up_rows(500, seed=8)
    margins = _run(margin_graph(document, bits, {}), rows)[:, 0]
    shares = _run(contribution_graph(document, bits, {}), rows).astype(np.float64)
    assert len(np.unique(margins - shares.sum(axis=1))) == 1


def test_contributions_are_xgboosts_path_contributions() -> None:
    """They agree with XGBoost's `approx_contribs` up to the grid."""
    document, bits = quantise(booster_document())
    rows = made_up_rows(500, seed=9)
    shares = _run(contribution_graph(document, bits, {}), rows)
    expected = reloaded(document).predict(
        xgboost.DMatrix(rows), pred_contribs=True, approx_contribs=True
    )
    assert np.abs(shares - expected[:, :-1]).max() <= 20 * 4 * 2.0**-bits


def test_a_tree_of_one_leaf_contributes_nothing() -> None:
    """Stumps without a split are exported, and move no feature."""
    document, bits = quantise(booster_document(trees=5, gamma=1e9))
    shares = _run(contribution_graph(document, bits, {}), made_up_rows(10, seed=1))
    assert not shares.any()


def test_the_graph_carries_its_facts() -> None:
    """Feature names, their hash and the booster's digest come back from the session."""
    document, bits = quantise(booster_document())
    told = facts(("a", "b"), "hash", b"truth")
    session = onnxruntime.InferenceSession(
        margin_graph(document, bits, told), providers=["CPUExecutionProvider"]
    )
    assert session.get_modelmeta().custom_metadata_map == told
    assert told["feature_names"] == "a,b"


def test_the_same_booster_gives_the_same_bytes() -> None:
    """Exporting twice gives identical files, so digests can name a model."""
    document, bits = quantise(booster_document())
    for graph in (margin_graph, contribution_graph, traversal_graph):
        assert graph(document, bits, {}) == graph(document, bits, {})


@on_both
def test_leaves_off_the_grid_are_refused(graph: Graph) -> None:
    """A booster that was not quantised cannot be exported by accident."""
    with pytest.raises(ModelError, match="quantise them first"):
        graph(booster_document(), 18, {})


def _first_tree(document: Document) -> Document:
    tree: Document = document["learner"]["gradient_booster"]["model"]["trees"][0]
    return tree


def _dart(document: Document) -> None:
    document["learner"]["gradient_booster"]["name"] = "dart"


def _ranking(document: Document) -> None:
    document["learner"]["objective"]["name"] = "rank:ndcg"


def _two_targets(document: Document) -> None:
    document["learner"]["learner_model_param"]["num_target"] = "2"


def _categorical(document: Document) -> None:
    _first_tree(document)["split_type"][0] = 1


def _pruned(document: Document) -> None:
    _first_tree(document)["tree_param"]["num_deleted"] = "2"


def _vector_leaf(document: Document) -> None:
    _first_tree(document)["tree_param"]["size_leaf_vector"] = "3"


def _cycle(document: Document) -> None:
    _first_tree(document)["left_children"][0] = 0


def _no_cover(document: Document) -> None:
    _first_tree(document)["sum_hessian"][-1] = 0.0


def _not_finite(document: Document) -> None:
    _first_tree(document)["split_conditions"][-1] = float("nan")


def _no_trees(document: Document) -> None:
    document["learner"]["gradient_booster"]["model"]["trees"] = []


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_dart, "booster is 'dart'"),
        (_ranking, "objective is 'rank:ndcg'"),
        (_two_targets, "num_target is 2"),
        (_categorical, "split types"),
        (_pruned, "deleted nodes"),
        (_vector_leaf, "leaf size"),
        (_cycle, "child comes before its parent"),
        (_no_cover, "without cover"),
        (_not_finite, "not finite"),
        (_no_trees, "no trees"),
    ],
)
@on_both
def test_what_cannot_be_served_exactly_is_refused(
    spoil: Callable[[Document], None], says: str, graph: Graph
) -> None:
    """Each unsupported booster is refused with what it is and what it must be."""
    document, bits = quantise(booster_document())
    spoil(document)
    with pytest.raises(ModelError, match=says):
        graph(document, bits, {})
