"""Sessions of ONNX Runtime, each held to what its graph was exported from."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from schemas.errors import ModelError
from scorers.manifest import BOOSTER, Manifest

Rows = npt.NDArray[np.float32]
Margins = Callable[[Rows], npt.NDArray[np.float32]]
"""float32[n, features] -> float32[n], log-odds."""
Provider = str | tuple[str, Mapping[str, str]]

CPU: Final = "CPUExecutionProvider"
_REFUSALS: Final = (
    runtime.EPFail,
    runtime.Fail,
    runtime.InvalidArgument,
    runtime.InvalidGraph,
    runtime.InvalidProtobuf,
    runtime.NotImplemented,
    runtime.RuntimeException,
    # What CUDA itself says, as that no device is there, comes as Python's own.
    RuntimeError,
)
# A library's own words, amid templates and source lines of ONNX Runtime's (CudaCall).
_FAILURE: Final = re.compile(r"\w+ failure -?\d+: [^;\n]*[^;\s]")


class Source(NamedTuple):
    """A graph's bytes, where they come from, and what they must have been exported from."""

    graph: bytes
    path: Path
    booster: str  # sha256
    features: str  # digest of the feature list

    @classmethod
    def of(
        cls, folder: Path, manifest: Manifest, files: Mapping[str, bytes], name: str
    ) -> "Source":
        """A file of a bundle. Raises ModelError where the bundle has none of that name."""
        if name not in files:
            raise ModelError(f"{folder}: has no {name}; what is trained now has it")
        return cls(files[name], folder / name, manifest.files[BOOSTER], manifest.feature_hash)


def session_options() -> onnxruntime.SessionOptions:
    """One thread, the caller's: a pool that spins would fight the worker's event loop."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def open_session(
    source: Source,
    options: onnxruntime.SessionOptions | None = None,
    providers: Sequence[Provider] = (CPU,),
) -> onnxruntime.InferenceSession:
    """A session of exactly these providers; ModelError where ONNX Runtime refuses the graph.

    Raises ModelError as well when the graph is another booster's, or for other features.
    """
    try:
        session = onnxruntime.InferenceSession(
            source.graph,
            options or session_options(),
            providers=list(providers),
            # Or it would print what went wrong, and try again on the CPU.
            enable_fallback=0,
        )
    except _REFUSALS as error:
        raise ModelError(f"{source.path}: ONNX Runtime refuses it: {_said(error)}") from error
    about = session.get_modelmeta().custom_metadata_map
    if (about.get("feature_hash"), about.get("booster_sha256")) != (
        source.features,
        source.booster,
    ):
        raise ModelError(
            f"{source.path}: exported from another booster, or for another feature list"
        )
    return session


def _said(error: Exception) -> str:
    """What went wrong, in one line."""
    text = str(error)
    failure = _FAILURE.search(text)
    return failure[0] if failure else " ".join(text.split())


def run(session: onnxruntime.InferenceSession, rows: Rows) -> npt.NDArray[np.float32]:
    """float32[n, features] -> float32[n, outputs]."""
    answer: Any = session.run(None, {"rows": rows})[0]
    return np.asarray(answer)
