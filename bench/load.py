"""Load over HTTP/1.1 on kept connections: at a given rate, or as fast as it is answered."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

Connect = tuple[str, int]
_LENGTH = b"content-length: "


@dataclass(slots=True)
class Tally:
    """What was answered: latencies in seconds, and how often which status."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


class Connection(asyncio.Protocol):
    """One request at a time; `done` is told when its answer is whole."""

    def __init__(self, tally: Tally, done: Callable[["Connection"], None]) -> None:
        self._tally = tally
        self._done = done
        self._held = b""
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio.Protocol has it."""
        self.transport = cast(asyncio.Transport, transport)  # a class of uvloop's own

    def ask(self, request: bytes, began: float) -> None:
        """Send a request whose latency counts from `began`."""
        self._began = began
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """As asyncio.Protocol has it."""
        self._held += data
        head, found, body = self._held.partition(b"\r\n\r\n")
        if not found:
            return
        length = head.lower().partition(_LENGTH)[2].partition(b"\r\n")[0]
        if len(body) < int(length):
            return
        self._tally.latencies.append(perf_counter() - self._began)
        self._tally.statuses[int(self._held[9:12])] += 1
        self._held = b""
        self._done(self)


async def at_rate(
    address: Connect, requests: Sequence[bytes], rate: float, connections: int = 64
) -> Tally:
    """Send each request when it is due (Poisson arrivals, `rate` a second), on a free connection.

    What finds none free waits, and its latency counts from when it was due.
    """
    rng, tally = random.Random(1), Tally()  # noqa: S311 - the same arrivals in every run
    free: deque[Connection] = deque()
    late: deque[tuple[bytes, float]] = deque()

    def release(connection: Connection) -> None:
        if late:
            connection.ask(*late.popleft())
        else:
            free.append(connection)

    free.extend(await _connect(address, connections, tally, release))
    every, at = list(free), perf_counter()
    for request in requests:
        at += rng.expovariate(rate)
        if (wait := at - perf_counter()) > 0:
            await asyncio.sleep(wait)
        began = perf_counter() if wait > 0 else at
        if free:
            free.popleft().ask(request, began)
        else:
            late.append((request, began))
    await _await_all(tally, len(requests))
    _close(every)
    return tally


async def at_once(
    address: Connect, requests: Sequence[bytes], connections: int = 64
) -> tuple[Tally, float]:
    """Each connection sends its next request when it has an answer; also the seconds it took."""
    tally, waiting = Tally(), deque(requests)

    def again(connection: Connection) -> None:
        if waiting:
            connection.ask(waiting.popleft(), perf_counter())

    every = await _connect(address, connections, tally, again)
    began = perf_counter()
    for connection in every:
        again(connection)
    await _await_all(tally, len(requests))
    seconds = perf_counter() - began
    _close(every)
    return tally, seconds


async def _connect(
    address: Connect, number: int, tally: Tally, done: Callable[[Connection], None]
) -> list[Connection]:
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Connection(tally, done), *address)
        for _ in range(number)
    ]
    return [connection for _, connection in made]


async def _await_all(tally: Tally, number: int) -> None:
    async with asyncio.timeout(120):
        while len(tally.latencies) < number:  # noqa: ASYNC110 - an event per answer would cost
            await asyncio.sleep(0.001)


def _close(connections: list[Connection]) -> None:
    for connection in connections:
        connection.transport.close()
