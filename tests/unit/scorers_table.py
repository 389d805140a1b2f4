"""A small made-up training set with a pattern that trees can find, for the tests of scorers."""

import json
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost

from schemas.features import FEATURE_NAMES
from scorers.train import TrainingTable

WIDTH = len(FEATURE_NAMES)
ROWS_PER_GROUP = 5


def made_up_rows(count: int, seed: int, unknown: float = 0.1) -> npt.NDArray[np.float32]:
    """float32[count, WIDTH] of normal noise, a share of it NaN."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(count, WIDTH)).astype(np.float32)
    rows[random.random(rows.shape) < unknown] = np.nan
    return rows


def made_up_labels(rows: npt.NDArray[np.float32], seed: int) -> npt.NDArray[np.int8]:
    """About one row in eight is abusive; elicitation, one product and noise decide."""
    known = np.nan_to_num(rows)
    elicitation = known[:, FEATURE_NAMES.index("elicitation_mean_7d")]
    noise = np.random.default_rng(seed).normal(size=len(rows)) / 2
    return (elicitation + known[:, 0] * known[:, 1] + noise > 1.7).astype(np.int8)


def made_up_table(count: int = 3_000, seed: int = 0) -> TrainingTable:
    """A table whose groups are runs of five rows."""
    rows = made_up_rows(count, seed)
    numbers = np.arange(count)
    groups, times = numbers // ROWS_PER_GROUP, 1_750_000_000_000 + numbers
    return TrainingTable(rows, made_up_labels(rows, seed), groups, times)


@lru_cache(maxsize=8)
def booster_text(trees: int = 20, depth: int = 4, **parameters: Any) -> str:
    """XGBoost's own JSON of a booster grown on made-up rows, not yet on any grid."""
    rows = made_up_rows(2_000, seed=7)
    settings = {"objective": "binary:logistic", "max_depth": depth, "nthread": 1, **parameters}
    matrix = xgboost.DMatrix(rows, made_up_labels(rows, seed=7))
    booster = xgboost.train(settings, matrix, num_boost_round=trees)
    return bytes(booster.save_raw("json")).decode()


def booster_document(trees: int = 20, depth: int = 4, **parameters: Any) -> dict[str, Any]:
    """A fresh copy of that booster as a document, free to be changed."""
    document: dict[str, Any] = json.loads(booster_text(trees, depth, **parameters))
    return document


def reloaded(document: dict[str, Any]) -> xgboost.Booster:
    """XGBoost's own reading of a document."""
    return xgboost.Booster(model_file=bytearray(json.dumps(document).encode()))
