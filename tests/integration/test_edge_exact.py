"""Limits are exact: over several processes, and through a store that is killed and comes back."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec
import pytest
import redis

from tests.servers import free_port, missing

ROOT = Path(__file__).parents[2]
PROCESSES = 4
QUOTA = 100
LONGEST_S = 60.0


class Asker:
    """A process of tests/integration/asker.py."""

    def __init__(self, store_url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.asker", store_url, str(QUOTA)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def send(self, asks: int) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{asks}\n")
        self.process.stdin.flush()

    def read(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()


@contextmanager
def askers(store_url: str) -> Iterator[list[Asker]]:
    """Processes that are ready; they end with the block."""
    started = [Asker(store_url) for _ in range(PROCESSES)]
    try:
        assert [asker.read() for asker in started] == ["ready"] * PROCESSES
        yield started
    finally:
        for asker in started:
            asker.process.communicate(timeout=LONGEST_S)


def ask(started: list[Asker], asks: int) -> tuple[int, int, int]:
    """Ask in all processes at once: granted, refused, and those of both by the failure table so
    far."""
    for asker in started:
        asker.send(asks // len(started))
    told = [msgspec.json.decode(asker.read()) for asker in started]
    return (
        sum(t["granted"] for t in told),
        sum(t["refused"] for t in told),
        sum(int(t["by_table"]) for t in told),
    )


@contextmanager
def durable_redis(folder: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Redis that has everything on disk before it answers, on a port of the test's choice."""
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    command += ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _await_answer(port)
        yield process
    finally:
        process.kill()
        process.wait()


def _await_answer(port: int) -> None:
    deadline = time.monotonic() + LONGEST_S
    with redis.Redis(port=port) as client:
        while time.monotonic() < deadline:
            with suppress(redis.ConnectionError):
                client.ping()
                return
            time.sleep(0.02)
    raise AssertionError("Redis does not answer")


def test_a_hundred_of_two_thousand(store_url: str) -> None:
    """Processes that ask at the same time are granted the quota together, and not one more."""
    with redis.Redis.from_url(store_url) as client:
        client.flushall()
    with askers(store_url) as started:
        assert ask(started, 2_000) == (QUOTA, 2_000 - QUOTA, 0)


@pytest.mark.redis
@pytest.mark.skipif(missing("redis-server"), reason="apt-get install redis-server")
def test_a_store_that_is_killed_forgets_nothing(tmp_path: Path) -> None:
    """While it is away the failure table refuses, counted; afterwards the rest of the quota is
    granted, exactly."""
    port = free_port()
    with ExitStack() as stack:
        with durable_redis(tmp_path, port):
            started = stack.enter_context(askers(f"redis://127.0.0.1:{port}/0"))
            assert ask(started, 60) == (60, 0, 0)
        assert ask(started, 200) == (0, 200, 200)
        with durable_redis(tmp_path, port):
            _await_desks(started)
            before = ask(started, 0)[2]
            assert ask(started, 1_740) == (QUOTA - 60 - PROCESSES, 1_704, before)


def _await_desks(started: list[Asker]) -> None:
    """Until each process has had an answer of the store again, which is one grant each."""
    deadline = time.monotonic() + LONGEST_S
    for asker in started:
        granted = 0
        while not granted:
            assert time.monotonic() < deadline, "a desk does not come back"
            asker.send(1)
            granted = msgspec.json.decode(asker.read())["granted"]
            time.sleep(0.02)
