"""Serving: the same bits at every batch size, and a folder that loads whole or not at all."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from schemas.errors import ModelError
from schemas.features import FEATURE_NAMES, feature_hash
from scorers.calibration import Calibration
from scorers.export import contribution_graph, facts, margin_graph
from scorers.grid import quantise
from scorers.manifest import BOOSTER, CONTRIBUTIONS, FILES, MANIFEST, MARGIN, Manifest
from scorers.model import Model
from tests.unit.scorers_table import WIDTH, booster_document, made_up_rows, reloaded

CALIBRATION = Calibration(1.1, -0.2)


def _write(folder: Path, files: dict[str, bytes], features: str) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    described = Manifest.describe(features, CALIBRATION, files, {})
    (folder / MANIFEST).write_text(described.to_json())


def _files(features: str, trees: int, depth: int = 6) -> dict[str, bytes]:
    document, bits = quantise(booster_document(trees, depth))
    truth = bytes(reloaded(document).save_raw("ubj"))
    told = facts(FEATURE_NAMES, features, truth)
    return {
        BOOSTER: truth,
        MARGIN: margin_graph(document, bits, told),
        CONTRIBUTIONS: contribution_graph(document, bits, told),
    }


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model of the size that is served: 200 trees of depth 6."""
    folder = tmp_path_factory.mktemp("full")
    _write(folder, _files(feature_hash(), trees=200), feature_hash())
    return folder


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The files of a small model."""
    return _files(feature_hash(), trees=3, depth=2)


@pytest.fixture
def folder(tmp_path: Path, files: dict[str, bytes]) -> Path:
    """A small model's folder, free to be spoiled."""
    _write(tmp_path / "model", files, feature_hash())
    return tmp_path / "model"


@pytest.mark.parametrize("batch", [1, 2, 7, 64, 1000])
def test_scores_do_not_depend_on_the_batch(full: Path, batch: int) -> None:
    """However the rows are cut into batches, every score has the same bits."""
    model, rows = Model.load(full), made_up_rows(1_000, seed=1)
    cut = [rows[start : start + batch] for start in range(0, len(rows), batch)]
    assert np.array_equal(np.concatenate([model.score(rows) for rows in cut]), model.score(rows))


@pytest.mark.parametrize("batch", [1, 64])
def test_contributions_do_not_depend_on_the_batch(full: Path, batch: int) -> None:
    """Nor do the reasons of a decision that is worked out again."""
    model, rows = Model.load(full), made_up_rows(200, seed=2)
    cut = [rows[start : start + batch] for start in range(0, len(rows), batch)]
    whole = model.contributions(rows)
    assert np.array_equal(np.concatenate([model.contributions(rows) for rows in cut]), whole)


def test_margins_equal_xgboosts_to_the_bit(full: Path) -> None:
    """The full-size model serves the very margins of its booster."""
    document, _ = quantise(booster_document(200, 6))
    rows = made_up_rows(1_000, seed=3)
    expected = reloaded(document).inplace_predict(rows, predict_type="margin")
    assert np.array_equal(Model.load(full).margins(rows), expected)


def test_contributions_add_up_to_the_margin(full: Path) -> None:
    """A score can be taken apart: a constant of the model is all that remains."""
    model, rows = Model.load(full), made_up_rows(200, seed=4)
    total = model.contributions(rows).astype(np.float64).sum(axis=1)
    assert len(np.unique(model.margins(rows) - total)) == 1


def test_an_empty_batch_has_no_scores(full: Path) -> None:
    """No rows in, no scores out."""
    model, none = Model.load(full), np.empty((0, WIDTH), np.float32)
    assert model.score(none).shape == (0,)
    assert model.contributions(none).shape == (0, WIDTH)


def test_scores_are_calibrated(full: Path) -> None:
    """The score is the calibration of the margin."""
    model, rows = Model.load(full), made_up_rows(50, seed=5)
    expected = 1 / (1 + np.exp(-(1.1 * model.margins(rows).astype(np.float64) - 0.2)))
    assert model.score(rows) == pytest.approx(expected, abs=5.1e-7)


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_a_missing_file_is_refused(folder: Path, name: str) -> None:
    """The error names the file."""
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        Model.load(folder)


