"""Tiles lie where windows begin and end."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.calendar import DAILY, FINE, SLOTS_PER_LEVEL, Calendar

BOTH = pytest.mark.parametrize("calendar", [FINE, DAILY], ids=["fine", "daily"])
NOW = 356_000_000  # ticks: 2026
clocks = st.integers(NOW, NOW + 10_000_000)
ages = st.integers(0, 800_000)  # up to 46 days, past the longest window and its hop


def slot_of(calendar: Calendar, tick: int, clock: int) -> int:
    one = np.array([tick]), np.array([0]), np.array([clock])
    return int(calendar.slots(*one)[0])


def start_of(calendar: Calendar, slot: int, clock: int) -> int:
    return int(calendar.starts(np.array([slot]), np.array([clock]))[0])


def bounds_of(calendar: Calendar, clock: int) -> list[int]:
    return calendar.bounds(np.array([clock]))[0].tolist()


@BOTH
def test_hops_nest(calendar: Calendar) -> None:
    """Each tile lies in one tile of every longer window."""
    assert all(longer % shorter == 0 for shorter, longer in pairwise(calendar.hops))


@BOTH
def test_a_hop_is_about_a_twelfth_of_its_window(calendar: Calendar) -> None:
    """Or the other way round: a window has as many tiles as fit the slot's half byte."""
    for window, hop in zip(calendar.windows, calendar.hops, strict=True):
        assert window // hop + 1 < SLOTS_PER_LEVEL


@BOTH
@given(clocks, ages)
def test_an_event_lies_in_its_tile(calendar: Calendar, clock: int, age: int) -> None:
    """A slot's first tick is at most a hop before any event in it."""
    slot = slot_of(calendar, clock - age, clock)
    if slot >= 0:
        start = start_of(calendar, slot, clock)
        assert start <= clock - age < start + calendar.hops[slot // SLOTS_PER_LEVEL]


@BOTH
@given(clocks, ages)
def test_slots_and_starts_are_inverse(calendar: Calendar, clock: int, age: int) -> None:
    """A tile read back lies in the slot that it was written to."""
    slot = slot_of(calendar, clock - age, clock)
    if slot >= 0:
        assert slot_of(calendar, start_of(calendar, slot, clock), clock) == slot


@BOTH
@given(clocks, ages)
def test_only_what_the_longest_window_covers_has_a_slot(
    calendar: Calendar, clock: int, age: int
) -> None:
    """The rest is forgotten; a slot fits a byte."""
    slot = slot_of(calendar, clock - age, clock)
    assert (slot >= 0) is (clock - age >= bounds_of(calendar, clock)[-1])
    assert slot < 256


@BOTH
@given(clocks, ages)
def test_an_event_is_kept_as_finely_as_windows_ask(
    calendar: Calendar, clock: int, age: int
) -> None:
    """It lies on the level of the shortest window that covers it."""
    slot = slot_of(calendar, clock - age, clock)
    covering = [level for level, b in enumerate(bounds_of(calendar, clock)) if clock - age >= b]
    if slot >= 0:
        assert slot // SLOTS_PER_LEVEL == covering[0]


@BOTH
@given(clocks)
def test_a_window_is_exact_to_one_hop(calendar: Calendar, clock: int) -> None:
    """It covers its length, and less than a hop more."""
    spans = zip(calendar.windows, calendar.hops, bounds_of(calendar, clock), strict=True)
    for window, hop, bound in spans:
        assert window <= clock - bound < window + hop


@BOTH
@given(clocks, ages, st.floats(0, 1, exclude_max=True), st.integers(0, 800_000))
def test_what_shares_a_tile_shares_it_for_ever(
    calendar: Calendar, clock: int, age: int, share: float, later: int
) -> None:
    """A sum is never split: its events move to coarser tiles, and are forgotten, together."""
    slot = slot_of(calendar, clock - age, clock)
    if slot >= 0:
        hop = calendar.hops[slot // SLOTS_PER_LEVEL]
        other = start_of(calendar, slot, clock) + int(share * hop)
        if other <= clock and slot_of(calendar, other, clock) == slot:
            moved = slot_of(calendar, clock - age, clock + later)
            assert slot_of(calendar, other, clock + later) == moved
