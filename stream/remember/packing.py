"""One account's state as bytes, and a batch of them as columns.

Layout (version 2): header | fine tiles | daily tiles | recent values | event ids. Tiles are rows
of one slot byte and fixed-width little-endian integers; of three widths ("rungs") the narrowest
that holds an account's largest sum is taken, so an account of 26 requests a day stays below 1 KB
and none ever overflows. Everything is an integer: the bytes are the same whatever the batches were.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from schemas.errors import StoreError
from stream.remember.calendar import DAILY, FINE, TICK_MS, Calendar, Ints
from stream.remember.recency import HASH_BITS, KINDS, UNIT, Recent
from stream.remember.repeats import AGE_BITS, MINUTE_MS, Ids
from stream.remember.tiles import Tiles

VERSION = 2
HEADER = np.dtype(
    [
        # The fence, first and big-endian, since write.lua reads it: this state holds every event
        # of `partition` up to `offset`, and is never replaced by one that holds fewer.
        ("epoch", ">u2"),
        ("partition", ">u2"),
        ("offset", ">i8"),
        ("version", "u1"),
        ("action", "u1"),  # the standing: what was last decided, see stream/decide/statute.py
        ("answer", "<u4"),
        ("expires", "<i8"),
        ("clock", "<i8"),  # ms: the latest event time seen
        ("first", "<i8"),  # ms: the earliest
        ("requests", "<u8"),  # counted in all, however long ago
        ("tokens", "<u8"),  # in and out
        ("peak", "<u2"),  # its highest score so far, in 65,535ths: see stream/link/touches.py
        ("fine_rung", "u1"),
        ("daily_rung", "u1"),
        ("fine", "u1"),  # rows of each part
        ("daily", "u1"),
        ("kinds", "u1", len(KINDS)),
        ("ids", "<u4"),
    ]
)
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Form:
    """How the tiles of one calendar lie in bytes: blocks of (columns, width in each rung)."""

    calendar: Calendar
    blocks: tuple[tuple[int, tuple[int, int, int]], ...]

    def row_bytes(self, rung: int) -> int:
        """Bytes of one tile in the given rung, its slot included."""
        return 1 + sum(columns * widths[rung] for columns, widths in self.blocks)

    def limits(self, rung: int) -> Ints:
        """Largest value of each column in the given rung."""
        widths = [w[rung] for columns, w in self.blocks for _ in range(columns)]
        return np.array([(1 << min(8 * w, 63)) - 1 for w in widths])


# Columns in the order of stream/remember/measures.py.
FINE_FORM = Form(FINE, ((2, (1, 3, 8)), (2, (3, 5, 8))))
DAILY_FORM = Form(DAILY, ((27, (1, 3, 8)), (5, (2, 4, 8)), (3, (3, 5, 8))))


@dataclass(frozen=True, slots=True)
class State:
    """What a batch's accounts did so far, as columns; `header` has one row per account."""

    header: NDArray[np.void]
    fine: Tiles
    daily: Tiles
    recent: Recent
    ids: Ids


def unpack(values: Sequence[bytes | None]) -> State:
    """Columns of the given states, None for an account never seen. StoreError: unknown version."""
    header = _headers(values)
    clock = header["clock"] // TICK_MS
    at = np.full(len(values), HEADER.itemsize)
    parts: list[Tiles] = []
    for form, name in ((FINE_FORM, "fine"), (DAILY_FORM, "daily")):
        size = np.array([form.row_bytes(rung) for rung in range(3)])[header[f"{name}_rung"]]
        parts.append(_read_tiles(form, values, header, name, at, clock))
        at = at + header[name].astype(np.int64) * size
    recent = _read_recent(values, header, at, clock)
    at = at + 4 * header["kinds"].sum(axis=1, dtype=np.int64)
    return State(header, parts[0], parts[1], recent, _read_ids(values, header, at))


def _headers(values: Sequence[bytes | None]) -> NDArray[np.void]:
    fresh = np.zeros(1, HEADER)
    fresh["version"], fresh["offset"] = VERSION, UNKNOWN
    fresh["clock"] = fresh["first"] = UNKNOWN
    blank = fresh.tobytes()
    joined = b"".join(blank if v is None else v[: HEADER.itemsize] for v in values)
    header = np.frombuffer(bytearray(joined), HEADER)
    if (header["version"] != VERSION).any():
        found = sorted({int(v) for v in header["version"]} - {VERSION})
        raise StoreError(f"state of layout {found} in the store, this worker reads {VERSION}")
    return header


def _slices(
    values: Sequence[bytes | None], rows: NDArray[np.intp], at: Ints, size: Ints
) -> NDArray[np.uint8]:
    """The given stretch of each of the given values, joined."""
    joined = b"".join(
        (values[r] or b"")[a : a + s]
        for r, a, s in zip(rows.tolist(), at[rows].tolist(), size[rows].tolist(), strict=True)
    )
    return np.frombuffer(joined, np.uint8)


def _read_tiles(
    form: Form,
    values: Sequence[bytes | None],
    header: NDArray[np.void],
    name: str,
    at: Ints,
    clock: Ints,
) -> Tiles:
    counts = header[name].astype(np.int64)
    account, slot, sums = [], [], []
    for rung in range(3):
        rows = np.flatnonzero((header[f"{name}_rung"] == rung) & (counts > 0))
        width = form.row_bytes(rung)
        raw = _slices(values, rows, at, counts * width).reshape(-1, width)
        account.append(np.repeat(rows, counts[rows]))
        slot.append(raw[:, 0].astype(np.int64))
        sums.append(_widen(form, rung, raw))
    owner = np.concatenate(account)
    order = np.argsort(owner, kind="stable")
    owner, places = owner[order], np.concatenate(slot)[order]
    start = form.calendar.starts(places, clock[owner])
    return Tiles(owner, places, start, np.concatenate(sums)[order])


