"""Rows side by side: conduct, who the account is, what it shares; not known is NaN."""

import numpy as np

from kyc.assessed import UNASSESSED
from kyc.profile import Profile
from schemas.features import CONDUCT_NAMES, FEATURE_NAMES, IDENTITY_NAMES, LINK_NAMES
from stream.decode.batch import RequestBatch
from stream.know.profiles import Position, Profiles, seal
from stream.link.kinds import KIND
from stream.link.membership import Place
from stream.link.notice import Notice, Notices
from stream.link.notice import seal as seal_notice
from stream.remember.windows import Sight
from stream.rows import conduct_alone, feature_rows
from stream.store import Entry, Kind, MemoryStore
from tests.unit.gates import DAY, NOW, ListSink, Told, chunk, court, gate, request

Rows = np.ndarray[tuple[int, int], np.dtype[np.float32]]
YOUNG = Profile(earliest={"created": (NOW - 3 * DAY, 1)})
OLD = Profile(earliest={"created": (NOW - 40 * DAY, 1)})
HERE = Position(0, 0)
ASSESSED = UNASSESSED._replace(kyc_score=250_000, basic=NOW + DAY)


async def rows_of(store: MemoryStore, *accounts: str) -> Rows:
    """What a gate makes of one request of each account."""
    seen: list[Rows] = []

    def witness(_batch: RequestBatch, _sight: Sight, rows: Rows) -> None:
        seen.append(rows)

    judge = court(Told())
    requests = [request(n, account) for n, account in enumerate(accounts)]
    await gate(judge, ListSink(), store, witness=witness).handle(chunk(*requests))
    return np.concatenate(seen)


def named(rows: Rows, names: tuple[str, ...]) -> Rows:
    """Some columns by name."""
    return rows[:, [FEATURE_NAMES.index(name) for name in names]]


async def test_an_account_is_seen_with_its_identity() -> None:
    """Age in days, the score of identity, the tier at the time of the request."""
    store = MemoryStore(profiles={"ada": seal(YOUNG, HERE, 1, ASSESSED)})
    found = named(await rows_of(store, "ada"), IDENTITY_NAMES)
    assert found.tolist() == [[3.0, 0.25, 1.0]]


async def test_age_ends_where_an_account_is_established() -> None:
    """How old its customers are beyond that is a provider's own."""
    store = MemoryStore(profiles={"ada": seal(OLD, HERE, 1, ASSESSED)})
    assert named(await rows_of(store, "ada"), ("age_account_days",)).tolist() == [[30.0]]


async def test_where_nothing_was_told_no_identity_is_known() -> None:
    """A provider without account events: not known is not zero."""
    assert np.isnan(named(await rows_of(MemoryStore(), "ada"), IDENTITY_NAMES)).all()


async def test_each_account_has_its_own_notice() -> None:
    """Read in the same round trip, from the store that the linker writes to."""
    store = MemoryStore()
    notice = Notice(KIND["card"], 12, 11, 6.5, 2, 0.75, 1.5)
    await store.write([Entry("bob", seal_notice(notice, Place(0, 1)))], Kind.NOTICE)
    found = named(await rows_of(store, "ada", "bob"), LINK_NAMES)
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [6.5, 2.0, 0.75, 1.5]


async def test_conduct_alone_hides_all_else() -> None:
    """And changes nothing of the rows that it is made of."""
    store = MemoryStore(profiles={"ada": seal(YOUNG, HERE, 1, ASSESSED)})
    rows = await rows_of(store, "ada")
    alone, width = conduct_alone(rows), len(CONDUCT_NAMES)
    assert np.array_equal(alone[:, :width], rows[:, :width], equal_nan=True)
    assert np.isnan(alone[:, width:]).all()
    assert not np.isnan(named(rows, IDENTITY_NAMES)).any()


def test_a_batch_without_counted_events_has_no_rows() -> None:
    """All repeated, say."""
    nothing = np.zeros(0, np.int64)
    sight = Sight(*[nothing] * 7, *(np.zeros((0, a, b), np.int64) for a, b in SHAPES))
    assert feature_rows(sight, Profiles([]).known, Notices(())).shape == (0, len(FEATURE_NAMES))


SHAPES = ((7, 4), (2, 35), (7, 3))