@pytest.mark.parametrize("name", FILES)
def test_an_altered_file_is_refused(folder: Path, name: str) -> None:
    """One flipped bit anywhere, the booster included, and nothing is served."""
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}: differs from the digest"):
        Model.load(folder)


def test_another_feature_list_is_refused(tmp_path: Path) -> None:
    """A model made for other features says so and what to do."""
    _write(tmp_path / "model", _files("0" * 64, trees=3, depth=2), "0" * 64)
    with pytest.raises(ModelError, match=r"made for the feature list 0{12},.*`sluicegate train`"):
        Model.load(tmp_path / "model")


def test_a_graph_of_another_feature_list_is_refused(tmp_path: Path) -> None:
    """A manifest that claims our features does not hide a graph that has others."""
    _write(tmp_path / "model", _files("0" * 64, trees=3, depth=2), feature_hash())
    with pytest.raises(ModelError, match="for another feature list"):
        Model.load(tmp_path / "model")


def test_a_graph_of_another_booster_is_refused(folder: Path, files: dict[str, bytes]) -> None:
    """Graphs and booster of two models do not make a third."""
    other = _files(feature_hash(), trees=4, depth=2)
    _write(folder, {**files, MARGIN: other[MARGIN]}, feature_hash())
    with pytest.raises(ModelError, match="exported from another booster"):
        Model.load(folder)


def test_a_graph_that_the_runtime_refuses_is_a_model_error(
    folder: Path, files: dict[str, bytes]
) -> None:
    """Bytes that are no graph, digests in order, end in our error and not the runtime's."""
    _write(folder, {**files, CONTRIBUTIONS: b"\x08\x09 no graph"}, feature_hash())
    with pytest.raises(ModelError, match=f"{CONTRIBUTIONS}: ONNX Runtime refuses it"):
        Model.load(folder)


def _edit(change: Callable[[dict[str, object]], object]) -> Callable[[str], str]:
    def edited(text: str) -> str:
        fields = json.loads(text)
        change(fields)
        return json.dumps(fields)

    return edited


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (_edit(lambda f: f.update(calibration={"slope": 9.0, "intercept": 0.0})), "not that of"),
        (_edit(lambda f: f.update(format=2)), "manifest format 2, must be 1"),
        (_edit(lambda f: f.pop("files")), "not a manifest"),
        (_edit(lambda f: f.update(calibration=7)), "not a manifest"),
        (lambda _: "{", "not a manifest"),
        (lambda _: "[]", "not a manifest"),
    ],
)
def test_an_edited_manifest_is_refused(folder: Path, edit: Callable[[str], str], says: str) -> None:
    """A changed calibration, an unknown format, or no manifest at all."""
    path = folder / MANIFEST
    path.write_text(edit(path.read_text()))
    with pytest.raises(ModelError, match=says):
        Model.load(folder)


def test_the_version_follows_from_what_decides_a_score(files: dict[str, bytes]) -> None:
    """Files, features and calibration change it; the model card does not."""

    def version(files: dict[str, bytes], calibration: Calibration, card: dict[str, int]) -> str:
        return Manifest.describe(feature_hash(), calibration, files, card).version

    same = version(files, CALIBRATION, {})
    assert version(files, CALIBRATION, {"seed": 1}) == same
    assert version(files, Calibration(1.1, -0.3), {}) != same
    assert version({**files, MARGIN: b""}, CALIBRATION, {}) != same


def test_serving_imports_neither_xgboost_nor_onnx(folder: Path) -> None:
    """A worker needs ONNX Runtime and NumPy only."""
    program = (
        "import sys; from pathlib import Path; from scorers.model import Model;"
        "import scorers.reasons; Model.load(Path(sys.argv[1]));"
        "sys.exit(len({'xgboost', 'onnx', 'pandas'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads by Linux's /proc")
def test_scoring_starts_no_thread(full: Path) -> None:
    """Loading and scoring stay on the caller's thread."""
    rows = made_up_rows(1_000, seed=6)
    before = len(list(Path("/proc/self/task").iterdir()))
    model = Model.load(full)
    model.score(rows)
    model.contributions(rows)
    assert len(list(Path("/proc/self/task").iterdir())) == before
