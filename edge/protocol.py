"""uvicorn's HTTP protocol with bounds on the head of a request, for which it has none."""

import asyncio
from http import HTTPStatus
from typing import ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# What NGINX and Envoy let through by default is smaller (32 and 60 KiB).
MOST_HEAD: Final = 64 * 1024
_TOO_LARGE: Final = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
_ANSWER: Final = (
    f"HTTP/1.1 {_TOO_LARGE.value} {_TOO_LARGE.phrase}\r\n"
    "content-length: 0\r\nconnection: close\r\n\r\n"
).encode()


class BoundedProtocol(HttpToolsProtocol):
    """Ends a connection that has sent MOST_HEAD bytes without getting to the end of a head, or has
    taken `longest_s` for a head, or for the rest of a body whose answer it has."""

    longest_s: ClassVar[float] = 10.0
    _head = 0
    _ends: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's
        """As asyncio.Protocol has it; who says nothing is idle from the beginning."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def data_received(self, data: bytes) -> None:
        """As asyncio.Protocol has it; a part of a head counts, anything complete starts anew."""
        self._head += len(data)
        if self._head > MOST_HEAD + len(data):
            self.transport.write(_ANSWER)
            self.transport.close()
            return
        super().data_received(data)
        if self._head:
            self._begin()

    def on_headers_complete(self) -> None:
        """httptools calls it when a head is complete."""
        self._head = 0
        self._end()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """httptools calls it with each part of a body."""
        self._head = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """httptools calls it when a request is complete."""
        self._end()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """uvicorn calls it when an answer is out, be its request complete or not."""
        super().on_response_complete()
        if self.cycle.more_body:
            self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """As asyncio.Protocol has it."""
        self._end()
        super().connection_lost(exc)

    def _begin(self) -> None:
        if self._ends is None:
            self._ends = self.loop.call_later(self.longest_s, self.transport.close)

    def _end(self) -> None:
        if self._ends is not None:
            self._ends.cancel()
            self._ends = None
