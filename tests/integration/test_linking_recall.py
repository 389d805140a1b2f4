"""A linker that starts reads what was answered before it, from a real broker, in silence."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from stream.broker.chunk import Chunk, Record
from stream.link.touches import Touch, encode_touch
from stream.linking import Linking
from stream.metrics import Metrics
from stream.settings import load_settings
from tests.servers import Broker
from tests.topics import Topics
from tests.unit.gates import HOUR, NOW
from tests.unit.touched import Ear, honest, hours, office, ring
from tests.waiting import until

FULL = [*honest(60), *ring(12, NOW + HOUR), *hours(9, NOW + 3 * HOUR)]


async def made(broker: Broker, name: str, values: Sequence[bytes]) -> Sequence[Record]:
    """A topic of touches, and its records."""
    topics = Topics(broker.address)
    await topics.make(f"{name}.touches", 1)
    await topics.fill(f"{name}.touches", {0: values})
    return (await topics.records(f"{name}.touches"))[0]


def linking(broker: Broker, name: str, ear: Ear, metrics: Metrics | None = None) -> Linking:
    """A new process' inside, on that topic."""
    settings = load_settings(kafka_bootstrap=broker.address, topic_prefix=f"{name}.")
    return Linking(office(ear), settings, ear, metrics or Metrics())


def chunk(name: str, records: Sequence[Record]) -> Chunk:
    """Records of that topic as fetched."""
    return Chunk(f"{name}.touches", 0, records, records[-1].offset + 1)


def folded(metrics: Metrics) -> float:
    """How many touches were folded, counted again when they were folded again."""
    return metrics.registry.get_sample_value("sluicegate_touches_folded_total") or 0.0


def written(touches: Sequence[Touch]) -> list[bytes]:
    """Touches as messages."""
    return [encode_touch(touch) for touch in touches]


@pytest.mark.parametrize("at", [1, 65, len(FULL) - 5, len(FULL) - 1])
async def test_the_next_process_goes_on_as_one_would(broker: Broker, at: int) -> None:
    """Together they say what one alone says, with the same campaign ids, nothing twice."""
    name = f"recall{at}"
    records = await made(broker, name, written(FULL))
    ears = alone, first, second = Ear(), Ear(), Ear()
    one, two, three = (linking(broker, name, ear) for ear in ears)
    await one.handle(chunk(name, records))
    await two.handle(chunk(name, records[:at]))
    await three.handle(chunk(name, records[at:]))
    assert len(alone.records) > 0
    assert first.records + second.records == alone.records
    assert first.decisions + second.decisions == alone.decisions


async def test_a_process_that_stood_by_catches_up(broker: Broker) -> None:
    """It worked, lost the partition, and gets it back: only what it missed is read again."""
    records = await made(broker, "standby", written(FULL))
    alone, heard, metrics = Ear(), Ear(), Metrics()
    await linking(broker, "standby", alone).handle(chunk("standby", records))
    one = linking(broker, "standby", heard, metrics)
    await one.handle(chunk("standby", records[:50]))
    await one.handle(chunk("standby", records[75:]))
    missed = [d for d in alone.decisions if d not in heard.decisions]
    assert heard.decisions == alone.decisions[len(missed) :]
    assert folded(metrics) == len(FULL)


async def test_what_cannot_be_read_is_passed_over(broker: Broker) -> None:
    """It became a dead letter when it was new, and does not become one again."""
    values = written(FULL)
    values.insert(3, b"garbage")
    records = await made(broker, "garbage", values)
    alone, heard = Ear(), Ear()
    await linking(broker, "garbage", alone).handle(chunk("garbage", records))
    await linking(broker, "garbage", heard).handle(chunk("garbage", records[74:]))
    assert len(alone.letters) == 1
    assert heard.letters == []
    assert heard.decisions == [d for d in alone.decisions if d in heard.decisions]
    assert heard.decisions


