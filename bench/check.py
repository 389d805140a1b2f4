"""The check under load: `python -m bench.check`.

The edge has one core to itself; the store and the load have the other. In the same run follow the
plain framework's empty endpoint on the same server, and the library `limits` doing only the
counting. CPU per request says what a core bears; requests a second are what the one generator got
through, which shares its core with the store.
"""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import uvloop

from bench.asks import fill, requests
from bench.calls import calls_at_once
from bench.load import Tally, at_once, at_rate
from bench.peers.counting import Row, rows
from bench.processes import cpu_seconds
from edge.tokens import Scope, create_token
from stream.demo.embedded import embedded_store, free_port
from stream.variables import variable

START_S = 30.0
CHECK = "`sluicegate edge`, the check"
EMPTY = "FastAPI, an empty endpoint"
UVICORN = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")


@contextmanager
def served(command: Sequence[str], port: int, core: int, **told: object) -> Iterator[int]:
    """A server process on one core, from when it listens; its process id."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(variable(""))}
    environ |= {variable(name): str(value) for name, value in told.items()}
    process = subprocess.Popen([sys.executable, *command], env=environ)  # noqa: S603 - ours
    try:
        os.sched_setaffinity(process.pid, {core})
        _await_port(process, port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(START_S)


def _await_port(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not listen")


def ceiling(what: str, pid: int, port: int, load: Sequence[bytes]) -> Row:
    """What the server at `port` bears when it is asked as fast as it answers."""
    uvloop.run(at_once(("127.0.0.1", port), load[:2_000]))
    began = cpu_seconds(pid)
    _, seconds = uvloop.run(at_once(("127.0.0.1", port), load))
    return Row(what, len(load) / seconds, (cpu_seconds(pid) - began) / len(load))


def over_grpc(pid: int, port: int, token: str, number: int) -> Row:
    """What the edge bears of calls over gRPC; the client takes more CPU than the edge does."""
    asyncio.run(calls_at_once(port, token, 1_000))
    began = cpu_seconds(pid)
    seconds = asyncio.run(calls_at_once(port, token, number))
    return Row(f"{CHECK}, over gRPC", number / seconds, (cpu_seconds(pid) - began) / number)


def measure(seconds: float, rate: float, number: int) -> tuple[dict[str, Tally], list[Row]]:
    """The latencies of both servers at a rate, and the ceilings of all."""
    first, second = sorted(os.sched_getaffinity(0))[:2]
    os.sched_setaffinity(0, {second})
    port = free_port()
    address = ("127.0.0.1", port)
    with embedded_store() as store, TemporaryDirectory() as folder:
        fill(store.address)
        file = Path(folder) / "tokens"
        token, grpc_port = create_token(file, "bench", Scope.CHECK), free_port()
        load = requests(max(number, int(seconds * rate)), token)
        told = {"edge_port": port, "edge_tokens": file, "store_url": store.address}
        told |= {"edge_rate_max": 1_000_000, "log_level": "warning"}
        with served(["-m", "stream", "edge"], port, first, **told) as pid:
            uvloop.run(at_rate(address, load[: int(rate)], rate))
            tallies = {CHECK: uvloop.run(at_rate(address, load[: int(seconds * rate)], rate))}
            found = [ceiling(CHECK, pid, port, load[:number])]
        with served(["-m", "stream", "edge"], port, first, edge_grpc_port=grpc_port, **told) as pid:
            found.append(over_grpc(pid, grpc_port, token, number))
        command = ["-m", "uvicorn", "bench.peers.plain:app", "--port", str(port), *UVICORN]
        with served(command, port, first) as pid:
            uvloop.run(at_rate(address, load[: int(rate)], rate))
            tallies[EMPTY] = uvloop.run(at_rate(address, load[: int(seconds * rate)], rate))
            found.append(ceiling(EMPTY, pid, port, load[:number]))
        os.sched_setaffinity(0, {first})
        return tallies, found + rows(store.address, number)


def table(tallies: dict[str, Tally], rate: float, found: list[Row]) -> str:
    """Markdown: latencies in ms, then what a core bears."""
    lines = [
        f"| at {rate:,.0f}/s | p50 ms | p90 ms | p99 ms | most ms | answers |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for what, tally in tallies.items():
        p50, p90, p99, most = 1_000 * np.quantile(tally.latencies, [0.5, 0.9, 0.99, 1.0])
        told = ", ".join(f"{count:,} x {status}" for status, count in tally.statuses.items())
        lines.append(f"| {what} | {p50:.2f} | {p90:.2f} | {p99:.2f} | {most:.1f} | {told} |")
    lines += [
        "",
        "| | requests/s | CPU µs/request | requests/s a core bears |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row.what} | {row.per_second:,.0f} | {1e6 * row.cpu:.1f} | {1 / row.cpu:,.0f} |"
        for row in found
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure once, print Markdown."""
    parser = argparse.ArgumentParser(prog="python -m bench.check")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=1_000.0)
    parser.add_argument("--requests", type=int, default=30_000)
    options = parser.parse_args()
    tallies, found = measure(options.seconds, options.rate, options.requests)
    print(table(tallies, options.rate, found))


if __name__ == "__main__":
    main()
