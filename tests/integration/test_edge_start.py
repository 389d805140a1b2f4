"""What a process of the edge refuses to start with."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edge.process import page, refuse_missing
from edge.server import Edge, run
from edge.tokens import Scope, create_token
from edge.webhook.meters import Meters
from schemas.errors import ConfigurationError
from stream.broker.topics import create_topics
from stream.demo.embedded import free_port
from stream.settings import load_settings
from tests.servers import Broker


async def test_a_missing_topic_is_named(broker: Broker, topic: str) -> None:
    """With what to do; once it is there, nothing is said."""
    told = {"kafka_bootstrap": broker.address, "topic_prefix": f"{topic}.", "partitions": 2}
    settings = load_settings(**told)
    with pytest.raises(ConfigurationError, match=r"decisions: missing: run `sluicegate topics`"):
        await refuse_missing(settings, "decisions")
    await create_topics(settings)
    await refuse_missing(settings, "decisions", "accounts")


async def test_a_taken_port_is_named() -> None:
    """Two processes on one machine need two."""
    settings = load_settings(web_port=free_port())
    async with page(settings, Meters()):
        with pytest.raises(ConfigurationError, match="SLUICEGATE_WEB_PORT"):
            async with page(settings, Meters()):
                pass


@pytest.mark.parametrize("name", ["edge_port", "edge_grpc_port"])
def test_a_taken_port_of_the_edge_is_named(tmp_path: Path, name: str) -> None:
    """Before anything listens."""
    create_token(file := tmp_path / "tokens", "gateway", Scope.CHECK)
    with socket.create_server(("127.0.0.1", 0)) as other:
        told = {"edge_port": free_port()} | {name: other.getsockname()[1]}
        with pytest.raises(ConfigurationError, match=f"SLUICEGATE_{name.upper()}: Address already"):
            run(load_settings(edge_tokens=file, **told))


async def test_what_grpc_needs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is asked for and the extra is not there."""
    create_token(file := tmp_path / "tokens", "gateway", Scope.CHECK)
    monkeypatch.setitem(sys.modules, "grpc", None)
    monkeypatch.delitem(sys.modules, "edge.check.calls", raising=False)
    with pytest.raises(ConfigurationError, match=r"GRPC_PORT: it needs .*sluicegate\[grpc\]"):
        Edge(load_settings(edge_tokens=file, edge_grpc_port=free_port()))


def test_the_first_order_imports_nothing() -> None:
    """While it did, for half a second, no check was answered."""
    told = "import sys, edge.server; sys.exit('stream.controls.acting' not in sys.modules)"
    subprocess.run([sys.executable, "-c", told], check=True)
