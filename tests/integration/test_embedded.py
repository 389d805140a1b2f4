"""The embedded servers answer, and leave nothing behind however their owner ends."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from schemas.errors import ConfigurationError
from stream.demo import embedded
from stream.demo.embedded import embedded_broker, embedded_store, free_port

OWNER = """
import sys, time
from stream.demo.embedded import embedded_broker, embedded_store
with embedded_store() as store, embedded_broker() as broker:
    print(store.address.removeprefix("unix://"), broker.address, flush=True)
    time.sleep(60)
"""


def listens(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as client:
        return client.connect_ex((host, int(port))) == 0


def eventually(condition: Callable[[], bool], limit_s: float = 10.0) -> bool:
    """True as soon as the condition holds; False when it did not within the limit."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


async def test_the_store_answers_and_goes() -> None:
    """It serves its socket inside the block, and its folder is gone after it."""
    with embedded_store() as store:
        async with Redis.from_url(store.address) as client:
            assert await client.ping()
        folder = Path(store.address.removeprefix("unix://")).parent
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_the_broker_listens_and_goes() -> None:
    """It listens on loopback inside the block, and no longer after it."""
    with embedded_broker() as broker:
        assert listens(broker.address)
    assert not listens(broker.address)


def test_two_stores_do_not_meet() -> None:
    """Each block has a server of its own."""
    with embedded_store() as first, embedded_store() as second:
        assert first.address != second.address


def test_an_error_inside_the_block_ends_the_server() -> None:
    """The exception passes, the server goes."""
    with pytest.raises(RuntimeError, match="ours"), embedded_broker() as broker:
        raise RuntimeError("ours")
    assert not listens(broker.address)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_servers_die_with_their_owner(end: signal.Signals) -> None:
    """Ctrl-C, a polite end and kill -9 all take both servers and their folders along."""
    command = [sys.executable, "-c", OWNER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as owner:
        assert owner.stdout is not None
        path, broker = owner.stdout.readline().decode().split()
        assert listens(broker)
        owner.send_signal(end)
    assert eventually(lambda: not listens(broker))
    assert eventually(lambda: not Path(path).parent.exists())


def test_a_port_in_use_is_said() -> None:
    """Somebody else's server is not mistaken for ours."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with (
            pytest.raises(ConfigurationError, match=f"port {port} is in use"),
            embedded_broker(port),
        ):
            pass


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the message says how to get it."""
    monkeypatch.setattr(embedded, "find_spec", lambda _: None)
    with (
        pytest.raises(ConfigurationError, match=r"store is not installed: .*embedded"),
        embedded_store(),
    ):
        pass


def test_a_foreign_platform_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package without a program for this machine is no crash."""
    monkeypatch.setattr(embedded, "find_spec", lambda _: embedded.__spec__)
    with pytest.raises(ConfigurationError, match="no program for this platform"), embedded_broker():
        pass


def test_a_server_that_ends_at_once_shows_its_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The last words of the server are in the message."""
    program = tmp_path / "fails"
    program.write_text("#!/bin/sh\necho no more memory >&2; exit 1\n")
    program.chmod(0o700)
    monkeypatch.setattr(embedded, "_program", lambda *_: program)
    with pytest.raises(ConfigurationError, match=r"ended \(1\): no more memory"), embedded_store():
        pass


def test_a_server_that_never_listens_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The wait for the start has a bound."""
    program = tmp_path / "waits"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o700)
    monkeypatch.setattr(embedded, "_program", lambda *_: program)
    monkeypatch.setattr(embedded, "START_LIMIT_S", 0.2)
    with pytest.raises(ConfigurationError, match="did not start within"), embedded_store():
        pass


def test_a_free_port_is_free() -> None:
    """Nothing listens on it."""
    assert not listens(f"127.0.0.1:{free_port()}")
