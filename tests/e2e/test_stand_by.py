"""Two linkers as processes: the one that works is killed, the one that stands by takes over."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from schemas.decisions import Campaign
from stream.link.touches import Touch, encode_touch
from tests.e2e.linkers import Kept, eager_policy, one_linker
from tests.e2e.live import Live, Worker, living, undated
from tests.servers import Broker
from tests.topics import Topics
from tests.unit.gates import HOUR, NOW
from tests.unit.touched import honest, hours, ring

FOLDED = "sluicegate_touches_folded"
TOLD = "sluicegate_campaigns"
# One campaign is known before the second linker starts; it grows and another comes after that.
BEGUN = [*honest(60), *ring(12, NOW + HOUR), *hours(6, NOW + 3 * HOUR)]
LATER = [
    *ring(16, NOW + 20 * HOUR),
    *hours(6, NOW + 24 * HOUR),
    *ring(40, NOW + 31 * HOUR, "s"),
    *hours(150, NOW + 33 * HOUR),
]
# Beyond the session's end: for handing over, and for what was under way when it was killed.
TAKEN_OVER_S = 15.0

# Where a group's members come and go, which the embedded pair is slow at: test_linker.py has it.
pytestmark = pytest.mark.parametrize(
    ("broker", "store_url"),
    [pytest.param("kafka", "redis", marks=[pytest.mark.kafka, pytest.mark.redis])],
    indirect=True,
    scope="session",
)


@dataclass(frozen=True, slots=True)
class Told:
    """What came out, and when."""

    said: float  # records of the one that worked, before the other one came
    before: list[bytes]  # all of its records
    records: list[bytes]
    decisions: list[bytes]
    expected: Kept
    left: int  # touches that were not committed when it was killed
    silent: float  # records of the other one by then
    folded: float  # by the other one, in the end


@dataclass(slots=True)
class Pair:
    """The topic of touches, which two linkers read."""

    live: Live
    sent: int = 0

    @property
    def topics(self) -> Topics:
        return Topics(self.live.broker.address)

    async def touch(self, touches: list[Touch]) -> None:
        """Workers saw this."""
        values = [encode_touch(touch) for touch in touches]
        await self.topics.fill(self.live.settings().topic("touches"), {0: values})
        self.sent += len(values)

    async def left(self) -> int:
        """How many touches are not committed."""
        place = self.live.settings().topic("touches")
        return self.sent - (await self.topics.committed(f"{self.live.name}-linker", place))[0]

    async def answered(self) -> None:
        """Wait until all are."""

        async def done() -> bool:
            return await self.left() == 0

        await self.live.until(done, every=0.2)


@pytest.fixture(scope="module")
def told(
    broker: Broker, store_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Told]:
    """A linker killed as soon as it has told of something new."""
    folder = tmp_path_factory.mktemp("stand-by")
    # What is told and not committed comes again.
    options = {
        "batch_max": 5,
        "policy": eager_policy(folder),
        "commit_interval_ms": 1_000,
    }
    with living(broker, store_url, folder, "stand-by", **options) as live:
        yield asyncio.run(_kill(Pair(live)))


async def _kill(pair: Pair) -> Told:
    live = pair.live
    working = live.start("linker")
    await pair.touch(BEGUN)
    await pair.answered()
    standing_by = live.start("linker")
    await live.until(lambda: _comes_to(standing_by, FOLDED, len(BEGUN)), every=0.05)
    said = await working.metric(TOLD)
    await pair.touch(LATER)
    await live.until(lambda: _comes_to(working, TOLD, said + 1))
    working.kill()
    left, silent = await pair.left(), await standing_by.metric(TOLD)
    before = await live.values("campaigns")
    async with asyncio.timeout(live.broker.session_timeout_s + TAKEN_OVER_S):
        await pair.answered()
    folded = await standing_by.metric(FOLDED)
    assert await standing_by.stop() == 0
    touches = [record.value for record in (await live.records("touches"))[0]]
    return Told(
        said,
        before,
        await live.values("campaigns"),
        [undated(decision) for decision in await live.values("decisions")],
        await one_linker(live.settings(), touches),
        left,
        silent,
        folded,
    )


async def _comes_to(linker: Worker, counter: str, count: float) -> bool:
    return await linker.metric(counter) >= count


def _campaigns(records: list[bytes]) -> set[str]:
    return {Campaign.model_validate_json(record).campaign_id for record in records}


def test_it_was_killed_amid_its_work(told: Told) -> None:
    """It had told of something new, and had not committed all of it: that comes again."""
    assert len(told.before) > told.said
    assert 0 < told.left <= len(LATER)


def test_who_stands_by_says_nothing(told: Told) -> None:
    """Until the other one ends."""
    assert told.silent == 0


def test_every_touch_counts_once(told: Told) -> None:
    """Going along, and taking over amid it."""
    assert told.folded == len(BEGUN) + len(LATER)


def test_campaigns_go_on_under_their_ids(told: Told) -> None:
    """The one of before grows, and one comes."""
    assert len(_campaigns(told.before)) == 1
    assert len(_campaigns(told.records)) == 2
    assert _campaigns(told.before) < _campaigns(told.records)


def test_nothing_is_lost_or_told_otherwise(told: Told) -> None:
    """Records and decisions are those of one linker that nobody stops."""
    assert set(told.records) == set(told.expected.records)
    assert set(told.decisions) == set(told.expected.decisions)
