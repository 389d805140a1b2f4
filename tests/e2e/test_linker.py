"""Worker and linker as processes: a ring is found and answered, whoever is killed meanwhile."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import pytest

from schemas.decisions import Campaign
from schemas.wire import DecisionWire, encode_decision
from simulate.scenarios import scenario
from stream.demo.traffic import scenario_lines
from stream.link.membership import unseal
from stream.store import Kind
from tests.e2e.linkers import eager_policy, one_linker
from tests.e2e.live import Live, Worker, living, on_both_pairs, undated
from tests.servers import Broker
from tests.topics import Topics

RATE = 3_000.0  # a worker keeps up, so that touches come nearly in the order of their time
KILLED_AT = 6_000  # events
LATER = 2_000  # events that come when the campaign is known
RING = scenario("A", "june", 78, 160, 1.5, 0.4)

pytestmark = on_both_pairs
_read = msgspec.json.Decoder(DecisionWire).decode


@dataclass(frozen=True, slots=True)
class Found:
    """What came out, and what a linker makes of the same touches that nobody stops."""

    records: list[bytes]
    decisions: list[bytes]
    memberships: dict[str, bytes | None]
    expected_records: list[bytes]
    expected_decisions: list[bytes]

    def by_campaigns(self) -> list[DecisionWire]:
        """The decisions that campaigns brought about."""
        return [d for d in map(_read, self.decisions) if d.cause == "campaign"]


@pytest.fixture(scope="module")
def found(
    broker: Broker, store_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Found]:
    """A worker killed amid traffic, then the linker that worked killed as soon as it spoke."""
    folder = tmp_path_factory.mktemp("linker")
    options = {"batch_max": 40, "policy": eager_policy(folder)}
    with living(broker, store_url, folder, "linking", **options) as live:
        yield asyncio.run(_survive(live))


async def _survive(live: Live) -> Found:
    events = list(scenario_lines(RING))
    early, later = events[:-LATER], events[-LATER:]
    first, working = live.start(), live.start("linker")
    await live.until(first.healthy)
    async with live.watched() as seen:
        traffic = asyncio.create_task(live.send(early, RATE))
        await live.until(lambda: _has_handled(first, KILLED_AT))
        first.kill()
        second = live.start()
        await live.until(lambda: any(b'"cause":"campaign"' in decision for decision in seen))
    last = live.start("linker")
    working.kill()
    await traffic
    await live.all_done()
    await _all_answered(live)
    await live.send(later, RATE)
    await live.all_done()
    await _all_answered(live)
    for process in (last, second):
        assert await process.stop() == 0
    return await _gather(live)


async def _has_handled(worker: Worker, events: int) -> bool:
    return await worker.handled() >= events


async def _all_answered(live: Live) -> None:
    """Wait until every touch has been folded and committed."""
    place = live.settings().topic("touches")
    touches = len((await live.records("touches"))[0])
    topics = Topics(live.broker.address)

    async def done() -> bool:
        return (await topics.committed(f"{live.name}-linker", place))[0] == touches

    await live.until(done, every=0.3)


async def _gather(live: Live) -> Found:
    touches = [record.value for record in (await live.records("touches"))[0]]
    expected = await one_linker(live.settings(), touches)
    decisions = await live.values("decisions")
    members = {_read(d).account_id for d in decisions if b'"cause":"campaign"' in d}
    return Found(
        await live.values("campaigns"),
        decisions,
        await live.states(sorted(members), Kind.MEMBERSHIP),
        expected.records,
        expected.decisions,
    )


def test_no_kill_changes_a_record(found: Found) -> None:
    """Records are those of one linker that nobody stops: the same ids, members and figures."""
    assert found.expected_records
    assert set(found.records) == set(found.expected_records)


def test_no_kill_loses_or_invents_an_answer(found: Found) -> None:
    """Every answer is out; what is out twice differs in `decided_at` only."""
    told = [undated(encode_decision(decision)) for decision in found.by_campaigns()]
    assert set(told) == set(found.expected_decisions)


def test_every_member_is_answered(found: Found) -> None:
    """Whoever a record names was told, and by that campaign."""
    told = {(d.account_id, d.campaign_id) for d in found.by_campaigns()}
    records = [Campaign.model_validate_json(record) for record in found.records]
    named = {(a, r.campaign_id) for r in records if r.accounts >= 4 for a in r.members_added}
    assert named
    assert named <= told


def test_the_store_holds_every_membership(found: Found) -> None:
    """What a worker reads about a member is what was told last."""
    last = {d.account_id: d for d in found.by_campaigns()}
    assert found.memberships.keys() == last.keys()
    for account, value in found.memberships.items():
        floor = unseal(value)
        assert floor is not None
        assert (floor.campaign_id, floor.standing.action, floor.standing.expires_at) == (
            last[account].campaign_id,
            last[account].action,
            last[account].expires_at,
        )


def test_workers_follow_the_campaign(found: Found) -> None:
    """Later requests of members are decided in the campaign's name."""
    decided = [d for d in map(_read, found.decisions) if d.cause == "request" and d.campaign_id]
    assert decided
    assert {d.campaign_id for d in decided} <= {d.campaign_id for d in found.by_campaigns()}
