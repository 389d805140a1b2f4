"""A small made-up training set with a pattern that trees can find, and models grown on it."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost

from schemas.features import FEATURE_NAMES
from scorers.calibration import Calibration
from scorers.export import contribution_graph, facts, margin_graph
from scorers.golden import Golden
from scorers.grid import quantise
from scorers.inputs import REQUESTS, Inputs
from scorers.manifest import (
    BOOSTER,
    CONTRIBUTIONS,
    GOLDEN,
    MARGIN,
    MARGIN_GPU,
    Manifest,
    write,
)
from scorers.train import TrainingTable
from scorers.traversal import traversal_graph

WIDTH = len(FEATURE_NAMES)
ROWS_PER_GROUP = 5
CALIBRATION = Calibration(1.1, -0.2)


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


def model_files(trees: int, depth: int = 6, inputs: Inputs = REQUESTS) -> dict[str, bytes]:
    """The files of a model that was grown on made-up rows."""
    document, bits = quantise(booster_document(trees, depth))
    booster, rows = reloaded(document), made_up_rows(300, seed=8)
    truth = bytes(booster.save_raw("ubj"))
    told = facts(inputs.names, inputs.digest, truth)
    margins = booster.inplace_predict(rows, predict_type="margin")
    return {
        BOOSTER: truth,
        MARGIN: margin_graph(document, bits, told),
        CONTRIBUTIONS: contribution_graph(document, bits, told),
        MARGIN_GPU: traversal_graph(document, bits, told),
        GOLDEN: Golden.choose(rows, CALIBRATION.score(margins)).to_bytes(),
    }


def write_model(folder: Path, files: dict[str, bytes], inputs: Inputs = REQUESTS) -> None:
    """Write a model's folder, or write over it."""
    folder.mkdir(exist_ok=True)
    write(folder, Manifest.describe(inputs, CALIBRATION, files, {}).to_json(), files)
