"""Training: a folder that can be served, the same bytes for the same seed, or a clear refusal."""

import dataclasses
import functools
import json
import operator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from schemas.errors import ConfigurationError, ModelError
from schemas.features import FEATURE_NAMES
from scorers import publish
from scorers.drift import SUMMARY, Summary
from scorers.engine import LARGE
from scorers.inputs import MONOTONE
from scorers.manifest import BOOSTER, FILES, MANIFEST, MARGIN_GPU
from scorers.model import Model
from scorers.search import Budget
from scorers.train import Report, TrainingTable, train
from tests.unit.scorers_table import made_up_rows, made_up_table

train_quickly = functools.partial(train, trees=12, depth=3)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    """One small model and its report."""
    out = tmp_path_factory.mktemp("trained") / "model"
    return out, train(made_up_table(), out, seed=1, trees=40, depth=4)


def test_a_trained_folder_is_served(trained: tuple[Path, Report]) -> None:
    """What training writes, serving loads, under the version that the report names."""
    out, report = trained
    model = Model.load(out)
    assert model.version == report.version
    assert {path.name for path in out.iterdir()} == {*FILES, MARGIN_GPU, MANIFEST, SUMMARY}


def test_the_model_learns_the_pattern(trained: tuple[Path, Report]) -> None:
    """On groups that it never saw it ranks well, and its scores are near the frequencies."""
    _, report = trained
    assert report.evaluation.auc > 0.85
    assert report.evaluation.calibration_error < 0.1


def test_the_booster_is_the_truth(trained: tuple[Path, Report]) -> None:
    """XGBoost reads the UBJ file and gives the served margins to the bit."""
    out, _ = trained
    rows = made_up_rows(LARGE - 1, seed=2)  # no XGBoost on our side
    booster = xgboost.Booster(model_file=out / BOOSTER)
    expected = booster.inplace_predict(rows, predict_type="margin")
    assert np.array_equal(Model.load(out).margins(rows), expected)


def test_the_card_tells_how_the_model_was_made(trained: tuple[Path, Report]) -> None:
    """Seed, sizes, span of time and the evaluation stand in the manifest."""
    out, report = trained
    card = json.loads((out / MANIFEST).read_text())["training"]
    assert card["evaluation"] == report.evaluation._asdict()
    assert (card["seed"], card["rows"], card["groups"]) == (1, 3_000, 600)
    assert (card["since"], card["until"]) == (1_750_000_000_000, 1_750_000_002_999)


def test_the_summary_tells_of_all_rows_of_the_snapshot(tmp_path: Path) -> None:
    """Those that nobody labelled too: what is served looks like them."""
    others = made_up_rows(200, seed=9)
    table = dataclasses.replace(made_up_table(), others=others)
    train_quickly(table, tmp_path / "model", seed=1)
    summary = Summary.parse((tmp_path / "model" / SUMMARY).read_bytes(), FEATURE_NAMES)
    assert set(summary.counts.sum(axis=1)) == {3_200}
    everything = np.concatenate([table.features, others])
    assert np.array_equal(summary.count(everything), summary.counts)


def test_importance_finds_what_made_the_labels(trained: tuple[Path, Report]) -> None:
    """The three inputs of the pattern lead, the largest first."""
    _, report = trained
    first = list(report.importance)[:3]
    assert set(first) == {"elicitation_mean_7d", FEATURE_NAMES[0], FEATURE_NAMES[1]}
    assert sorted(report.importance.values(), reverse=True) == list(report.importance.values())


def test_what_is_held_out_is_what_is_evaluated(trained: tuple[Path, Report]) -> None:
    """Scores of the served model for rows of groups that no other split has."""
    out, report = trained
    table, held_out = made_up_table(), report.held_out
    served = Model.load(out).score(table.features[held_out.rows])
    assert np.array_equal(served, held_out.scores)
    assert len(held_out.rows) == report.evaluation.rows


def test_a_rare_class_keeps_its_calibration(tmp_path: Path) -> None:
    """One row in sixty is abusive, and no class is weighted: scores of rows that the model has
    not seen add up to about as many as are abusive, among all of them and among the suspicious.
    Had the classes been balanced, the sum would be more than ten times too high."""
    rows = made_up_rows(16_000, seed=4)
    risk = 1 / (1 + np.exp(-(1.5 * np.nan_to_num(rows[:, 0]) - 5)))
    label = (np.random.default_rng(4).random(len(rows)) < risk).astype(np.int8)
    numbers = np.arange(len(rows))
    train(TrainingTable(rows, label, numbers, numbers), tmp_path / "m", seed=2, depth=2)
    unseen = made_up_rows(40_000, seed=5)
    truly = 1 / (1 + np.exp(-(1.5 * np.nan_to_num(unseen[:, 0]) - 5)))
    scores = Model.load(tmp_path / "m").score(unseen)
    assert label.mean() < 0.02
    suspicious = np.argsort(scores)[-4_000:]
    for part in (slice(None), suspicious):
        assert scores[part].sum() == pytest.approx(truly[part].sum(), rel=0.5)


