"""A real `sluicegate edge`, as a shell would start it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from edge.tokens import Scope, create_token
from stream.variables import variable
from tests.servers import free_port

START_S = 60.0


@dataclass(frozen=True)
class RunningEdge:
    """Its process, its address and a token of the scope act."""

    process: "subprocess.Popen[bytes]"
    port: int
    token: str
    log: Path

    def check(self, body: bytes) -> int:
        """The status of a plain check."""
        headers = {"authorization": f"Bearer {self.token}"}
        request = Request(f"http://127.0.0.1:{self.port}/v1/check", body, headers)
        return status(request)


@contextmanager
def running_edge(folder: Path, store_url: str, **settings: object) -> Iterator[RunningEdge]:
    """An edge that is ready; it is gone when the block ends."""
    file, port = folder / "tokens", free_port()
    token = create_token(file, "gateway", Scope.ACT)
    # A budget that a busy machine cannot use up.
    told = {"store_url": store_url, "edge_tokens": file, "edge_port": port, "edge_budget_ms": 5_000}
    environ = {k: v for k, v in os.environ.items() if not k.startswith("SLUICEGATE_")}
    environ |= {variable(name): str(value) for name, value in (told | settings).items()}
    with (log := folder / "edge.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "stream", "edge"], env=environ, stderr=output
        )
    edge = RunningEdge(process, port, token, log)
    try:
        _await_ready(edge)
        yield edge
    finally:
        process.kill()
        process.wait()


def status(request: Request) -> int:
    """The status of an answer, whatever it is."""
    try:
        with urlopen(request, timeout=START_S) as answer:  # noqa: S310 - http, loopback
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def _await_ready(edge: RunningEdge) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if edge.process.poll() is not None:
            break
        with suppress(OSError):
            if status(Request(f"http://127.0.0.1:{edge.port}/readyz")) == 200:
                return
        time.sleep(0.05)
    raise AssertionError(edge.log.read_text()[-2_000:])
