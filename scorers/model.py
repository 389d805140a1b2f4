"""A model as serving knows it: rows in, calibrated scores and contributions out.

Needs ONNX Runtime and NumPy only, on the CPU and on the caller's thread.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from schemas.errors import ModelError
from scorers.calibration import Calibration
from scorers.golden import Golden
from scorers.inputs import REQUESTS, Inputs
from scorers.manifest import BOOSTER, CONTRIBUTIONS, GOLDEN, MARGIN, Content, read

Rows = npt.NDArray[np.float32]
_PROVIDERS = ["CPUExecutionProvider"]
_REFUSALS = (
    runtime.Fail,
    runtime.InvalidArgument,
    runtime.InvalidGraph,
    runtime.InvalidProtobuf,
    runtime.NotImplemented,
)


class Model:
    """A loaded model. Safe to call from several threads; a call uses only its own."""

    def __init__(
        self,
        version: str,
        calibration: Calibration,
        margins: onnxruntime.InferenceSession,
        contributions: onnxruntime.InferenceSession,
    ) -> None:
        self.version = version
        self._calibration = calibration
        self._margins = margins
        self._contributions = contributions

    @classmethod
    def load(cls, folder: Path, inputs: Inputs = REQUESTS) -> "Model":
        """Load all of a bundle's model, or nothing.

        Raises ModelError when a file is missing or differs from its digest, the model was not
        made for `inputs`, ONNX Runtime refuses a graph, or gives golden rows other scores.
        """
        return cls.of(read(folder, inputs), folder, inputs)

    @classmethod
    def of(cls, content: Content, folder: Path, inputs: Inputs = REQUESTS) -> "Model":
        """The model of a bundle that was read from `folder`. Raises ModelError as `load`."""
        manifest, files = content.manifest, content.files
        golden = Golden.parse(files[GOLDEN], len(inputs.names))
        margins, contributions = (
            _session(files[name], folder / name, manifest.files[BOOSTER], inputs.digest)
            for name in (MARGIN, CONTRIBUTIONS)
        )
        model = cls(manifest.version, manifest.calibration, margins, contributions)
        golden.refuse(model.score(golden.rows))
        # The first run of a session allocates: it must not be the first event that waits for it.
        model.contributions(golden.rows[:1])
        return model

    def margins(self, rows: Rows) -> npt.NDArray[np.float32]:
        """float32[n, features] -> float32[n], log-odds before calibration, exact."""
        return np.asarray(self._margins.run(None, {"rows": rows})[0])[:, 0]

    def score(self, rows: Rows) -> npt.NDArray[np.float64]:
        """float32[n, features] -> float64[n] in 0-1, calibrated, rounded to six decimals.

        A row's score has the same bits whatever rows are beside it.
        """
        return self._calibration.score(self.margins(rows))

    def contributions(self, rows: Rows) -> npt.NDArray[np.float32]:
        """float32[n, features] -> float32[n, features] path contributions, log-odds.

        A row's contributions and a constant of the model add up to its margin exactly. Costs
        more than a score: ask only for the rows that need reasons.
        """
        return np.asarray(self._contributions.run(None, {"rows": rows})[0])


def session_options() -> onnxruntime.SessionOptions:
    """One thread, the caller's: a pool that spins would fight the worker's event loop."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _session(graph: bytes, path: Path, truth: str, digest: str) -> onnxruntime.InferenceSession:
    try:
        session = onnxruntime.InferenceSession(graph, session_options(), providers=_PROVIDERS)
    except _REFUSALS as error:
        raise ModelError(f"{path}: ONNX Runtime refuses it: {error}") from error
    about = session.get_modelmeta().custom_metadata_map
    if about.get("feature_hash") != digest or about.get("booster_sha256") != truth:
        raise ModelError(f"{path}: exported from another booster, or for another feature list")
    return session
