"""Memberships: as told, so read; fenced; unknown layouts refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decisions import Action
from schemas.errors import StoreError
from schemas.wire import ReasonWire
from stream.decide.statute import Floor, Standing
from stream.link.membership import Place, seal, told_by, unseal
from stream.store import Entry, Kind, MemoryStore
from tests.unit.gates import NOW

FLOOR = Floor(
    "c-1",
    Standing(Action.STEP_UP, 77, NOW),
    0.91,
    [ReasonWire("campaign_member", "acts together", 12.0, 2.5)],
)


@given(
    st.sampled_from(list(Action)),
    st.integers(0, (1 << 32) - 1),
    st.integers(0, 1 << 52),
    st.floats(0, 1),
    st.text(min_size=1, max_size=40),
    st.integers(0, 1 << 52),
)
def test_what_is_told_is_read(
    action: Action, answer: int, ends: int, score: float, name: str, ended: int
) -> None:
    """Every part of a floor comes back."""
    reasons = [ReasonWire("shared_card", name, 3.0, 0.5), ReasonWire("x", "y", "not known", 0.0)]
    floor = Floor(name, Standing(action, answer, ends), score, reasons, ended)
    assert unseal(seal(floor, Place(3, 4))) == floor


def test_nothing_is_no_membership() -> None:
    """Most accounts have none."""
    assert unseal(None) is None


def test_an_unknown_layout_is_refused() -> None:
    """A worker must not guess what a newer linker wrote."""
    value = bytearray(seal(FLOOR, Place(0, 1)))
    value[12] = 9
    with pytest.raises(StoreError, match="layout 9"):
        unseal(bytes(value))


@pytest.mark.parametrize("cut", [13, 20, -1])
def test_a_broken_membership_is_an_error(cut: int) -> None:
    """Half a value is no answer."""
    with pytest.raises(StoreError, match="broken"):
        unseal(seal(FLOOR, Place(0, 1))[:cut])


async def test_an_older_touch_does_not_undo_a_newer_one() -> None:
    """A linker that lost its partition is refused by the fence, one of another epoch is not."""
    store = MemoryStore()
    newer, older = (seal(FLOOR._replace(score=s), Place(0, o)) for s, o in ((0.9, 20), (0.1, 19)))
    assert await store.write([Entry("a", newer)], Kind.MEMBERSHIP) == 0
    assert await store.write([Entry("a", older)], Kind.MEMBERSHIP) == 1
    assert store.memberships["a"] == newer
    assert await store.write([Entry("a", seal(FLOOR, Place(1, 0)))], Kind.MEMBERSHIP) == 0


@pytest.mark.parametrize(
    ("place", "known"),
    [(Place(1, 6), False), (Place(1, 7), True), (Place(0, 9), False), (Place(2, 0), True)],
)
async def test_what_later_touches_told_is_not_known_yet(place: Place, known: bool) -> None:
    """They were not committed, and come again; later is by epoch, then by offset."""
    store = MemoryStore()
    await store.write([Entry("a", seal(FLOOR, Place(1, 7)))], Kind.MEMBERSHIP)
    assert await told_by(store, ["a", "nobody"], place) == ({"a": FLOOR} if known else {})
