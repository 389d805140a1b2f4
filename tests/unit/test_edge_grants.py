"""Grants: a route behind the front knows who asks, and refuses who may not."""

from pathlib import Path
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI

from edge.grants import needs
from edge.tokens import Grant, Scope
from tests.unit.edges import Edge, open_edge


@pytest.fixture
def edge(tmp_path: Path) -> Edge:
    """An edge with a route that tells who asks, and needs the scope act."""
    made = open_edge(tmp_path)
    api = made.app._inner
    assert isinstance(api, FastAPI)

    @api.get("/who")
    async def who(grant: Annotated[Grant, Depends(needs(Scope.ACT))]) -> str:
        return grant.name

    return made


@pytest.mark.parametrize("scope", ["act", "admin"])
async def test_a_route_knows_who_asks(edge: Edge, scope: str) -> None:
    """By the name of the token, whatever the request says."""
    answer = await edge.request("GET", "/who", scope)
    assert (answer.status, answer.json()) == (200, scope)


async def test_a_route_refuses_a_lesser_scope(edge: Edge) -> None:
    """With a problem that names the scope; the front counts it."""
    answer = await edge.request("GET", "/who", "read")
    assert answer.status == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "This needs a token with the scope act."
    assert edge.count("refused_callers_total", why="forbidden") == 1
