"""The kill switch at the edge, on real stores: what stands is not acted on, quotas go on."""

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis

from edge.check.asks import Ask
from edge.check.ledger import RedisLedger, Spent
from schemas.controls import Switch
from schemas.decisions import Mode
from stream.controls.mirror import KEY, put
from tests.integration.edge_process import running_edge
from tests.integration.standing import REQUESTS, stand

PATIENCE_S = 60.0


@pytest.mark.parametrize("message", ["block", "unreadable"])
async def test_in_shadow_nothing_is_refused(empty_store: Redis, message: str) -> None:
    """Nor is anything limited by a decision; the tier's own quotas count as ever."""
    await stand(empty_store, "a", "block")
    if message == "unreadable":
        await empty_store.set((await empty_store.keys("sg:*:d:a"))[0], b"nonsense")
    ledger = RedisLedger(empty_store, {1: [REQUESTS]})
    ledger.heed("shadow")
    [spent] = await ledger.spend([Ask("a", 0, 1)])
    assert (spent.granted, spent.decision) == (True, b"")
    assert [level.left for level in spent.levels] == [99]
    ledger.heed(None)
    [again] = await ledger.spend([Ask("a", 0, 1)])
    assert again.decision != b""
    assert again == Spent(True, again.decision, ())


async def test_a_running_edge_heeds_the_switch(empty_store: Redis, tmp_path: Path) -> None:
    """Within seconds, there and back, without a restart."""
    url = "redis://{host}:{port}".format(**empty_store.connection_pool.connection_kwargs)
    await stand(empty_store, "ada", "block")
    with running_edge(tmp_path, url, edge_denial_ms=0) as edge:

        async def until(status: int) -> None:
            async with asyncio.timeout(PATIENCE_S):
                ask = b'{"account_id": "ada"}'
                while await asyncio.to_thread(edge.check, ask) != status:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.05)

        async def turn(mode: Mode, ts: int) -> None:
            await put(empty_store, Switch(mode=mode, author="kim", reason="a drill", ts=ts))

        await until(403)
        await turn("shadow", 1)
        await until(200)
        await turn("enforce", 2)
        await until(403)
    await empty_store.delete(KEY)
