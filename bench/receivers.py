"""Endpoints that take webhooks as cheaply as Python can: the deliverer is what is measured."""

import asyncio
import multiprocessing
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import Final

from stream.demo.embedded import free_port

# (decision id, seconds since the epoch), as they came
Arrivals = list[tuple[str, float]]

ANSWERS: Final = {
    "healthy": b"HTTP/1.1 204 No Content\r\n\r\n",
    "failing": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
    "hanging": b"",
}
_ID: Final = re.compile(rb"webhook-id: (\S+)", re.IGNORECASE)
_LENGTH: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Receiver(asyncio.Protocol):
    """One connection of one endpoint; notes each webhook and answers as its kind does."""

    def __init__(self, kind: str, arrivals: Arrivals) -> None:
        self._answer, self._arrivals, self._held = ANSWERS[kind], arrivals, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end]
            length, name = _LENGTH.search(head), _ID.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._held) < whole:
                return
            self._held = self._held[whole:]
            if name:
                self._arrivals.append((name[1].decode(), time.time()))
            if self._answer and isinstance(self._transport, asyncio.Transport):
                self._transport.write(self._answer)


class Receivers:
    """Endpoints in a process of their own. `ports`: by name; the name's first word is the kind."""

    def __init__(self, ports: dict[str, int], pipe: "Connection[str, dict[str, Arrivals]]") -> None:
        self.ports, self._pipe = ports, pipe

    def count(self) -> dict[str, Arrivals]:
        """What has come so far, by endpoint."""
        self._pipe.send("count")
        return self._pipe.recv()


@contextmanager
def receivers(*names: str) -> Iterator[Receivers]:
    """Endpoints that listen while the block lasts."""
    ports = {name: free_port() for name in names}
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_serve, args=(ports, theirs), daemon=True)
    process.start()
    try:
        ours.recv()
        yield Receivers(ports, ours)
    finally:
        process.terminate()
        process.join()


def _serve(ports: dict[str, int], pipe: "Connection[object, str]") -> None:
    asyncio.run(_listen(ports, pipe))


async def _listen(ports: dict[str, int], pipe: "Connection[object, str]") -> None:
    arrivals: dict[str, Arrivals] = {name: [] for name in ports}
    loop = asyncio.get_running_loop()
    for name, port in ports.items():
        kind = name.partition("-")[0]
        await loop.create_server(partial(Receiver, kind, arrivals[name]), "127.0.0.1", port)
    pipe.send("ready")
    while True:
        await loop.run_in_executor(None, pipe.recv)
        pipe.send(arrivals)
