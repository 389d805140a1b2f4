"""Connections that say nothing, or not all: none is held for ever."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from edge.protocol import BoundedProtocol

PATIENCE_S = 60.0


class Hasty(BoundedProtocol):
    """Waits for nothing."""

    longest_s = 0.05


async def forbids(_: Any, __: Any, send: Any) -> None:
    """An application that answers without reading."""
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def port(request: pytest.FixtureRequest) -> AsyncIterator[int]:
    """A server that ends either what is begun or what is idle."""
    protocol, idle_s = request.param
    config = uvicorn.Config(forbids, timeout_keep_alive=idle_s, log_config=None, lifespan="off")
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: protocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


async def until_closed(port: int, sent: bytes, then: bytes = b"") -> bytes:
    """What comes until the server closes the connection; `then`: sent after its first answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        async with asyncio.timeout(PATIENCE_S):
            head = await reader.readuntil(b"\r\n\r\n") if then else b""
            writer.write(then)
            return head + await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize("port", [(BoundedProtocol, 0)], indirect=True)
async def test_a_connection_that_says_nothing_is_idle(port: int) -> None:
    """From its beginning."""
    assert await until_closed(port, b"") == b""


@pytest.mark.parametrize("port", [(Hasty, 3_600)], indirect=True)
async def test_a_head_has_its_time(port: int) -> None:
    """Also the second one of a connection."""
    head = b"GET / HTTP/1.1\r\nhost: x\r\n"
    assert await until_closed(port, head) == b""
    assert (await until_closed(port, head + b"\r\n", then=head)).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("port", [(Hasty, 3_600)], indirect=True)
async def test_who_has_its_answer_need_not_go_on(port: int) -> None:
    """A body that never ends holds no connection either."""
    answer = await until_closed(port, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\na")
    assert answer.startswith(b"HTTP/1.1 403")
