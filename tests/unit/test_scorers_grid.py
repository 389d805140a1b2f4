"""Leaves on the grid: sums are exact in any order, and refused where they would not be."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ModelError
from scorers.forest import parse
from scorers.grid import COARSEST, FINEST, contributions, is_exact, quantise
from tests.unit.scorers_table import booster_document, made_up_rows, reloaded

LEAVES = [tree.value[tree.leaf] for tree in parse(quantise(booster_document())[0]).trees]


def _scaled(factor: float) -> dict[str, object]:
    document = booster_document()
    for tree in document["learner"]["gradient_booster"]["model"]["trees"]:
        leaf = np.asarray(tree["left_children"]) < 0
        values = np.asarray(tree["split_conditions"])
        tree["split_conditions"] = np.where(leaf, values * factor, values).tolist()
    return document


@given(st.permutations(range(20)), st.integers(0, 999))
def test_any_order_of_summation_gives_the_same_bits(order: list[int], seed: int) -> None:
    """Adding one leaf of every tree in float32 does not depend on the order."""
    random = np.random.default_rng(seed)
    leaves = np.asarray([random.choice(values) for values in LEAVES], np.float32)
    straight, shuffled = (np.add.accumulate(x)[-1] for x in (leaves, leaves[order]))
    assert straight.tobytes() == shuffled.tobytes()


def test_every_leaf_is_a_multiple_of_the_step() -> None:
    """After quantising, leaf * 2^bits is a whole number and the base score is gone."""
    document, bits = quantise(booster_document())
    forest = parse(document)
    assert forest.base == 0.0
    for tree in forest.trees:
        assert all(math.ldexp(float(v), bits).is_integer() for v in tree.value)


def test_margins_move_by_half_a_step_per_tree_at_most() -> None:
    """The grid changes a margin by no more than half a step per tree and one for the base."""
    original = booster_document()
    document, bits = quantise(original)
    rows = made_up_rows(500, seed=1)
    before, after = (
        reloaded(d).inplace_predict(rows, predict_type="margin").astype(np.float64)
        for d in (original, document)
    )
    assert np.abs(before - after).max() <= 21 * 2.0 ** -(bits + 1) + 1e-6


def test_large_leaves_get_a_coarser_grid() -> None:
    """Where the finest grid would round, a coarser one that is exact is taken."""
    _, fine = quantise(booster_document())
    document, coarse = quantise(_scaled(30.0))
    assert COARSEST <= coarse < fine <= FINEST
    assert is_exact(parse(document), coarse)
    assert not is_exact(parse(document), FINEST)


def test_leaves_too_large_for_every_grid_are_refused() -> None:
    """No grid holds margins in the tens of thousands; the error says so."""
    with pytest.raises(ModelError, match="too large for a grid"):
        quantise(_scaled(10_000.0))


def test_leaves_between_two_grid_points_are_not_exact() -> None:
    """A booster as XGBoost made it is not mistaken for one on the grid."""
    assert not is_exact(parse(booster_document()), FINEST)


def test_contributions_of_a_leaf_add_up_to_its_value() -> None:
    """In every tree, one constant plus the path's contributions is the leaf, to the bit."""
    document, bits = quantise(booster_document())
    forest = parse(document)
    shares = contributions(forest, bits)
    for tree, share in zip(forest.trees, shares, strict=True):
        rest = tree.value[tree.leaf].astype(np.float64) - share[tree.leaf].sum(axis=1)
        assert len(np.unique(rest)) == 1
