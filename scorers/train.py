"""Training: from a table of labelled rows to the folder of a model that can be served."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import xgboost

from schemas.errors import ConfigurationError
from scorers import calibration, grid
from scorers.calibration import Calibration
from scorers.drift import SUMMARY, Summary
from scorers.evaluation import Evaluation, evaluate
from scorers.hiding import hidden_at_random, views
from scorers.inputs import REQUESTS, Inputs
from scorers.publish import publish
from scorers.search import Budget, Found, Grow, Parameters, search
from scorers.sessions import Rows
from scorers.splits import JUDGED, Calendar, Indices, split

PATIENCE = 20  # rounds without a better loss on the `stop` split
THREADS = 2  # fixed: the order of histogram sums, and so the trees, depends on it
ONCE: Final = Budget()
_EXPLAINED: Final = 2_000  # held-out rows that importance is worked out from, about 1 ms each


@dataclass(frozen=True, slots=True)
class TrainingTable:
    """Labelled rows as the live feature code made them.

    known: since when the label is known, ms; None: always. others: float32[m, inputs], rows of
    the same snapshot that nobody labelled: not learnt from, but what is served looks like them.
    """

    features: Rows  # float32[n, inputs], NaN where not known
    label: npt.NDArray[np.int8]  # 1 abusive, 0 benign
    group: npt.NDArray[Any]  # id of the campaign, else of the account: never split up
    time: npt.NDArray[np.int64]  # of the event, ms
    known: npt.NDArray[np.int64] | None = None
    others: Rows | None = None

    @classmethod
    def join(cls, tables: Sequence["TrainingTable"]) -> "TrainingTable":
        """One table of several; groups of the same name stay one group."""

        def column(name: str) -> Any:
            parts = [getattr(table, name) for table in tables]
            return None if any(part is None for part in parts) else np.concatenate(parts)

        return cls(**{field.name: column(field.name) for field in fields(cls)})


class HeldOut(NamedTuple):
    """Rows of the table that nothing was learnt from, and the scores that the model gives them."""

    rows: Indices
    scores: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Report:
    """What a training brought. importance: of each input, its mean share in a held-out row's
    margin, in log-odds, either way (exact SHAP), largest first. without: the evaluation again, by
    the families of columns that were hidden."""

    version: str
    trees: int
    grid_bits: int
    calibration: Calibration
    evaluation: Evaluation  # of `held_out`
    held_out: HeldOut
    importance: dict[str, float]
    found: Found
    without: dict[str, Evaluation]


def train(
    table: TrainingTable,
    out: Path,
    *,
    seed: int,
    inputs: Inputs = REQUESTS,
    trees: int = 200,
    depth: int = 6,
    budget: Budget = ONCE,
    newest: float = 0.0,
) -> Report:
    """Train, calibrate, evaluate, and write the model's folder; the same seed, the same bytes.

    It learns from rows with families hidden (scorers/hiding.py), and is judged on whole ones.
    `table.features` has a column for each of `inputs`. newest: the share of rows, by time, that
    only evaluation sees; 0 splits by group alone.
    The classes keep their weights: sample at the call site, since a score that was trained on
    weighted classes is no probability. The folder appears whole or not at all.
    Raises ConfigurationError for a table that cannot be trained on or an `out` that is in
    use, ModelError when what came out must not be served.
    """
    _check(table, out, inputs)
    parts = split(table.group, table.label, seed, _calendar(table, newest))
    shown = replace(table, features=hidden_at_random(table.features, inputs, seed))
    found = search(_grower(shown, inputs, parts, seed, trees), seed, depth, budget)
    booster, bits = _quantised(found.booster)
    margins = _margins(booster, shown.features[parts["calibrate"]])
    fitted = calibration.fit(margins, table.label[parts["calibrate"]])
    judged = parts[JUDGED]
    held_out = HeldOut(judged, fitted.score(_margins(booster, table.features[judged])))
    evaluation = evaluate(held_out.scores, table.label[judged])
    rounds = booster.num_boosted_rounds()
    card = _card(table, inputs, evaluation, seed=seed, trees=rounds, grid_bits=bits)
    without = _without(booster, fitted, table, judged, inputs)
    card |= {
        "without": {hidden: one._asdict() for hidden, one in without.items()},
        "newest": newest,
        "search": found.told(budget),
    }
    others = {SUMMARY: _summary(table, inputs).to_bytes()}
    version = publish(out, booster, fitted, card, table.features, inputs, others)
    importance = _importance(booster, table.features[held_out.rows], inputs)
    return Report(version, rounds, bits, fitted, evaluation, held_out, importance, found, without)


def _margins(booster: xgboost.Booster, rows: Rows) -> npt.NDArray[np.float32]:
    return np.asarray(booster.inplace_predict(rows, predict_type="margin"))


def _without(
    booster: xgboost.Booster,
    fitted: Calibration,
    table: TrainingTable,
    judged: Indices,
    inputs: Inputs,
) -> dict[str, Evaluation]:
    """The evaluation again, with families of columns hidden."""
    label = table.label[judged]
    return {
        hidden: evaluate(fitted.score(_margins(booster, rows)), label)
        for hidden, rows in views(table.features[judged], inputs)
        if hidden
    }


def _calendar(table: TrainingTable, newest: float) -> Calendar | None:
    if not newest:
        return None
    known = np.full_like(table.time, -1) if table.known is None else table.known
    return Calendar(table.time, known, newest)


def _check(table: TrainingTable, out: Path, inputs: Inputs) -> None:
    rows = len(table.label)
    if table.features.shape != (rows, len(inputs.names)):
        raise ConfigurationError(
            f"features are {table.features.shape}, must be ({rows}, {len(inputs.names)})"
        )
    if table.features.dtype != np.float32 or len(table.group) != rows or len(table.time) != rows:
        raise ConfigurationError("features must be float32, with a group and a time for each row")
    if np.isinf(table.features).any():
        raise ConfigurationError("a feature is infinite: unknown is NaN, all else is finite")
    if not np.isin(table.label, (0, 1)).all():
        raise ConfigurationError("labels must be 0 (benign) or 1 (abusive)")
    if out.exists():
        raise ConfigurationError(f"{out} exists: a model is never written over another")


def _grower(
    table: TrainingTable, inputs: Inputs, parts: Mapping[str, Indices], seed: int, trees: int
) -> Grow:
    fit, stop = (_matrix(table, inputs, parts[name]) for name in ("fit", "stop"))

    def grow(parameters: Parameters) -> tuple[xgboost.Booster, float]:
        """The booster up to its best round on the `stop` split, and its loss there."""
        booster = xgboost.train(
            {**_fixed(inputs, seed), **parameters},
            fit,
            num_boost_round=trees,
            evals=[(stop, "stop")],
            early_stopping_rounds=PATIENCE,
            verbose_eval=False,
        )
        # A sliced booster has one truth: predict and inplace_predict of the whole use all trees.
        return booster[: booster.best_iteration + 1], booster.best_score

    return grow


def _fixed(inputs: Inputs, seed: int) -> dict[str, Any]:
    return {
        "objective": "binary:logistic",
        "eval_metric": "logloss",
        "tree_method": "hist",
        "monotone_constraints": dict(inputs.monotone),
        "nthread": THREADS,
        "seed": seed,
    }


def _matrix(table: TrainingTable, inputs: Inputs, rows: Indices) -> xgboost.DMatrix:
    names = list(inputs.names)
    return xgboost.DMatrix(table.features[rows], table.label[rows], feature_names=names)


def _quantised(booster: xgboost.Booster) -> tuple[xgboost.Booster, int]:
    document, bits = grid.quantise(json.loads(booster.save_raw("json")))
    return xgboost.Booster(model_file=bytearray(json.dumps(document).encode())), bits


def _card(
    table: TrainingTable, inputs: Inputs, evaluation: Evaluation, **facts: int
) -> dict[str, Any]:
    return {
        **facts,
        "rows": len(table.label),
        "abusive": int(table.label.sum()),
        "groups": len(np.unique(table.group)),
        "since": int(table.time.min()),
        "until": int(table.time.max()),
        "monotone": dict(inputs.monotone),
        "xgboost": xgboost.__version__,
        "evaluation": evaluation._asdict(),
    }


def _summary(table: TrainingTable, inputs: Inputs) -> Summary:
    others = [] if table.others is None else [table.others]
    return Summary.describe(inputs.names, np.concatenate([table.features, *others]))


def _importance(booster: xgboost.Booster, rows: Rows, inputs: Inputs) -> dict[str, float]:
    some = rows[:: 1 + len(rows) // _EXPLAINED]
    matrix = xgboost.DMatrix(some, feature_names=list(inputs.names))
    weights = np.abs(booster.predict(matrix, pred_contribs=True)[:, :-1]).mean(axis=0)
    order = np.argsort(-weights, kind="stable").tolist()
    return {inputs.names[place]: float(weights[place]) for place in order}