async def test_the_end_of_an_account_is_recalled(broker: Broker) -> None:
    """A process that starts after it does not know the account, and so answers it never again."""
    ended = [one for one in FULL if one.account_id != "r003" or one.ts < NOW + 2 * HOUR]
    at = next(n for n, one in enumerate(ended) if one.ts >= NOW + 6 * HOUR)
    values: list[bytes | None] = [*written(ended[:at]), None, *written(ended[at:])]
    topics = Topics(broker.address)
    await topics.make("ended.touches", 1)
    keys = [b"r003" if value is None else b"k" for value in values]
    await topics.fill("ended.touches", {0: values}, keys)
    records = (await topics.records("ended.touches"))[0]
    ear = Ear()
    one = linking(broker, "ended", ear)
    await one.handle(chunk("ended", records[at + 1 :]))
    ledger = one._office.linker.ledger
    assert "r003" not in ledger.number
    assert {"r002", "r004"} <= ledger.number.keys()
    assert "r003" not in {decision.account_id for decision in ear.decisions}


async def test_an_order_finds_the_campaigns_of_before(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the group has committed is folded in silence, also where no touch has come yet."""
    await made(broker, "ordered", written(FULL))
    heard, metrics = Ear(), Metrics()
    one = linking(broker, "ordered", heard, metrics)
    monkeypatch.setattr(one, "_committed", _answering(len(FULL)))
    await one.catch_up()
    await one.catch_up()
    assert (folded(metrics), heard.decisions, heard.records) == (len(FULL), [], [])


async def test_a_linker_that_stands_by_goes_along(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It folds what the one that works has committed, more and more; what comes when it takes over
    is folded once."""
    name = "goes-along"
    records = await made(broker, name, written(FULL))
    metrics = Metrics()
    one = linking(broker, name, Ear(), metrics)
    ends = [20, 60, len(FULL) - 5]

    async def committed() -> int:
        return ends.pop(0) if len(ends) > 1 else ends[0]

    monkeypatch.setattr(one, "_committed", committed)
    going = asyncio.create_task(one.stand_by(every_s=0.01))
    try:
        await until(lambda: folded(metrics) >= len(FULL) - 5)
        await one.handle(chunk(name, records[len(FULL) - 5 :]))
    finally:
        going.cancel()
    assert folded(metrics) == len(FULL)


async def test_standing_by_and_taking_over_do_not_meet(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A linker is given the partition while it goes along: what is folded by then is no more."""
    name = "take-over"
    records = await made(broker, name, written(FULL))
    metrics = Metrics()
    one = linking(broker, name, Ear(), metrics)
    monkeypatch.setattr(one, "_committed", _answering(60))
    await asyncio.gather(one.catch_up(), one.handle(chunk(name, records[60:])))
    assert folded(metrics) == len(FULL)


async def test_a_topic_made_anew_is_neither_waited_for_nor_taken_for_answered(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the group has committed lies beyond its end: all that it holds is new."""
    records = await made(broker, "anew", written(FULL))
    alone, heard = Ear(), Ear()
    await linking(broker, "anew", alone).handle(chunk("anew", records))
    one = linking(broker, "anew", heard)
    monkeypatch.setattr(one, "_committed", _answering(10_000))
    async with asyncio.timeout(120):
        await one.catch_up()
    await one.handle(chunk("anew", records))
    # Tansu 0.6 does not say that a place lies beyond the end.
    answered = alone.decisions if broker.name == "kafka" else []
    assert alone.decisions
    assert heard.decisions == answered


def _answering(offset: int) -> Callable[[], Awaitable[int]]:
    async def committed() -> int:
        return offset

    return committed


# The embedded broker deletes no records.
@pytest.mark.parametrize(
    "broker",
    [pytest.param("kafka", marks=pytest.mark.kafka)],
    indirect=True,
    scope="session",
)
async def test_a_trimmed_topic_is_read_from_where_it_begins(broker: Broker) -> None:
    """What the broker has deleted is missing, and nothing waits for it."""
    records = await made(broker, "trimmed", written(FULL))
    place = TopicPartition("trimmed.touches", 0)
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    await admin.delete_records({place: RecordsToDelete(before_offset=60)})
    await admin.close()
    metrics = Metrics()
    await linking(broker, "trimmed", Ear(), metrics).handle(chunk("trimmed", records[70:]))
    folded = metrics.registry.get_sample_value("sluicegate_touches_folded_total")
    assert folded == len(FULL) - 60