def _widen(form: Form, rung: int, raw: NDArray[np.uint8]) -> Ints:
    blocks, at = [], 1
    for columns, widths in form.blocks:
        width = widths[rung]
        block = np.zeros((len(raw), columns, 8), np.uint8)
        block[:, :, :width] = raw[:, at : at + columns * width].reshape(len(raw), columns, width)
        blocks.append(block.view("<i8")[:, :, 0])
        at += columns * width
    return np.concatenate(blocks, axis=1)


def _narrow(form: Form, rung: int, slot: Ints, sums: Ints) -> NDArray[np.uint8]:
    raw = np.empty((len(sums), form.row_bytes(rung)), np.uint8)
    raw[:, 0] = slot
    at, column = 1, 0
    for columns, widths in form.blocks:
        width = widths[rung]
        block = np.ascontiguousarray(sums[:, column : column + columns]).view(np.uint8)
        block = block.reshape(-1, columns, 8)[:, :, :width]
        raw[:, at : at + columns * width] = block.reshape(len(sums), columns * width)
        at, column = at + columns * width, column + columns
    return raw


def _read_recent(
    values: Sequence[bytes | None], header: NDArray[np.void], at: Ints, clock: Ints
) -> Recent:
    counts = header["kinds"].astype(np.int64)
    rows = np.flatnonzero(counts.any(axis=1))
    entry = _slices(values, rows, at, 4 * counts.sum(axis=1)).view("<u4").astype(np.int64)
    place = np.repeat(np.arange(counts.size), counts.ravel())
    account = place // len(KINDS)
    unit = clock[account] // UNIT - (entry >> HASH_BITS)
    return Recent(account, place % len(KINDS), entry & (1 << HASH_BITS) - 1, unit)


def _read_ids(values: Sequence[bytes | None], header: NDArray[np.void], at: Ints) -> Ids:
    counts = header["ids"].astype(np.int64)
    rows = np.flatnonzero(counts)
    raw = _slices(values, rows, at, 6 * counts).reshape(-1, 6)
    entry = np.zeros((len(raw), 8), np.uint8)
    entry[:, :6] = raw
    packed = entry.view("<i8")[:, 0]
    account = np.repeat(np.arange(len(counts)), counts)
    minute = header["clock"][account] // MINUTE_MS - (packed & (1 << AGE_BITS) - 1)
    return Ids(account, packed >> AGE_BITS, minute)


def pack(state: State) -> list[bytes]:
    """The bytes of each account's state; the counts and rungs in its header are filled in."""
    header = state.header.copy()
    accounts = len(header)
    clock = header["clock"] // TICK_MS
    fine = _write_tiles(FINE_FORM, state.fine, header, "fine")
    daily = _write_tiles(DAILY_FORM, state.daily, header, "daily")
    place = state.recent.account * len(KINDS) + state.recent.kind
    counts = np.bincount(place, minlength=accounts * len(KINDS))
    header["kinds"] = counts.reshape(accounts, len(KINDS))
    header["ids"] = np.bincount(state.ids.account, minlength=accounts)
    recent = _cut(_recent_bytes(state.recent, clock), 4 * header["kinds"].sum(axis=1, dtype=int))
    ids = _cut(_id_bytes(state.ids, header), 6 * header["ids"].astype(int))
    heads = _cut(header.tobytes(), np.full(accounts, HEADER.itemsize))
    return [b"".join(parts) for parts in zip(heads, fine, daily, recent, ids, strict=True)]


def _cut(joined: bytes, sizes: NDArray[np.int_]) -> list[bytes]:
    ends = [0, *np.cumsum(sizes).tolist()]
    return [joined[a:b] for a, b in pairwise(ends)]


def _write_tiles(form: Form, tiles: Tiles, header: NDArray[np.void], name: str) -> list[bytes]:
    accounts = len(header)
    counts = np.bincount(tiles.account, minlength=accounts)
    rung = np.zeros(accounts, np.int64)
    for narrower in (0, 1):
        over = (tiles.values > form.limits(narrower)).any(axis=1)
        rung[tiles.account[over]] = narrower + 1
    header[name], header[f"{name}_rung"] = counts, rung
    pieces: list[bytes] = [b""] * accounts
    for r in np.unique(rung):
        mine = rung[tiles.account] == r
        raw = _narrow(form, r, tiles.slot[mine], tiles.values[mine]).tobytes()
        rows = np.flatnonzero((rung == r) & (counts > 0))
        cut = _cut(raw, counts[rows] * form.row_bytes(r))
        for row, piece in zip(rows.tolist(), cut, strict=True):
            pieces[row] = piece
    return pieces


def _recent_bytes(recent: Recent, clock: Ints) -> bytes:
    age = clock[recent.account] // UNIT - recent.unit
    return (age << HASH_BITS | recent.value).astype("<u4").tobytes()


def _id_bytes(ids: Ids, header: NDArray[np.void]) -> bytes:
    age = header["clock"][ids.account] // MINUTE_MS - ids.minute
    packed = (ids.id << AGE_BITS | age).astype("<i8")
    return packed.view(np.uint8).reshape(-1, 8)[:, :6].tobytes()
