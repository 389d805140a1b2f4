"""A policy gone wrong, and a person's word, against real workers, a broker and a store."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from schemas.decisions import Action, Decision
from stream.broker.connections import store_client
from stream.cli import cli
from stream.decide.bars import Calibration
from stream.decide.policy import SHIPPED
from stream.lines import REQUESTS, Line, lines
from stream.link.published import publish
from stream.variables import variable
from tests.e2e.live import Live, living
from tests.servers import Broker
from tests.unit.gates import HOUR, NOW

ACCOUNTS = 120
HOURS = 2
on_embedded = pytest.mark.parametrize(
    ("broker", "store_url"), [("embedded", "embedded")], indirect=True, scope="session"
)


def wrong_policy(folder: Path) -> Path:
    """A policy that blocks whoever makes a request; a tenth of all accounts may be, in an hour."""
    policy = yaml.safe_load(SHIPPED.read_text())
    policy["thresholds"] = {tier: {"block": 1e-9} for tier in range(4)}
    policy["block_evidence"] = {"kinds": 1, "weight": 0.0}
    shares = {"accounts": 0.1, "traffic": 1.0}
    fewest = {"accounts": 5, "requests": 100}
    policy["governor"] = {"block": shares, "step_up": shares, "fewest": fewest}
    file = folder / "wrong.yaml"
    file.write_text(yaml.safe_dump(policy))
    return file


@pytest.fixture
def live(broker: Broker, store_url: str, tmp_path: Path) -> Iterator[Live]:
    """Topics and an empty store, for workers with that policy."""
    policy, name = wrong_policy(tmp_path), f"governed-{broker.name}"
    with living(broker, store_url, tmp_path, name, decisions="changes", policy=policy) as one:
        yield one


def everybody(ts: int) -> Iterator[Line]:
    """A request of each account."""
    event = {"model": "m", "ts": ts}
    named = ({"event_id": f"{ts}-{n}", "account_id": f"a{n}"} | event for n in range(ACCOUNTS))
    return lines(REQUESTS, (json.dumps(one).encode() for one in named))


async def ordered(live: Live, *words: str) -> None:
    """Give an order by command."""
    environ = {variable(k): str(v) for k, v in live.explicit().items()}
    given = [*words, "--author", "kim", "--reason", "a drill"]
    told = await asyncio.to_thread(CliRunner().invoke, cli, given, env=environ)
    assert told.exit_code == 0, told.output


async def open_bars(live: Live) -> None:
    """Nothing but the policy and the governor stands between a score and a block."""
    client = store_client(live.settings())
    await publish(client)(Calibration(dict.fromkeys(Action, 0.0), 0.0))
    await client.aclose()


async def decided(live: Live) -> list[Decision]:
    """Every decision so far."""
    return [Decision.model_validate_json(message) for message in await live.values("decisions")]


@on_embedded
async def test_a_policy_gone_wrong_is_bounded_and_stopped(live: Live) -> None:
    """Over two workers together: in each hour the share at most, the rest limited; then the
    switch, and a pin, hold from the next events on, and after a restart."""
    await open_bars(live)
    for _ in range(2):
        live.start()
    await live.until(lambda: all_healthy(live))
    for hour in range(HOURS):
        await live.send(everybody(NOW + hour * HOUR), 10_000)
        await live.all_done()
    blocked = Counter(d.ts // HOUR for d in await decided(live) if d.action is Action.BLOCK)
    begun = NOW // HOUR
    # Nobody was active before the first hour; then it is a tenth of those that were, as far as the
    # other worker has told of its own.
    assert blocked[begun] == 5
    assert 5 <= blocked[begun + 1] <= ACCOUNTS // 10
    limited = [d for d in await decided(live) if d.action is Action.RATE_LIMIT]
    assert {d.reasons[0].code for d in limited} == {"governor"}
    assert len({d.account_id for d in limited}) == ACCOUNTS - 5
    assert blocked.keys() == {begun, begun + 1}

    await ordered(live, "override", "set", "account", "a0", "--action", "allow")
    await ordered(live, "mode", "shadow")
    for worker in live.workers:
        assert await worker.stop() == 0
    live.workers.clear()
    live.start()
    later = NOW + HOURS * HOUR
    await live.send(everybody(later), 10_000)
    await live.all_done()
    told = [d for d in await decided(live) if d.ts == later]
    assert {d.mode for d in told} == {"shadow"}
    assert [d.action for d in told if d.account_id == "a0"] == [Action.ALLOW]


async def all_healthy(live: Live) -> bool:
    """Whether every worker answers."""
    return all([await worker.healthy() for worker in live.workers])
