"""Whichever engine works a margin out, its bits are the same, or it is refused."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from schemas.errors import ConfigurationError, ModelError
from scorers import engine
from scorers.cuda import CUDA, MOST, in_parts, open_cuda, refuse_elsewhere
from scorers.engine import LARGE, TRIED, Engine, by_size, crossing, on_gpu, refuse_other_bits
from scorers.inputs import REQUESTS
from scorers.manifest import BOOSTER, MARGIN, MARGIN_GPU, Manifest
from scorers.model import Model
from scorers.sessions import CPU, Rows, Source, open_session, run, session_options
from tests.unit.scorers_table import CALIBRATION, made_up_rows, model_files, write_model

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


@pytest.mark.parametrize("count", [0, 1, MOST, MOST + 1])
def test_parts_give_the_graphs_bits(files: dict[str, bytes], count: int) -> None:
    """A batch is cut, and each of its rows has its own margin."""
    margins = in_parts(open_session(_source(files, MARGIN_GPU)))
    rows = made_up_rows(count, seed=4)
    assert np.array_equal(margins(rows), _margins(files, rows))


class Timed:
    """Engines that take what they are told, on a clock that only they move."""

    def __init__(self) -> None:
        self.now = 0.0

    def taking(self, seconds: Callable[[int], float]) -> Callable[[Rows], Rows]:
        """An engine that takes so long for so many rows."""

        def margins(rows: Rows) -> Rows:
            self.now += seconds(len(rows))
            return rows[:, 0]

        return margins


@pytest.mark.parametrize(("call", "found"), [(0.0, TRIED[0]), (20.0, 32), (1e9, TRIED[-1])])
def test_the_gpu_takes_the_sizes_that_it_is_faster_at(call: float, found: int) -> None:
    """One that costs the same for every batch, against one that costs the same for every row."""
    timed = Timed()
    small, large = timed.taking(float), timed.taking(lambda _: call)
    assert crossing(small, large, np.ones((3, 2), np.float32), lambda: timed.now) == found


def test_no_call_of_a_trial_has_the_rows_of_another() -> None:
    """With rows that it just scored the CPU is twice as quick as it is in service."""
    seen: list[float] = []

    def small(rows: Rows) -> Rows:
        seen.extend(rows[:, 0].tolist())
        return rows[:, 0]

    crossing(small, lambda rows: rows[:, 0], np.arange(100, dtype="f4")[:, None], lambda: 0.0)
    assert seen == list(range(5 * TRIED[0]))


def test_the_name_tells_where_the_gpu_begins() -> None:
    """And at that size it is asked, one row below it is not."""
    chosen = on_gpu(lambda rows: 0 * rows[:, 0], lambda rows: rows[:, 0], np.ones((3, 2), "f4"))
    start = chosen.sizes[1]
    assert chosen.name == f"{CPU}, {CUDA} from {start} rows"
    assert chosen.margins(np.ones((start, 2), np.float32)).all()
    assert not chosen.margins(np.ones((start - 1, 2), np.float32)).any()


@pytest.mark.skipif(CUDA in onnxruntime.get_available_providers(), reason="CUDA is there")
def test_a_gpu_that_is_asked_for_and_absent_is_refused(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    """No fall to the CPU: the error says what is installed."""
    write_model(tmp_path / "model", files)
    with pytest.raises(ConfigurationError, match="ONNX Runtime that is installed is for the CPU"):
        Model.load(tmp_path / "model", device="gpu")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        # As ONNX Runtime 1.31 words it, which tells the type of its own function twice.
        (
            "/onnxruntime_src/cuda_call.cc:154 std::conditional_t<THRW, void> CudaCall(\n"
            "  ERRTYPE) [with ERRTYPE = cudaError] CUDA failure 100: no CUDA-capable device is "
            "detected ; GPU=-1 ; hostname=vm ; file=cuda.cc ; line=355 ; expr=cudaSetDevice(id);\n",
            "CUDA failure 100: no CUDA-capable device is detected",
        ),
        ("out of\n  memory ", "out of memory"),
    ],
    ids=["CUDA", "another"],
)
def test_what_a_device_says_is_told_in_a_line(
    files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, error: str, told: str
) -> None:
    """CUDA's own errors are no ONNX Runtime's: they come as Python's RuntimeError."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(error)

    monkeypatch.setattr(onnxruntime, "InferenceSession", broken)
    with pytest.raises(ModelError) as raised:
        open_session(_source(files, MARGIN_GPU))
    assert str(raised.value).endswith(f"{MARGIN_GPU}: ONNX Runtime refuses it: {told}")


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
    """Below the size it begins at, from there on, and in parts; NaN included."""
    write_model(tmp_path / "model", files)
    there, here = Model.load(tmp_path / "model", device="gpu"), Model.load(tmp_path / "model")
    assert CUDA in there.engine
    for count in (0, 1, *TRIED, MOST, MOST + 1):
        rows = made_up_rows(count, seed=count, unknown=0.3)
        assert np.array_equal(there.margins(rows), here.margins(rows))
        assert np.array_equal(there.score(rows), here.score(rows))


@pytest.mark.gpu
def test_a_gpu_gives_the_same_bits_in_every_size(files: dict[str, bytes]) -> None:
    """No batch leaves anything to the next one, whatever their sizes."""
    margins, rows = in_parts(open_cuda(_source(files, MARGIN_GPU))), made_up_rows(MOST, seed=5)
    truth = _margins(files, rows)
    for size in np.random.default_rng(6).integers(1, MOST, 200).tolist():
        assert np.array_equal(margins(rows[-size:]), truth[-size:])


@pytest.mark.gpu
def test_a_gpu_serves_while_bundles_are_opened_on_it(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    """A swap opens the next bundle in another thread, and lets go of the last one."""
    write_model(tmp_path / "model", files)
    serving, rows = Model.load(tmp_path / "model", device="gpu"), made_up_rows(500, seed=7)
    truth = _margins(files, rows)
    with ThreadPoolExecutor(2) as threads:
        opened = [threads.submit(Model.load, tmp_path / "model", device="gpu") for _ in range(20)]
        while not all(one.done() for one in opened):
            assert np.array_equal(serving.margins(rows), truth)
    assert all(np.array_equal(one.result().margins(rows), truth) for one in opened)


@pytest.mark.gpu
def test_a_gpu_that_is_gone_is_told(files: dict[str, bytes], tmp_path: Path) -> None:
    """The libraries are there, the device is not: a sentence, and no scores from the CPU."""
    write_model(tmp_path / "model", files)
    load = f"Model.load(Path({str(tmp_path / 'model')!r}), device='gpu')"
    script = f"from pathlib import Path\nfrom scorers.model import Model\n{load}"
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, env=hidden, capture_output=True, check=False)
    assert ended.returncode
    assert b"ModelError: no session on a GPU, is all there" in ended.stderr
    assert ended.stderr.endswith(b": CUDA failure 100: no CUDA-capable device is detected\n")


@pytest.mark.gpu
def test_a_gpu_refuses_trees(files: dict[str, bytes]) -> None:
    """The CPU's graph loads with CUDA listed; proof that we would notice."""
    with pytest.raises(ModelError):
        open_cuda(_source(files, MARGIN))