def test_a_search_stands_in_the_card(tmp_path: Path) -> None:
    """Every trial with its parameters and loss, and which was chosen: the lowest loss."""
    report = train_quickly(made_up_table(), tmp_path / "model", seed=1, budget=Budget(3, 1e9))
    told = json.loads((tmp_path / "model" / MANIFEST).read_text())["training"]["search"]
    losses = [trial["loss"] for trial in told["tried"]]
    assert len(losses) == told["trials"] == 3
    assert losses[told["chosen"]] == min(losses) == report.found.trials[report.found.chosen].loss


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two runs write identical folders."""
    for name in ("one", "two"):
        train_quickly(made_up_table(), tmp_path / name, seed=5)
    for name in (*FILES, MANIFEST):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_another_seed_gives_another_version(tmp_path: Path) -> None:
    """The version follows from what was trained."""
    reports = [train_quickly(made_up_table(), tmp_path / str(s), seed=s) for s in (1, 2)]
    assert reports[0].version != reports[1].version


def test_training_stops_at_the_best_round(tmp_path: Path) -> None:
    """On a small table most of 300 rounds would only learn noise; they are cut off."""
    report = train(made_up_table(1_000), tmp_path / "model", seed=1, trees=300, depth=4)
    booster = xgboost.Booster(model_file=tmp_path / "model" / BOOSTER)
    assert report.trees == booster.num_boosted_rounds() < 200


def test_more_elicitation_never_lowers_a_score(trained: tuple[Path, Report]) -> None:
    """A constrained feature only moves the score its own way."""
    model = Model.load(trained[0])
    rows = made_up_rows(50, seed=3).repeat(40, axis=0)
    rows[:, FEATURE_NAMES.index("elicitation_mean_7d")] = np.tile(np.linspace(-3, 3, 40), 50)
    assert np.all(np.diff(model.score(rows).reshape(50, 40), axis=1) >= 0)


def test_constraints_name_features_that_exist() -> None:
    """A renamed feature cannot lose its constraint unnoticed."""
    assert set(MONOTONE) <= set(FEATURE_NAMES)


def _wrong(**columns: Any) -> TrainingTable:
    return dataclasses.replace(made_up_table(100), **columns)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (_wrong(features=np.zeros((100, 3), np.float32)), r"features are \(100, 3\)"),
        (_wrong(features=made_up_rows(100, 0).astype(np.float64)), "must be float32"),
        (_wrong(group=np.arange(99)), "a group and a time for each row"),
        (_wrong(features=made_up_rows(100, 0) * np.float32(np.inf)), "infinite"),
        (_wrong(label=np.full(100, -1, np.int8)), "labels must be 0"),
        (_wrong(label=np.zeros(100, np.int8)), "abusive groups to split, found 0"),
    ],
)
def test_a_table_that_cannot_be_trained_on_is_refused(
    table: TrainingTable, says: str, tmp_path: Path
) -> None:
    """The error says what is wrong with the table; nothing is written."""
    with pytest.raises(ConfigurationError, match=says):
        train(table, tmp_path / "model", seed=1)
    assert not list(tmp_path.iterdir())


def test_a_model_is_never_written_over_another(tmp_path: Path) -> None:
    """An existing folder stays as it is."""
    with pytest.raises(ConfigurationError, match="never written over another"):
        train(made_up_table(), tmp_path, seed=1)


@pytest.mark.parametrize("graph", ["export.margin_graph", "traversal_graph"])
def test_a_graph_that_differs_from_its_booster_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, graph: str
) -> None:
    """When one of them would give other margins, training fails and leaves nothing behind."""
    export: Any = operator.attrgetter(graph)(publish)

    def off(document: dict[str, Any], bits: int, facts: dict[str, str]) -> bytes:
        tree = document["learner"]["gradient_booster"]["model"]["trees"][-1]
        for node in np.flatnonzero(np.asarray(tree["left_children"]) < 0):
            tree["split_conditions"][node] += 2.0**-bits
        graph: bytes = export(document, bits, facts)
        return graph

    monkeypatch.setattr(f"scorers.publish.{graph}", off)
    with pytest.raises(ModelError, match="not published"):
        train_quickly(made_up_table(), tmp_path / "model", seed=1)
    assert not list(tmp_path.iterdir())
