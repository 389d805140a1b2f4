"""SHAP values: they add up to what serving says, and groups lose nothing of them."""

import sys

import numpy as np
import pytest

from schemas.errors import ConfigurationError, ModelError
from schemas.features import FEATURE_NAMES
from scorers.inputs import REQUESTS
from scorers.manifest import BOOSTER, read
from scorers.model import Model
from scorers.reasons import CODES, grouped
from scorers.shapley import shapley
from scorers.shipped import SHIPPED
from tests.unit.scorers_table import made_up_rows

ROWS = made_up_rows(20, seed=3)


@pytest.fixture(scope="module")
def model() -> Model:
    """The shipped model."""
    return Model.load(SHIPPED)


@pytest.fixture(scope="module")
def booster() -> bytes:
    """The shipped model's trees."""
    return read(SHIPPED, REQUESTS).files[BOOSTER]


def test_values_add_up_to_the_margin(model: Model, booster: bytes) -> None:
    """What each feature adds to the margin of nothing known is all that there is."""
    margins = model.margins(ROWS)
    values, nothing = shapley(booster, ROWS, margins)
    assert values.shape == ROWS.shape
    np.testing.assert_allclose(values.sum(axis=1) + nothing, margins, atol=1e-4)


def test_another_models_margins_are_refused(model: Model, booster: bytes) -> None:
    """An explanation of something else is worse than none."""
    with pytest.raises(ModelError, match="do not add up"):
        shapley(booster, ROWS, model.margins(ROWS) + np.float32(0.01))


def test_without_xgboost_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, booster: bytes
) -> None:
    """Serving does without XGBoost, so it may be missing."""
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(ConfigurationError, match=r"install sluicegate\[train\]"):
        shapley(booster, ROWS, np.zeros(len(ROWS), np.float32))


def test_groups_hold_every_feature_once_and_add_up() -> None:
    """For and against suspicion, the strongest for it first, down to the strongest against."""
    contributions = np.random.default_rng(5).normal(size=len(FEATURE_NAMES))
    groups = grouped(FEATURE_NAMES, ROWS[0], contributions)
    parts = [part for group in groups for part in group.parts]
    assert sorted(part.name for part in parts) == sorted(FEATURE_NAMES)
    assert sum(group.weight for group in groups) == pytest.approx(contributions.sum(), abs=1e-4)
    weights = [group.weight for group in groups]
    assert weights == sorted(weights, reverse=True)
    assert {group.code for group in groups} == set(CODES)


def test_parts_of_a_group_begin_with_what_adds_most() -> None:
    """And a value that is not known is none."""
    row = np.full(len(FEATURE_NAMES), np.nan, np.float32)
    contributions = np.zeros(len(FEATURE_NAMES))
    contributions[FEATURE_NAMES.index("networks_distinct_7d")] = 1.0
    contributions[FEATURE_NAMES.index("networks_distinct_24h")] = -1.0
    [spread] = [g for g in grouped(FEATURE_NAMES, row, contributions) if g.code == "network_spread"]
    assert [part.weight for part in spread.parts] == [1.0, 0.0, -1.0]
    assert {part.value for part in spread.parts} == {None}
