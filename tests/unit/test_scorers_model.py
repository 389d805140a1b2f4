"""Serving: the same bits at every batch size, and a folder that loads whole or not at all."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from schemas.errors import ModelError
from schemas.features import FEATURE_NAMES
from scorers.calibration import Calibration
from scorers.engine import LARGE
from scorers.golden import MOST, Golden
from scorers.grid import quantise
from scorers.inputs import REQUESTS, Inputs
from scorers.manifest import (
    CONTRIBUTIONS,
    FILES,
    GOLDEN,
    MANIFEST,
    MARGIN,
    Manifest,
)
from scorers.model import Model
from tests.unit.scorers_table import (
    CALIBRATION,
    WIDTH,
    booster_document,
    made_up_rows,
    model_files,
    reloaded,
    write_model,
)

OTHER = Inputs(FEATURE_NAMES, "0" * 64, {}, "sluicegate train")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model of the size that is served: 200 trees of depth 6."""
    folder = tmp_path_factory.mktemp("full")
    write_model(folder, model_files(trees=200))
    return folder


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The files of a small model."""
    return model_files(trees=3, depth=2)


@pytest.fixture
def folder(tmp_path: Path, files: dict[str, bytes]) -> Path:
    """A small model's folder, free to be spoiled."""
    write_model(tmp_path / "model", files)
    return tmp_path / "model"


@pytest.mark.parametrize("batch", [1, 2, 7, 64, LARGE - 1, LARGE])
def test_scores_do_not_depend_on_the_batch(full: Path, batch: int) -> None:
    """However the rows are cut into batches, every score has the same bits."""
    model, rows = Model.load(full), made_up_rows(LARGE + 100, seed=1)
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
    rows = made_up_rows(LARGE - 1, seed=3)  # no XGBoost on our side
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
    write_model(tmp_path / "model", model_files(trees=3, depth=2, inputs=OTHER), OTHER)
    with pytest.raises(ModelError, match=r"made for the feature list 0{12},.*`sluicegate train`"):
        Model.load(tmp_path / "model")


def test_a_graph_of_another_feature_list_is_refused(tmp_path: Path) -> None:
    """A manifest that claims our features does not hide a graph that has others."""
    write_model(tmp_path / "model", model_files(trees=3, depth=2, inputs=OTHER))
    with pytest.raises(ModelError, match="for another feature list"):
        Model.load(tmp_path / "model")


def test_a_graph_of_another_booster_is_refused(folder: Path, files: dict[str, bytes]) -> None:
    """Graphs and booster of two models do not make a third."""
    other = model_files(trees=4, depth=2)
    write_model(folder, {**files, MARGIN: other[MARGIN]})
    with pytest.raises(ModelError, match="exported from another booster"):
        Model.load(folder)


def test_a_graph_that_the_runtime_refuses_is_a_model_error(
    folder: Path, files: dict[str, bytes]
) -> None:
    """Bytes that are no graph, digests in order, end in our error and not the runtime's."""
    write_model(folder, {**files, CONTRIBUTIONS: b"\x08\x09 no graph"})
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
        (_edit(lambda f: f.update(format=1)), "manifest format 1, must be 2"),
        (_edit(lambda f: f.update(features=f["features"][1:])), "made for the feature list"),
        (_edit(lambda f: f.update(more=1)), "not a manifest"),
        (_edit(lambda f: f.pop("files")), "not a manifest"),
        (_edit(lambda f: f["files"].pop(GOLDEN)), f"lists no {GOLDEN}"),
        (_edit(lambda f: f["files"].update({"../evil.onnx": ""})), "'../evil.onnx', which is no"),
        (_edit(lambda f: f["files"].update({"/etc/passwd": ""})), "'/etc/passwd', which is no"),
        (_edit(lambda f: f["files"].update({".hidden.onnx": ""})), "'.hidden.onnx', which is no"),
        (_edit(lambda f: f["files"].update({MANIFEST: ""})), "'manifest.json', which is no"),
        (_edit(lambda f: f["files"].update({f"{n}.a": "" for n in range(99)})), "at most 32"),
        (_edit(lambda f: f.update(calibration=7)), "not a manifest"),
        (lambda _: "{", "not a manifest"),
        (lambda _: "[]", "not a manifest"),
    ],
)
def test_an_edited_manifest_is_refused(folder: Path, edit: Callable[[str], str], says: str) -> None:
    """Whatever was changed in it: what it says of the model, names that lead out, or all of it."""
    path = folder / MANIFEST
    path.write_text(edit(path.read_text()))
    with pytest.raises(ModelError, match=says):
        Model.load(folder)


