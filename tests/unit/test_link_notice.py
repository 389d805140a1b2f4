"""Notices: as told, so read; columns of the model's rows; fenced; unknown layouts refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import StoreError
from schemas.features import LINK_NAMES
from stream.link.kinds import KIND, KINDS
from stream.link.membership import Place
from stream.link.notice import Notice, Notices, seal
from stream.store import Entry, Kind, MemoryStore

SHARED = Notice(KIND["card"], 12, 11, 6.5, 2, 0.75, 1.5)
HERE = Place(1, 7)


def test_columns_are_those_of_each_events_account() -> None:
    """By event, not by account; an account of which nothing is said is not known."""
    rows = Notices([None, seal(SHARED, HERE)]).columns(np.array([1, 0, 1]))
    assert rows.dtype == np.float32
    assert np.isnan(rows[1]).all()
    for row in rows[[0, 2]]:
        assert dict(zip(LINK_NAMES, row.tolist(), strict=True)) == {
            "shared_surprise_max_30d": 6.5,
            "shared_families_distinct_30d": 2.0,
            "shared_unproven_excess_30d": 0.75,
            "shared_growth_ratio_24h": 1.5,
        }


def test_without_notices_nothing_is_known() -> None:
    """So it is where no linker runs."""
    assert np.isnan(Notices([None] * 3).columns(np.array([0, 1, 2, 2]))).all()


def test_a_person_reads_whom_the_value_is_shared_with() -> None:
    """How many, and how many of them are unproven."""
    told = Notices([seal(SHARED, HERE), None])
    assert told.text(0) == "12 accounts share this card, 11 of them unproven"
    assert told.text(1) is None


@given(st.sampled_from(range(len(KINDS))), st.integers(0, 1 << 31))
def test_every_kind_has_words(kind: int, accounts: int) -> None:
    """As the contract calls it, without underscores."""
    text = Notices([seal(SHARED._replace(kind=kind, accounts=accounts), HERE)]).text(0)
    assert text is not None
    assert f"share this {KINDS[kind].told.replace('_', ' ')}" in text


def test_an_unknown_layout_is_refused() -> None:
    """A worker must not guess what a newer linker wrote."""
    value = bytearray(seal(SHARED, HERE))
    value[12] = 9
    with pytest.raises(StoreError, match="layout"):
        Notices([None, bytes(value)])


async def test_an_older_notice_is_refused() -> None:
    """A linker that has lost its turn cannot undo the next one's word; a new epoch begins anew."""
    store = MemoryStore()
    newer, older = (seal(SHARED, Place(0, offset)) for offset in (8, 7))
    assert await store.write([Entry("a", newer)], Kind.NOTICE) == 0
    assert await store.write([Entry("a", older)], Kind.NOTICE) == 1
    assert await store.write([Entry("a", seal(SHARED, Place(1, 0)))], Kind.NOTICE) == 0
