"""The process `sluicegate edge`: how it starts, serves, is bounded, and ends."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request

import pytest
import redis

from edge.protocol import MOST_HEAD
from stream.keys import decision_key
from tests.integration.edge_process import START_S, RunningEdge, running_edge, status
from tests.integration.standing import FAR
from tests.servers import free_port
from tests.unit.edges import decision


@pytest.fixture(scope="module")
def edge(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEdge]:
    """One edge for the module, on each store."""
    with redis.Redis.from_url(store_url) as client:
        client.flushall()
        client.set(decision_key("blocked"), decision("block", mode="enforce", expires_at=FAR))
    with running_edge(tmp_path_factory.mktemp("edge"), store_url) as running:
        yield running


def test_it_answers_from_the_store(edge: RunningEdge) -> None:
    """Who is blocked is refused, who is not passes, who shows no token learns nothing."""
    assert edge.check(b'{"account_id": "blocked"}') == 403
    assert edge.check(b'{"account_id": "free"}') == 200
    assert status(Request(f"http://127.0.0.1:{edge.port}/metrics")) == 401


def test_an_endless_head_is_cut_off(edge: RunningEdge) -> None:
    """With 431, long before it fills memory."""
    with socket.create_connection(("127.0.0.1", edge.port), timeout=START_S) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\nx: ")
        answer = b""
        try:
            for _ in range(100):
                client.sendall(b"a" * (MOST_HEAD // 4))
            answer = client.recv(1_000)
        except ConnectionError:  # closed while we were sending: the answer may be lost
            answer = answer or b"HTTP/1.1 431"
    assert answer.startswith(b"HTTP/1.1 431")


def test_a_long_body_after_a_head_is_not_a_head(edge: RunningEdge) -> None:
    """It is refused by its size, and the connection goes on."""
    body = b" " * (3 * MOST_HEAD)
    assert edge.check(body) == 413
    assert edge.check(b'{"account_id": "free"}') == 200


def test_a_signal_ends_it_in_order(tmp_path: Path, store_url: str) -> None:
    """Exit code 0, and nothing that looks like an error in the log."""
    with running_edge(tmp_path, store_url, edge_grpc_port=free_port()) as edge:
        edge.process.send_signal(signal.SIGTERM)
        assert edge.process.wait(START_S) == 0
        assert "error" not in edge.log.read_text().lower().replace("uvicorn.error", "")


def test_it_starts_while_the_store_is_away(tmp_path: Path) -> None:
    """The failure table answers, and the log calls it out."""
    away = "redis://127.0.0.1:1/0"
    with running_edge(tmp_path, away, edge_failure="deny,allow,allow,allow") as edge:
        assert edge.check(b'{"account_id": "a"}') == 429
        assert edge.check(b'{"account_id": "a", "tier": 1}') == 200
        assert '"event":"edge.store_away"' in edge.log.read_text()
