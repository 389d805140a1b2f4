"""Margins on a GPU: by a session that is proven to run there, or not at all.

ONNX Runtime falls back in silence: where CUDA cannot start it goes on with the CPU, where a node
has no kernel the node does, and `get_providers` names CUDA either way. So the CUDA provider is
alone in the session, the CPU is forbidden to it, and it is asked where each node went.
"""

from typing import Final

import numpy as np
import onnxruntime

from schemas.errors import ConfigurationError, ModelError
from scorers.sessions import Margins, Rows, Source, open_session, run, session_options

CUDA: Final = "CUDAExecutionProvider"
# Rows that the device is given at once: what it allocates stays with the session, 33 MB for each
# tensor of 1,000 trees, and more rows at once are hardly cheaper (`python -m bench.scoring --gpu`).
MOST: Final = 8_192
# The default lets matrix products round to ten bits. The graph has none: nothing may bring one in.
_EXACT: Final = {"use_tf32": "0"}


def open_cuda(source: Source) -> onnxruntime.InferenceSession:
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
    return session


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


def in_parts(session: onnxruntime.InferenceSession) -> Margins:
    """float32[n, features] -> float32[n], log-odds; at most MOST rows at once."""

    def margins(rows: Rows) -> Rows:
        parts = [rows[at : at + MOST] for at in range(0, len(rows), MOST)]
        return np.concatenate([run(session, part)[:, 0] for part in parts or [rows]])

    return margins


def _options() -> onnxruntime.SessionOptions:
    options = session_options()
    options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    return options
