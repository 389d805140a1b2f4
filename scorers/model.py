"""A model as serving knows it: rows in, calibrated scores and contributions out.

Needs ONNX Runtime and NumPy only, and works on the caller's thread.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from scorers import Device
from scorers.calibration import Calibration
from scorers.cuda import in_parts, open_cuda
from scorers.drift import SUMMARY, Summary
from scorers.engine import Engine, by_size, on_gpu, refuse_other_bits
from scorers.golden import Golden
from scorers.inputs import REQUESTS, Inputs
from scorers.manifest import BOOSTER, CONTRIBUTIONS, GOLDEN, MARGIN, MARGIN_GPU, Content, read
from scorers.sessions import Rows, Source, open_session, run


class Model:
    """A loaded model. Safe to call from several threads; a call uses only its own.

    summary: of the snapshot that it was trained on; None where its folder has none.
    """

    def __init__(
        self,
        version: str,
        calibration: Calibration,
        engine: Engine,
        contributions: onnxruntime.InferenceSession,
        summary: Summary | None,
    ) -> None:
        self.version = version
        self.summary = summary
        self.engine = engine.name
        self._calibration = calibration
        self._margins = engine.margins
        self._contributions = contributions

    @classmethod
    def load(cls, folder: Path, inputs: Inputs = REQUESTS, device: Device = "cpu") -> "Model":
        """Load all of a bundle's model, or nothing.

        Raises ModelError when a file is missing or differs from its digest, the model was not
        made for `inputs`, ONNX Runtime refuses a graph, or gives golden rows other scores;
        ConfigurationError when the device is a GPU and the ONNX Runtime is for the CPU.
        """
        return cls.of(read(folder, inputs), folder, inputs, device)

    @classmethod
    def of(
        cls, content: Content, folder: Path, inputs: Inputs = REQUESTS, device: Device = "cpu"
    ) -> "Model":
        """The model of a bundle that was read from `folder`. Raises as `load`."""
        manifest, files = content.manifest, content.files
        source = partial(Source.of, folder, manifest, files)
        golden = Golden.parse(files[GOLDEN], len(inputs.names))
        engine = _engine(source, golden, content, device)
        contributions = open_session(source(CONTRIBUTIONS))
        told = files.get(SUMMARY)
        summary = Summary.parse(told, inputs.names) if told else None
        model = cls(manifest.version, manifest.calibration, engine, contributions, summary)
        # The first run of a session allocates: it must not be the first event that waits for it.
        model.contributions(golden.rows[:1])
        return model

    def margins(self, rows: Rows) -> npt.NDArray[np.float32]:
        """float32[n, features] -> float32[n], log-odds before calibration, exact."""
        return self._margins(rows)

    def score(self, rows: Rows) -> npt.NDArray[np.float64]:
        """float32[n, features] -> float64[n] in 0-1, calibrated, rounded to six decimals.

        A row's score has the same bits whatever rows are beside it.
        """
        return self._calibration.score(self.margins(rows))

    def contributions(self, rows: Rows) -> npt.NDArray[np.float32]:
        """float32[n, features] -> float32[n, features] path contributions, log-odds.

        A row's contributions and a constant of the model add up to its margin exactly. Costs
        more than a score: ask only for the rows that need reasons. Always on the CPU.
        """
        return run(self._contributions, rows)


def _engine(
    source: Callable[[str], Source], golden: Golden, content: Content, device: Device
) -> Engine:
    """What the device calls for, held to the golden rows."""
    graph = open_session(source(MARGIN))
    margins = run(graph, golden.rows)[:, 0]
    golden.refuse(content.manifest.calibration.score(margins))

    def small(rows: Rows) -> npt.NDArray[np.float32]:
        return run(graph, rows)[:, 0]

    if device == "gpu":
        engine = on_gpu(small, in_parts(open_cuda(source(MARGIN_GPU))), golden.rows)
    else:
        engine = by_size(small, content.files[BOOSTER])
    refuse_other_bits(engine, golden.rows, margins)
    return engine