def test_a_manifest_cut_off_anywhere_is_refused(folder: Path) -> None:
    """A copy that broke off is no manifest."""
    path = folder / MANIFEST
    text = path.read_bytes()
    for length in range(0, len(text) - 2, 97):
        path.write_bytes(text[:length])
        with pytest.raises(ModelError, match="not a manifest"):
            Model.load(folder)


def test_other_scores_than_the_golden_ones_are_refused(
    folder: Path, files: dict[str, bytes]
) -> None:
    """A runtime that scores differently must not serve, whatever the digests say."""
    golden = Golden.parse(files[GOLDEN], WIDTH)
    moved = golden._replace(scores=golden.scores + 2e-6)
    write_model(folder, {**files, GOLDEN: moved.to_bytes()})
    with pytest.raises(ModelError, match="golden rows: scores are off by 2e-06"):
        Model.load(folder)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "cannot be read"),
        (b"PK\x03\x04 no archive", "cannot be read"),
        (Golden(made_up_rows(0, seed=0), np.zeros(0)).to_bytes(), r"are \(0, "),
        (Golden(made_up_rows(3, seed=0)[:, 1:], np.zeros(3)).to_bytes(), "must be"),
        (Golden(made_up_rows(3, seed=0), np.zeros(2)).to_bytes(), "must be"),
        (
            Golden(made_up_rows(1, seed=0), np.zeros(1, np.float16)).to_bytes(),
            "are float32, float16",
        ),
    ],
)
def test_golden_rows_that_are_none_are_refused(
    folder: Path, files: dict[str, bytes], content: bytes, says: str
) -> None:
    """Nothing is served that could not prove itself."""
    write_model(folder, {**files, GOLDEN: content})
    with pytest.raises(ModelError, match=says):
        Model.load(folder)


def test_golden_rows_reach_from_the_lowest_score_to_the_highest() -> None:
    """They stand for the distribution, both ends included."""
    scores = np.random.default_rng(1).random(5_000)
    chosen = Golden.choose(made_up_rows(5_000, seed=1), scores).scores
    assert len(chosen) == MOST
    assert (chosen[0], chosen[-1]) == (scores.min(), scores.max())
    assert np.abs(np.quantile(scores, np.linspace(0, 1, MOST)) - chosen).max() < 0.01


def test_the_version_follows_from_what_decides_a_score(files: dict[str, bytes]) -> None:
    """Files, features and calibration change it; the model card and golden rows do not."""

    def version(files: dict[str, bytes], calibration: Calibration, card: dict[str, int]) -> str:
        return Manifest.describe(REQUESTS, calibration, files, card).version

    same = version(files, CALIBRATION, {})
    assert version(files, CALIBRATION, {"seed": 1}) == same
    assert version({**files, GOLDEN: b""}, CALIBRATION, {}) == same
    assert version(files, Calibration(1.1, -0.3), {}) != same
    assert version({**files, MARGIN: b""}, CALIBRATION, {}) != same


def test_serving_needs_neither_xgboost_nor_onnx(folder: Path) -> None:
    """A worker does with ONNX Runtime and NumPy, and imports nothing that training needs."""
    program = (
        "import sys; from pathlib import Path; sys.modules['xgboost'] = None;"
        "from scorers.model import Model; import scorers.reasons; Model.load(Path(sys.argv[1]));"
        "sys.exit(len({'onnx', 'pandas'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads by Linux's /proc")
def test_scoring_starts_no_thread(full: Path) -> None:
    """Loading and scoring stay on the caller's thread."""
    rows = made_up_rows(LARGE, seed=6)
    before = len(list(Path("/proc/self/task").iterdir()))
    model = Model.load(full)
    model.score(rows)
    model.contributions(rows)
    assert len(list(Path("/proc/self/task").iterdir())) == before
