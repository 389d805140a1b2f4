"""Records that wait in this process: as many as fit, and only as long as they are ours."""

from faust.types import TP

from stream.broker.prefetched import Prefetched
from tests.unit.fetched import Client

PLACE = TP("requests", 0)


async def collected(client: Client, most: int = 10) -> Prefetched:
    """What was taken over from a client."""
    held = Prefetched(most)
    await held.collect(client, {PLACE})
    return held


def offsets(held: Prefetched) -> list[int]:
    return [record.offset for record in held.take(PLACE)]


async def test_what_comes_later_is_put_behind() -> None:
    """Records of several fetches make one chunk, in order."""
    client = Client({})
    client.fetch(PLACE, 1, 2)
    held = await collected(client)
    client.fetch(PLACE, 5, 6)
    await held.collect(client, {PLACE})
    assert offsets(held) == [1, 2, 5, 6]


async def test_what_does_not_fit_stays_with_the_client() -> None:
    """A slow agent bounds memory: the client fetches no more of what it holds itself."""
    client = Client({})
    client.fetch(PLACE, *range(5))
    held = await collected(client, most=3)
    await held.collect(client, {PLACE})
    assert offsets(held) == [0, 1, 2]
    assert list(client._fetcher._records) == [PLACE]


async def test_what_was_fetched_before_a_rebalance_is_forgotten() -> None:
    """It is fetched again from the committed offset, by whoever owns the partition now."""
    client = Client({})
    client.fetch(PLACE, 1, 2)
    held = await collected(client)
    client.assignment.active = False
    await held.collect(client, {PLACE})
    assert list(held) == []


async def test_what_lies_behind_a_seek_is_forgotten() -> None:
    """Else it would come twice."""
    client = Client({})
    client.fetch(PLACE, 1, 2)
    held = await collected(client)
    client.assignment.state_value(PLACE).position = 1
    await held.collect(client, {PLACE})
    assert list(held) == []


async def test_what_was_fetched_before_the_topic_was_trimmed_is_kept() -> None:
    """A reset of the place passes over what the broker has lost, and not over what is here."""
    client = Client({})
    client.fetch(PLACE, 1, 2)
    held = await collected(client)
    for position in (None, 9):
        client.assignment.state_value(PLACE).position = position
        await held.collect(client, {PLACE})
    assert offsets(held) == [1, 2]
