"""Whichever engine works a margin out, its bits are the same, or it is refused."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from schemas.errors import ConfigurationError, ModelError
from scorers import engine
from scorers.cuda import BUCKETS, CUDA, Buckets, open_cuda, refuse_elsewhere
from scorers.engine import LARGE, Engine, by_size, refuse_other_bits
from scorers.inputs import REQUESTS
from scorers.manifest import BOOSTER, MARGIN, MARGIN_GPU, Manifest
from scorers.model import Model
from scorers.sessions import CPU, Rows, Source, open_session, run, session_options
from tests.unit.scorers_table import CALIBRATION, WIDTH, made_up_rows, model_files, write_model

FOLDER = Path("model")


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The files of a small model."""
    return model_files(trees=10, depth=4)


def _source(files: dict[str, bytes], name: str) -> Source:
    return Source.of(FOLDER, Manifest.describe(REQUESTS, CALIBRATION, files, {}), files, name)


def _margins(files: dict[str, bytes], rows: Rows) -> Rows:
    return run(open_session(_source(files, MARGIN)), rows)[:, 0]


def test_engines_change_over_at_a_size_and_give_the_same_bits(files: dict[str, bytes]) -> None:
    """Below it the graph is asked, from it on XGBoost; nobody can tell by the margins."""
    asked: list[int] = []

    def small(rows: Rows) -> Rows:
        asked.append(len(rows))
        return _margins(files, rows)

    chosen, rows = by_size(small, files[BOOSTER]), made_up_rows(LARGE + 1, seed=1)
    for size in (1, LARGE - 1, LARGE, LARGE + 1):
        assert np.array_equal(chosen.margins(rows[:size]), _margins(files, rows[:size]))
    assert asked == [1, LARGE - 1]


def test_without_xgboost_the_graph_takes_every_batch(
    files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the name says what is there."""
    monkeypatch.setattr(engine, "find_spec", lambda _: None)
    chosen = by_size(lambda rows: rows[:, 0], files[BOOSTER])
    assert (chosen.name, chosen.margins(np.ones((2 * LARGE, 1), np.float32)).sum()) == (
        CPU,
        2 * LARGE,
    )


def test_an_xgboost_that_fails_is_told(files: dict[str, bytes]) -> None:
    """Installed, and of no use: an error, rather than the slower engine in silence."""
    with pytest.raises(ModelError, match="XGBoost is installed and fails"):
        by_size(lambda rows: rows[:, 0], files[BOOSTER][:-100])


@pytest.mark.parametrize("size", [1, LARGE])
def test_an_engine_of_other_bits_is_refused(files: dict[str, bytes], size: int) -> None:
    """One bit in a batch of one of its sizes is enough."""
    rows = made_up_rows(20, seed=2)
    margins = _margins(files, rows)

    def off(some: Rows) -> Rows:
        told = np.resize(margins, len(some))
        return np.nextafter(told, np.float32(9)) if len(some) == size else told

    with pytest.raises(ModelError, match=f"quick: other margins in a batch of {size}:"):
        refuse_other_bits(Engine("quick", off, (1, LARGE)), rows, margins)


@pytest.mark.parametrize("count", [0, 1, BUCKETS[0], BUCKETS[0] + 1, BUCKETS[-1] + 1])
def test_buckets_give_the_graphs_bits(files: dict[str, bytes], count: int) -> None:
    """A batch is filled up or cut, and each of its rows has its own margin."""
    buckets = Buckets(open_session(_source(files, MARGIN_GPU)), WIDTH, "cpu")
    buckets(made_up_rows(BUCKETS[-1], seed=3))  # what was there before is not seen again
    rows = made_up_rows(count, seed=4)
    assert np.array_equal(buckets(rows), _margins(files, rows))


def test_buckets_serve_several_threads(files: dict[str, bytes]) -> None:
    """They share the place of a bucket, and never each other's rows."""
    buckets = Buckets(open_session(_source(files, MARGIN_GPU)), WIDTH, "cpu")
    batches = [made_up_rows(50, seed) for seed in range(40)]
    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(buckets, batches))
    assert all(np.array_equal(t, _margins(files, b)) for t, b in zip(told, batches, strict=True))


@pytest.mark.skipif(CUDA in onnxruntime.get_available_providers(), reason="CUDA is there")
def test_a_gpu_that_is_asked_for_and_absent_is_refused(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    """No fall to the CPU: the error says what is installed."""
    write_model(tmp_path / "model", files)
    with pytest.raises(ConfigurationError, match="ONNX Runtime that is installed is for the CPU"):
        Model.load(tmp_path / "model", device="gpu")


def test_a_graph_that_runs_elsewhere_is_refused(files: dict[str, bytes]) -> None:
    """The session is asked where each node went, whatever providers it lists."""
    options, source = session_options(), _source(files, MARGIN)
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    session = open_session(source, options)
    refuse_elsewhere(session, source, CPU)
    with pytest.raises(ModelError, match=f"TreeEnsembleRegressor on {CPU}"):
        refuse_elsewhere(session, source, CUDA)


class Untold:
    """A session that says nothing about where its nodes went."""

    def get_provider_graph_assignment_info(self) -> list[object]:
        return []


def test_a_session_that_tells_no_placement_is_refused(files: dict[str, bytes]) -> None:
    """Not knowing is not proof."""
    with pytest.raises(ModelError, match=f"not on {CUDA}: any node"):
        refuse_elsewhere(Untold(), _source(files, MARGIN), CUDA)


def test_a_model_without_a_graph_for_the_gpu_says_so(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    """It goes on serving on the CPU."""
    write_model(tmp_path / "model", {name: files[name] for name in files if name != MARGIN_GPU})
    assert Model.load(tmp_path / "model").engine.startswith(CPU)
    with pytest.raises(ModelError, match=f"has no {MARGIN_GPU}"):
        Model.load(tmp_path / "model", device="gpu")


@pytest.mark.gpu
def test_a_gpu_gives_the_cpus_bits(files: dict[str, bytes], tmp_path: Path) -> None:
    """At every bucket's size, NaN included; and the whole graph is there."""
    write_model(tmp_path / "model", files)
    on_gpu, on_cpu = Model.load(tmp_path / "model", device="gpu"), Model.load(tmp_path / "model")
    assert on_gpu.engine == CUDA
    for count in (1, *BUCKETS, BUCKETS[-1] + 1):
        rows = made_up_rows(count, seed=count, unknown=0.3)
        assert np.array_equal(on_gpu.margins(rows), on_cpu.margins(rows))
        assert np.array_equal(on_gpu.score(rows), on_cpu.score(rows))


@pytest.mark.gpu
def test_a_gpu_refuses_trees(files: dict[str, bytes]) -> None:
    """The CPU's graph loads with CUDA listed; proof that we would notice."""
    with pytest.raises(ModelError):
        open_cuda(_source(files, MARGIN), WIDTH)
