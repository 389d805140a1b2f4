"""A linker as a process, and a person at the command line: a ring is let go, pinned, restored."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import pytest
import yaml
from typer.testing import CliRunner

from schemas.decisions import Action, Campaign
from schemas.events import LabelEvent
from schemas.wire import DecisionWire
from stream.broker.connections import store_client
from stream.cli import cli
from stream.decide.policy import SHIPPED
from stream.link.touches import Touch, encode_touch
from stream.redis_store import RedisStore
from stream.variables import variable
from tests.e2e.live import Live, Worker, living
from tests.servers import Broker
from tests.topics import Topics
from tests.unit.gates import HOUR, NOW
from tests.unit.touched import honest, hours, ring

MEMBERS = [f"r{n:03}" for n in range(12)]
# Whatever the shipped weights make of so small a ring: this is about orders, not about weights.
EAGER = {tier: {"restrict": 1e-4, "step_up": 2e-4} for tier in range(4)}
BEGUN = [*honest(60), *ring(12, NOW + HOUR), *hours(6, NOW + 3 * HOUR)]
LATER = [*ring(14, NOW + 20 * HOUR), *hours(6, NOW + 24 * HOUR)]

Standing = set[tuple[Action, str]]  # action and cause of what stands about members

# On the real ones alone: the linker's two topics are tried on the embedded pair by test_linker.py.
pytestmark = pytest.mark.parametrize(
    ("broker", "store_url"),
    [pytest.param("kafka", "redis", marks=[pytest.mark.kafka, pytest.mark.redis])],
    indirect=True,
    scope="session",
)
_read = msgspec.json.Decoder(DecisionWire).decode


class Story:
    """A linker, what goes in, what comes out, and what a person says."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self._touches = 0
        self.start()

    def start(self) -> None:
        """Start a linker."""
        self.linker: Worker = self.live.start("linker")

    async def touch(self, touches: Sequence[Touch]) -> None:
        """Workers saw this; wait until the linker has answered it."""
        values = [encode_touch(touch) for touch in touches]
        topics, place = Topics(self.live.broker.address), self.live.settings().topic("touches")
        await topics.fill(place, {0: values})
        self._touches += len(values)

        async def done() -> bool:
            group = f"{self.live.name}-linker"
            return (await topics.committed(group, place))[0] == self._touches

        await self.live.until(done, every=0.3)

    async def say(self, *words: str) -> str:
        """Run `sluicegate campaign …`; what it prints."""
        told = {variable(k): str(v) for k, v in self.live.explicit().items()}
        environ = os.environ | told
        result = await asyncio.to_thread(CliRunner().invoke, cli, ["campaign", *words], env=environ)
        assert result.exit_code == 0, result.output
        return result.output

    async def stands(self) -> Standing:
        """What the store says about members: what the edge answers by."""
        store = RedisStore(store_client(self.live.settings()))
        try:
            held = [await store.decision(account) for account in MEMBERS]
        finally:
            await store.close()
        return {(d.action, d.cause) for d in (_read(value) for value in held if value)}

    async def until_stands(self, action: Action, cause: str) -> Standing:
        """Wait until this, and nothing else, stands about members."""

        async def reached() -> bool:
            return await self.stands() == {(action, cause)}

        await self.live.until(reached, every=0.2)
        return await self.stands()

    async def campaign(self) -> Campaign:
        """The last record of the one campaign."""
        records = [Campaign.model_validate_json(r) for r in await self.live.values("campaigns")]
        assert len({record.campaign_id for record in records}) == 1
        return records[-1]


@dataclass(frozen=True, slots=True)
class Told:
    """What stood about members and was said, in the order of the story."""

    answered: Standing
    listed: str
    dismissed: Standing
    shown: str
    news: int  # decisions after the restart
    kept: Standing
    record: Campaign
    labels: list[LabelEvent]
    unheard: Standing
    pinned: Standing
    restored: Standing


@pytest.fixture(scope="module")
def told(
    broker: Broker, store_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Told]:
    """A ring is let go, the linker killed; pinned while there is no linker, then restored."""
    folder = tmp_path_factory.mktemp("orders")
    shipped = yaml.safe_load(SHIPPED.read_text())
    campaigns = shipped["campaigns"] | {"thresholds": EAGER, "fewest": 4}
    policy = folder / "policy.yaml"
    policy.write_text(yaml.safe_dump(shipped | {"campaigns": campaigns}))
    options = {"batch_max": 40, "policy": policy}
    with living(broker, store_url, folder, "orders", **options) as live:
        yield asyncio.run(_tell(Story(live)))


async def _tell(story: Story) -> Told:
    await story.touch(BEGUN)
    answered = await story.until_stands(Action.STEP_UP, "campaign")
    name = (await story.campaign()).campaign_id
    listed = await story.say("list")
    await story.say("dismiss", name, "--author", "kim", "--reason", "customers of one product")
    dismissed = await story.until_stands(Action.ALLOW, "override")
    shown = await story.say("show", name)
    decided = len(await story.live.values("decisions"))
    story.linker.kill()
    story.start()
    await story.touch(LATER)
    news = len(await story.live.values("decisions")) - decided
    kept, record = await story.stands(), await story.campaign()
    labels = [LabelEvent.model_validate_json(v) for v in await story.live.values("labels")]
    story.linker.kill()
    order = ("--author", "kim", "--reason", "until we know more")
    await story.say("act", name, "--action", "rate_limit", *order)
    unheard = await story.stands()
    story.start()
    pinned = await story.until_stands(Action.RATE_LIMIT, "override")
    await story.say("undo", name, "--author", "lee", "--reason", "it is one")
    restored = await story.until_stands(Action.STEP_UP, "campaign")
    return Told(
        answered,
        listed,
        dismissed,
        shown,
        news,
        kept,
        record,
        labels,
        unheard,
        pinned,
        restored,
    )


def test_every_member_is_let_go(told: Told) -> None:
    """By one command, in the store that the edge answers by."""
    assert told.record.campaign_id in told.listed
    assert told.answered == {(Action.STEP_UP, "campaign")}
    assert told.dismissed == {(Action.ALLOW, "override")}
    assert "dismiss by kim: customers of one product" in told.shown


def test_the_next_linker_keeps_them_free(told: Told) -> None:
    """It finds the ring again, and tells nobody of it."""
    assert told.news == 0
    assert told.kept == {(Action.ALLOW, "override")}
    assert told.record.status == "dismissed"


def test_training_learns_of_it(told: Told) -> None:
    """A label for each member, once."""
    assert sorted(label.account_id for label in told.labels) == MEMBERS
    assert {(label.label, label.source) for label in told.labels} == {("benign", "kim")}


def test_an_order_that_nobody_heard_is_carried_out(told: Told) -> None:
    """It stands on the topic until a linker starts."""
    assert told.unheard == {(Action.ALLOW, "override")}
    assert told.pinned == {(Action.RATE_LIMIT, "override")}


def test_what_was_undone_is_what_the_evidence_says(told: Told) -> None:
    """By one command as well."""
    assert told.restored == told.answered
