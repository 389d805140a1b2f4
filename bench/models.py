"""Models of any size, grown on made-up rows: what the measurements of scoring serve."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import xgboost

from schemas.features import FEATURE_NAMES
from scorers import export, grid
from scorers.calibration import Calibration
from scorers.golden import Golden
from scorers.inputs import REQUESTS
from scorers.manifest import BOOSTER, CONTRIBUTIONS, GOLDEN, MARGIN, MARGIN_GPU, Manifest, write
from scorers.sessions import Rows
from scorers.traversal import traversal_graph

FEATURES: Final = len(FEATURE_NAMES)
TRAINING_ROWS: Final = 50_000
# Twenty times as many trees learn as much, each of them less, so that none is left with nothing.
LEARNING: Final = 20.0


class Graphs(NamedTuple):
    """One booster on the grid, and what is served of it."""

    document: Mapping[str, Any]
    booster: bytes
    margin: bytes
    contribution: bytes
    traversal: bytes


def graphs(trees: int, depth: int) -> Graphs:
    """Grow a booster and export it; on as many cores as this process may use."""
    document, bits = grid.quantise(json.loads(_grown(trees, depth).save_raw("json")))
    booster = xgboost.Booster(model_file=bytearray(json.dumps(document).encode()))
    truth = bytes(booster.save_raw("ubj"))
    about = export.facts(REQUESTS.names, REQUESTS.digest, truth)
    return Graphs(
        document,
        truth,
        export.margin_graph(document, bits, about),
        export.contribution_graph(document, bits, about),
        traversal_graph(document, bits, about),
    )


def write_model(folder: Path, made: Graphs) -> None:
    """Write what `Model.load` reads."""
    rows, calibration = made_up(300, seed=3), Calibration(1.0, 0.0)
    booster = xgboost.Booster(model_file=bytearray(made.booster))
    margins = booster.inplace_predict(rows, predict_type="margin")
    files = {
        BOOSTER: made.booster,
        MARGIN: made.margin,
        CONTRIBUTIONS: made.contribution,
        MARGIN_GPU: made.traversal,
        GOLDEN: Golden.choose(rows, calibration.score(margins)).to_bytes(),
    }
    folder.mkdir()
    write(folder, Manifest.describe(REQUESTS, calibration, files, {}).to_json(), files)


def made_up(count: int, seed: int) -> Rows:
    """float32[count, features] of normal noise, 6 % of it not known."""
    source = np.random.default_rng(seed)
    rows = source.normal(size=(count, FEATURES)).astype(np.float32)
    rows[source.random(rows.shape) < 0.06] = np.nan
    return rows


def _grown(trees: int, depth: int) -> xgboost.Booster:
    rows = made_up(TRAINING_ROWS, seed=0)
    known = np.nan_to_num(rows)
    noise = np.random.default_rng(2).normal(size=TRAINING_ROWS)
    labels = known[:, 0] + known[:, 1] * known[:, 2] + known[:, 3] * known[:, 4] + noise > 2.5
    eta = min(0.1, LEARNING / trees)
    parameters = {"objective": "binary:logistic", "max_depth": depth, "eta": eta, "seed": 0}
    return xgboost.train(parameters, xgboost.DMatrix(rows, labels), num_boost_round=trees)
