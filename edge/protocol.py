"""uvicorn's HTTP protocol with a bound on the head of a request, for which it has none."""

from http import HTTPStatus
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# What NGINX and Envoy let through by default is smaller (32 and 60 KiB).
MOST_HEAD: Final = 64 * 1024
_TOO_LARGE: Final = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
_ANSWER: Final = (
    f"HTTP/1.1 {_TOO_LARGE.value} {_TOO_LARGE.phrase}\r\n"
    "content-length: 0\r\nconnection: close\r\n\r\n"
).encode()


class BoundedProtocol(HttpToolsProtocol):
    """Ends a connection that has sent MOST_HEAD bytes without getting to the end of a head."""

    _head = 0

    def data_received(self, data: bytes) -> None:
        """As asyncio.Protocol has it; a part of a head counts, anything complete starts anew."""
        self._head += len(data)
        if self._head > MOST_HEAD + len(data):
            self.transport.write(_ANSWER)
            self.transport.close()
            return
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """httptools calls it when a head is complete."""
        self._head = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """httptools calls it with each part of a body."""
        self._head = 0
        super().on_body(body)
