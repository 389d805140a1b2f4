"""Who is told of: notices reach the store with the touches that they follow from, once."""

import struct

from stream.link.notice import Notices
from stream.link.touches import Touch
from stream.store import MemoryStore
from tests.unit.gates import HOUR, NOW
from tests.unit.touched import Ear, honest, hours, numbered, office, ring

MEMBERS = {f"r{number:03}" for number in range(12)}
TOUCHES = [*honest(60), *ring(12, NOW + HOUR), *hours(3, NOW + 3 * HOUR)]


async def taken(touches: list[Touch], recalled: int = 0) -> MemoryStore:
    """What lies in the store when the first `recalled` touches came in silence."""
    store = MemoryStore()
    one = office(Ear(), store)
    one.recall(numbered(touches[:recalled]))
    await one.take(numbered(touches[recalled:], recalled))
    return store


async def test_notices_lie_beside_the_states() -> None:
    """Of the ring's accounts, and of nobody else; fenced by the last touch."""
    store = await taken(TOUCHES)
    assert set(store.notices) == MEMBERS
    told = Notices([store.notices["r003"]]).text(0)
    assert told is not None
    assert told.startswith("12 accounts share this")
    offsets = {struct.unpack_from(">q", value, 4)[0] for value in store.notices.values()}
    assert offsets == {len(TOUCHES) - 1}


async def test_a_linker_that_starts_again_tells_nobody_twice() -> None:
    """What it recalls was written by the process before."""
    assert (await taken(TOUCHES, recalled=len(TOUCHES) - 1)).notices == {}


async def test_a_repeated_chunk_writes_the_same() -> None:
    """The crash came between the writing and the commit."""
    once = (await taken(TOUCHES)).notices
    store = MemoryStore(notices=dict(once))
    await office(Ear(), store).take(numbered(TOUCHES))
    assert store.notices == once


async def test_of_an_erased_account_nothing_is_said() -> None:
    """Neither what it shared, nor that it shares it no more."""
    store, ear = MemoryStore(), Ear()
    one = office(ear, store)
    await one.take(numbered(TOUCHES))
    assert one.linker.forget("r003")
    store.notices.clear()
    later = list(hours(30, NOW + 7 * HOUR))
    await one.take(numbered(later, len(TOUCHES)))
    assert not {"r003", ""} & set(store.notices)
