"""Starts the demo's edge and the API behind it, and asks that API as a client would."""

import secrets
import socket
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import aiohttp
import yaml

from edge.demo.gateway import ACCOUNT, EVENT_TIME, TOKENS
from edge.tokens import Scope, create_token
from stream.demo.child import Child, child
from stream.demo.embedded import free_port
from stream.demo.processes import environment


@dataclass(frozen=True, slots=True)
class DemoApi:
    """An API with its edge: `url` is where clients ask it; `webhooks` is a file for the setting of
    that name, with which it is told of decisions; `processes` may not be ready yet."""

    url: str
    webhooks: Path
    processes: Sequence[Child]


class Reply(NamedTuple):
    """What a client sees: the status, and whether the answer came with its reasoning."""

    status: int
    reasoned: bool


@contextmanager
def demo_api(store_url: str) -> Iterator[DemoApi]:
    """An edge on this store and the API that asks it, for as long as the block lasts."""
    with TemporaryDirectory(prefix="sluicegate-") as folder:
        place = Path(folder)
        (edge_folder := place / "edge").mkdir()
        edge_port, api_port = free_port(), free_port()
        tokens, token, key = place / "tokens", place / "token", place / "key"
        token.write_text(create_token(tokens, "demo", Scope.CHECK))
        key.write_text("whsec_" + b64encode(secrets.token_bytes(32)).decode())
        told = {
            "store_url": store_url,
            "edge_tokens": tokens,
            "edge_port": edge_port,
            # All of the demo shares the cores: the failure table is not what it is about.
            "edge_budget_ms": 200,
        }
        edge = [sys.executable, "-m", "stream", "edge"]
        api = [sys.executable, "-m", "edge.demo.gateway", "--port", str(api_port)]
        api += ["--edge", _url(edge_port), "--token", str(token), "--key", str(key)]
        with (
            _served("the edge", edge, edge_folder, edge_port, told) as checking,
            # In the folder of the secrets, which goes with it even when we are killed.
            _served("the demo's API", api, place, api_port, {}) as serving,
        ):
            endpoints = _endpoints(place, api_port, key)
            yield DemoApi(_url(api_port), endpoints, (checking, serving))


async def ask(
    session: aiohttp.ClientSession, api: DemoApi, account: str, tokens: int, ts: int
) -> Reply:
    """One request of `account` at event time `ts`, ms, and what its client sees."""
    headers = {ACCOUNT: account, TOKENS: str(tokens), EVENT_TIME: str(ts)}
    async with session.post(f"{api.url}/v1/messages", headers=headers) as answer:
        return Reply(answer.status, b'"reasoning"' in await answer.read())


async def counts(session: aiohttp.ClientSession, api: DemoApi) -> dict[str, dict[str, int]]:
    """What the API has seen: `answered` by status, and accounts `told` about by action."""
    async with session.get(f"{api.url}/counts") as answer:
        found: dict[str, dict[str, int]] = await answer.json()
        return found


def _served(
    what: str, command: list[str], folder: Path, port: int, told: dict[str, Any]
) -> AbstractContextManager[Child]:
    return child(what, command, folder, lambda: _listens(port), environ=environment(told))


def _listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1.0)
        return client.connect_ex(("127.0.0.1", port)) == 0


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _endpoints(place: Path, port: int, key: Path) -> Path:
    endpoint = {
        "name": "demo",
        "url": f"{_url(port)}/webhooks",
        "secrets": [{"file": str(key)}],
        "allow_http": True,
        "allow_private": True,
    }
    file = place / "webhooks.yaml"
    file.write_text(yaml.safe_dump({"endpoints": [endpoint]}))
    return file
