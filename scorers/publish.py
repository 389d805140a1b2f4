"""From a quantised booster to the folder that serving loads, whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from schemas.errors import ModelError
from schemas.folders import whole
from scorers import export
from scorers.calibration import Calibration
from scorers.golden import Golden
from scorers.inputs import Inputs
from scorers.manifest import BOOSTER, CONTRIBUTIONS, GOLDEN, MARGIN, MARGIN_GPU, Manifest, write
from scorers.model import Model
from scorers.sessions import Rows, Source, open_session, run
from scorers.traversal import traversal_graph

# Rows that the GPU's graph is proven on, on the CPU, where it is slow.
_SAMPLE = 10_000
_SLICE = 1_024  # rows at once: the graph's tensors are as wide as there are trees


def publish(
    out: Path,
    booster: xgboost.Booster,
    calibration: Calibration,
    card: Mapping[str, Any],
    rows: Rows,
    inputs: Inputs,
    others: Mapping[str, bytes],
) -> str:
    """Write a model's folder and return the model's version.

    It is written beside `out` and gets its name only when what serving loads from it gives
    the booster's own margins for `rows`, float32[n, inputs], to the bit. `card` holds the
    facts of the training, `grid_bits` among them; `others`: files that travel with the model.
    Raises ModelError when it must not be served.
    """
    files = _files(booster, card["grid_bits"], inputs) | dict(others)
    margins = booster.inplace_predict(rows, predict_type="margin")
    files[GOLDEN] = Golden.choose(rows, calibration.score(margins)).to_bytes()
    manifest = Manifest.describe(inputs, calibration, files, card)
    with whole(out) as draft:
        write(draft, manifest.to_json(), files)
        _prove(draft, manifest, files, margins, rows)
        Model.load(draft, inputs)
    return manifest.version


def _files(booster: xgboost.Booster, bits: int, inputs: Inputs) -> dict[str, bytes]:
    document = json.loads(booster.save_raw("json"))
    truth = bytes(booster.save_raw("ubj"))
    facts = export.facts(inputs.names, inputs.digest, truth)
    return {
        BOOSTER: truth,
        MARGIN: export.margin_graph(document, bits, facts),
        CONTRIBUTIONS: export.contribution_graph(document, bits, facts),
        MARGIN_GPU: traversal_graph(document, bits, facts),
    }


def _prove(
    folder: Path, manifest: Manifest, files: Mapping[str, bytes], margins: Rows, rows: Rows
) -> None:
    """Both graphs on the CPU: what is served there gives the booster's bits on every row."""
    sampled = slice(None, None, max(1, len(rows) // _SAMPLE))
    for name, some in ((MARGIN, slice(None)), (MARGIN_GPU, sampled)):
        session, told = open_session(Source.of(folder, manifest, files, name)), rows[some]
        served = [run(session, told[at : at + _SLICE])[:, 0] for at in range(0, len(told), _SLICE)]
        if not np.array_equal(np.concatenate(served), margins[some]):
            raise ModelError(f"{name} and the booster differ: not published")
