"""Exact contributions of features to a margin: SHAP values, off the hot path.

Path contributions, which decisions carry, credit the splits along one path. SHAP values credit a
feature with what it changes over all orders in which the features could become known (Lundberg et
al. 2020, https://doi.org/10.1038/s42256-019-0138-9); XGBoost works them out exactly.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.errors import ConfigurationError, ModelError
from scorers.sessions import Rows

# Sums of float32 over some hundred trees, in two orders.
_TOLERANCE: Final = 1e-3


def shapley(
    booster: bytes, rows: Rows, margins: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float64], float]:
    """SHAP values float64[n, features] of rows, log-odds, and the margin of nothing known.

    booster: a model's UBJ; margins: what serving says about the rows: values and the margin of
    nothing known add up to it. Raises ConfigurationError without XGBoost, ModelError when they
    do not add up.
    """
    try:
        import xgboost  # noqa: PLC0415 - training's; serving does without it
    except ImportError as error:
        raise ConfigurationError(
            "exact contributions need XGBoost: install sluicegate[train]"
        ) from error
    model = xgboost.Booster({"nthread": 1})
    model.load_model(bytearray(booster))
    told = model.predict(
        xgboost.DMatrix(rows),
        pred_contribs=True,
        validate_features=False,  # of names: the manifest's digest holds them and their order
    )
    found = np.asarray(told, np.float64)
    if not np.allclose(found.sum(axis=1), margins, rtol=0, atol=_TOLERANCE):
        raise ModelError("SHAP values do not add up to what serving says: another booster?")
    return found[:, :-1], float(found[0, -1]) if len(found) else 0.0
