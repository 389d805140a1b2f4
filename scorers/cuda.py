"""Margins on a GPU: by a session that is proven to run there, or not at all.

ONNX Runtime falls back in silence: where CUDA cannot start it goes on with the CPU, where a node
has no kernel the node does, and `get_providers` names CUDA either way. So the CUDA provider is
alone in the session, the CPU is forbidden to it, and it is asked where each node went.
"""

from threading import Lock
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import onnxruntime

from schemas.errors import ConfigurationError, ModelError
from scorers.sessions import Rows, Source, open_session, session_options

CUDA: Final = "CUDAExecutionProvider"
# Memory and kernels are set up once for each size; rows that a batch lacks are zeros.
BUCKETS: Final = (64, 256, 1_024, 4_096)
# The default lets matrix products round to ten bits. The graph has none: nothing may bring one in.
_EXACT: Final = {"use_tf32": "0"}


def open_cuda(source: Source, features: int) -> "Buckets":
    """A session on the GPU. Raises ConfigurationError where this ONNX Runtime knows no GPU,
    ModelError when any part of the graph would not run on it."""
    if CUDA not in onnxruntime.get_available_providers():
        raise ConfigurationError(
            "scores on a GPU were asked for, and the ONNX Runtime that is installed is for the CPU"
        )
    # Finds the CUDA libraries that come as wheels; before the first session.
    onnxruntime.preload_dlls()
    try:
        session = open_session(source, _options(), [(CUDA, _EXACT)])
    except ModelError as error:
        needed = "a GPU, its driver, CUDA 13 and cuDNN 9"
        raise ModelError(f"no session on a GPU, is all there ({needed})? {error}") from error
    refuse_elsewhere(session, source, CUDA)
    told = session.get_provider_options()[CUDA]
    if any(told.get(name) != value for name, value in _EXACT.items()):
        raise ModelError(f"{source.path}: the CUDA provider took other options than {_EXACT}")
    return Buckets(session, features, "cuda")


def refuse_elsewhere(session: onnxruntime.InferenceSession, source: Source, provider: str) -> None:
    """Raise ModelError unless the session placed its whole graph on `provider`.

    The session must have been opened with `session.record_ep_graph_assignment_info`.
    """
    placed = [
        (part.ep_name, node.op_type)
        for part in session.get_provider_graph_assignment_info()
        for node in part.get_nodes()
    ]
    strays = sorted({f"{name} on {where}" for where, name in placed if where != provider})
    if strays or not placed:
        raise ModelError(f"{source.path}: not on {provider}: {', '.join(strays) or 'any node'}")


def _options() -> onnxruntime.SessionOptions:
    options = session_options()
    options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    return options


class _Place(NamedTuple):
    """Where a bucket's rows and margins lie on the device."""

    rows: onnxruntime.OrtValue
    margins: onnxruntime.OrtValue
    binding: Any


class Buckets:
    """Runs of a session in a few fixed sizes, whose input and output stay where they are.

    device: where that is, as ONNX Runtime calls it.
    """

    def __init__(self, session: onnxruntime.InferenceSession, features: int, device: str) -> None:
        self._session = session
        self._features = features
        self._lock = Lock()
        self._places = {size: self._place(size, device) for size in BUCKETS}

    def _place(self, size: int, device: str) -> _Place:
        make = onnxruntime.OrtValue.ortvalue_from_shape_and_type
        rows = make([size, self._features], np.float32, device)
        margins = make([size, 1], np.float32, device)
        binding = self._session.io_binding()
        binding.bind_ortvalue_input("rows", rows)
        binding.bind_ortvalue_output("margin", margins)
        return _Place(rows, margins, binding)

    def __call__(self, rows: Rows) -> npt.NDArray[np.float32]:
        """float32[n, features] -> float32[n], log-odds; one thread at a time."""
        margins, most = np.empty(len(rows), np.float32), BUCKETS[-1]
        with self._lock:
            for start in range(0, len(rows), most):
                chunk = rows[start : start + most]
                margins[start : start + len(chunk)] = self._run(chunk)
        return margins

    def _run(self, chunk: Rows) -> npt.NDArray[np.float32]:
        size = next(size for size in BUCKETS if size >= len(chunk))
        place = self._places[size]
        padded = np.zeros((size, self._features), np.float32)
        padded[: len(chunk)] = chunk
        place.rows.update_inplace(padded)
        self._session.run_with_iobinding(place.binding)
        return np.asarray(place.margins.numpy())[: len(chunk), 0]
