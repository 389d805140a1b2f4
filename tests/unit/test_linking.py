"""The linker's chunks: each touch once, what cannot be read as a dead letter."""

from collections.abc import Sequence, Set
from typing import Any

import pytest

from schemas.errors import ConfigurationError, StoreError
from stream.broker.chunk import Chunk
from stream.broker.tombstones import Erased
from stream.link.touches import Touch, encode_touch
from stream.linking import Linking
from stream.metrics import Metrics
from stream.settings import load_settings
from stream.store import MemoryStore
from tests.unit.gates import HOUR, NOW, Raw
from tests.unit.touched import Ear, honest, hours, office, ring, touch

TOPIC = "sluicegate.touches"


class Away(MemoryStore):
    """A store that takes nothing."""

    async def write(self, *_: object) -> int:
        raise StoreError("away")


def chunk(values: Sequence[bytes | None], begin: int = 0) -> Chunk:
    """Values as a chunk of the touches topic."""
    records = [Raw(begin + at, b"k", value) for at, value in enumerate(values)]
    return Chunk(TOPIC, 0, records, begin + len(values))


def written(touches: Sequence[Touch]) -> list[bytes | None]:
    """Touches as messages."""
    return [encode_touch(one) for one in touches]


def story() -> list[bytes | None]:
    """A ring that is found."""
    return written([*honest(60), *ring(12, NOW + HOUR), *hours(5, NOW + 3 * HOUR)])


def linking(ear: Ear, metrics: Metrics | None = None, **options: Any) -> Linking:
    """What a process has inside, with an office in memory."""
    return Linking(office(ear, **options), load_settings(), ear, metrics or Metrics())


async def test_chunks_are_folded() -> None:
    """And counted; what the linker holds can be watched."""
    ear, metrics = Ear(), Metrics()
    one, touches = linking(ear, metrics), story()
    await one.handle(chunk(touches[:40]))
    await one.handle(chunk(touches[40:], 40))
    assert len({d.account_id for d in ear.decisions}) == 12
    value = metrics.registry.get_sample_value
    assert value("sluicegate_touches_folded_total") == len(touches)
    assert value("sluicegate_linked", {"what": "accounts"}) == 72
    assert value("sluicegate_linked", {"what": "members"}) == 12
    assert value("sluicegate_linked", {"what": "campaigns"}) == 1
    assert value("sluicegate_lag", {"topic": TOPIC, "partition": "0"}) == 0


@pytest.mark.parametrize("bad", [b"", b"garbage", b"\x90"])
async def test_a_malformed_touch_is_a_dead_letter(bad: bytes) -> None:
    """With its place; its neighbours are folded."""
    ear, metrics = Ear(), Metrics()
    good = written([touch("a"), touch("b")])
    await linking(ear, metrics).handle(chunk([good[0], bad, good[1]]))
    (letter,) = ear.letters
    assert (letter.topic, letter.partition, letter.offset) == (TOPIC, 0, 1)
    assert letter.error.startswith("touch: ")
    value = metrics.registry.get_sample_value
    assert value("sluicegate_touches_folded_total") == 2
    assert value("sluicegate_dead_letters_total", {"topic": TOPIC}) == 1


async def test_a_touch_of_a_partition_that_is_not_there_is_a_dead_letter() -> None:
    """Its account's decisions would have nowhere to go."""
    ear = Ear()
    await linking(ear).handle(chunk(written([touch("a", partition=8)])))
    assert "8 of 8" in ear.letters[0].error


async def test_records_that_come_again_are_passed_over() -> None:
    """After a rebalance the last chunks may: what was answered is not folded once more."""
    ear, metrics = Ear(), Metrics()
    one, touches = linking(ear, metrics), story()
    await one.handle(chunk(touches))
    told = list(ear.decisions)
    await one.handle(chunk(touches[-10:], len(touches) - 10))
    await one.handle(chunk(touches[-3:], len(touches) - 3))
    assert ear.decisions == told
    assert metrics.registry.get_sample_value("sluicegate_touches_folded_total") == len(touches)


async def test_a_topic_made_anew_is_refused() -> None:
    """Offsets that begin again would make new touches look like old ones."""
    one = linking(Ear())
    await one.handle(chunk(written([touch("a")] * 5)))
    with pytest.raises(ConfigurationError, match="SLUICEGATE_STREAM_EPOCH"):
        await one.handle(chunk(written([touch("a")] * 2)))


async def test_a_store_that_is_away_leaves_the_chunk_undone() -> None:
    """The error goes up, and the process ends rather than go on without memberships."""
    with pytest.raises(StoreError, match="away"):
        await linking(Ear(), store=Away()).handle(chunk(story()))


def with_end(values: Sequence[bytes | None], account: str) -> Chunk:
    """Touches, and then the end of an account."""
    whole = chunk(values)
    end = Raw(len(values), account.encode(), None)
    return Chunk(TOPIC, 0, [*whole.records, end], len(values) + 1)


class Grave:
    """Takes burials."""

    def __init__(self) -> None:
        self.erased: list[Erased] = []

    async def bury(self, erased: Sequence[Erased]) -> None:
        """As Burial.bury."""
        self.erased += erased


async def test_an_account_that_was_erased_is_forgotten() -> None:
    """Its membership goes, a record names the others, and topics hear its end."""
    ear, store, grave, scrubbed = Ear(), MemoryStore(), Grave(), list[set[str]]()

    async def scrub(erased: Set[str]) -> None:
        scrubbed.append(set(erased))

    handling = Linking(office(ear, store, burial=grave), load_settings(), ear, Metrics(), scrub)
    await handling.handle(with_end(story(), "r003"))
    assert store.memberships.keys() == {f"r{n:03}" for n in range(12)} - {"r003"}
    assert "r003" in ear.records[-2].sample_accounts
    assert "r003" not in ear.records[-1].sample_accounts
    assert ear.records[-1].accounts == 11
    assert grave.erased == [Erased(0, "r003")]
    assert scrubbed == [{"r003"}]


async def test_nothing_about_an_erased_account_is_renewed() -> None:
    """While the ring goes on for days, and the answers of all others are renewed."""
    ear, store = Ear(), MemoryStore()
    handling = Linking(office(ear, store), load_settings(), ear, Metrics())
    first = with_end(story(), "r003")
    await handling.handle(first)
    told = len(ear.decisions)
    later = written(
        [
            one
            for hour in range(8, 140, 6)
            for one in (*ring(12, NOW + hour * HOUR), *hours(2, NOW + hour * HOUR + 3_000_000))
            if one.account_id != "r003"
        ]
    )
    await handling.handle(chunk(later, len(first.records)))
    assert len(ear.decisions) > told
    assert "r003" not in {decision.account_id for decision in ear.decisions[told:]}
    assert "r003" not in store.memberships


async def test_an_end_of_nobody_known_is_passed_over() -> None:
    """An account that never touched."""
    ear, grave = Ear(), Grave()
    await Linking(office(ear, burial=grave), load_settings(), ear, Metrics()).handle(
        with_end(written([touch("a")]), "b")
    )
    assert (grave.erased, ear.letters) == ([], [])
