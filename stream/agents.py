"""The main path: a chunk of records becomes decisions. Every event is followed left to right.

decode ► know ► remember ► look ► score ► decide ► link ► emit, each on the whole batch. To look
is to see new accounts' sign-ups again, beside those that came since. To link is to touch: what
accounts show at chosen moments goes to the linker (stream/link/), which looks across accounts; what
it decides about members of campaigns is read with their states.

The order makes each event count once. Decisions are out, acknowledged by the broker, before
the state is written; the state is written, fenced, before the offset is committed. A crash
anywhere repeats the chunk: accounts whose state was written skip its events, the others work
out the very same decisions.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.decisions import DeadLetter
from stream.broker.chunk import Chunk, refuse_recreated
from stream.broker.sinks import Sink
from stream.broker.tombstones import Burial
from stream.controls.pinned import Pins
from stream.controls.table import Controls
from stream.decide.charter import Charter
from stream.decide.court import Verdict
from stream.decide.judge import Judge
from stream.decide.matter import Matter
from stream.decode.batch import RequestBatch
from stream.decode.geography import Geography
from stream.decode.hashing import KeyedHasher
from stream.decode.records import dead_letter, decode_requests
from stream.govern.governor import Governor
from stream.keeping import Keeper
from stream.know.again import NOTHING, SecondLooks
from stream.know.departed import Departed
from stream.know.profiles import Profiles
from stream.know.renewal import lasting
from stream.link.membership import unseal
from stream.link.notice import Notices
from stream.link.touches import Touch
from stream.metrics import Metrics
from stream.remember.calendar import Ints
from stream.remember.packing import UNKNOWN, unpack
from stream.remember.repeats import GRACE_MS
from stream.remember.windows import Outcome, Sight, held_offsets, remember
from stream.rows import feature_rows
from stream.store import Kind, Store
from stream.tally import Tally
from stream.touching import touch
from stream.turnstile import Turnstile

Witness = Callable[[RequestBatch, Sight, NDArray[np.float32]], None]


class Outlet(Protocol):
    """Takes touches to the linker; has kept them when `send` returns."""

    async def send(self, touches: Sequence[Touch]) -> None:
        """Keep all of them. Raises EmitError when that is not certain."""


class Gate:
    """Everything that chunks of requests pass through; the same live, in replay and training.

    outlet: where touches go, none where nobody links; burial: ends what topics hold of accounts
    that were erased, of whom departed tells; witness: sees every feature row as it is
    made (training); epoch: see Settings.stream_epoch; controls: what people order; governor:
    bounds what may newly be blocked, none where nobody is acted on; looks: looks at new accounts'
    sign-ups again, none where account events alone ask for more proof.
    """

    def __init__(
        self,
        *,
        court: Judge,
        hasher: KeyedHasher,
        geography: Geography,
        store: Store,
        sink: Sink,
        metrics: Metrics,
        epoch: int = 0,
        outlet: Outlet | None = None,
        burial: Burial | None = None,
        departed: Departed | None = None,
        witness: Witness | None = None,
        controls: Controls | None = None,
        governor: Governor | None = None,
        looks: SecondLooks | None = None,
    ) -> None:
        self.court = court
        self._hasher = hasher
        self._geography = geography
        self._store = store
        self._sink = sink
        self._metrics = metrics
        self._tally = Tally(metrics)
        self._epoch = epoch
        self._outlet = outlet
        self._keeper = Keeper(store, metrics, departed or Departed(), burial)
        self._witness = witness
        self._controls = controls or Controls()
        self._governor = governor
        self._looks = looks
        self._turnstile = Turnstile(self._pass)

    def seat(self, court: Judge) -> None:
        """Let another one decide, from the next batch on."""
        self.court = court

    async def handle(self, chunk: Chunk) -> None:
        """Take one chunk all the way, with others that wait.

        Raises StoreError or EmitError: the chunk is then not done.
        """
        await self._turnstile.take(chunk)

    async def _pass(self, chunks: Sequence[Chunk]) -> None:
        with self._stage("decode"):
            batch, letters = decode_requests(chunks, hasher=self._hasher, geography=self._geography)
        with self._stage("load"):
            held = await self._store.load_all(batch.accounts)
        with self._stage("know"):
            profiles = Profiles(held.profiles)
            known = profiles.known
            floors = [unseal(value) for value in held.memberships]
            notices = Notices(held.notices)
        with self._stage("remember"):
            state = unpack(held.states)
            _refuse_recreated(held_offsets(state, batch, self._epoch), batch, chunks)
            memory = remember(state, batch, self._epoch)
        with self._stage("look"):
            looked = NOTHING
            if self._looks:
                looked = await self._looks.look(batch, memory.sight, profiles)
        court = self.court  # once: what decides is swapped between batches
        with self._stage("score"):
            rows = feature_rows(memory.sight, known, notices)
            matter = Matter(batch, memory.sight, rows, known, notices, floors, looked.askings)
            scores = court.score(matter)
        with self._stage("decide"):
            verdicts = await self._judge(court, memory.state.header, matter, scores)
            verdicts = looked.among(verdicts, batch)
        with self._stage("link"):
            touched = touch(court, memory.state.header, matter, scores, profiles)
            touched = touched if self._outlet else []
        if self._witness:
            self._witness(batch, memory.sight, rows)
        letters += _late_letters(chunks, batch, memory.outcome)
        with self._stage("emit"):
            await self._tell(verdicts, letters, touched)
        with self._stage("write"):
            # Before the states: what these hold is not looked at again after a crash.
            if looked.profiles:
                await self._store.write(looked.profiles, Kind.PROFILE)
            await self._keeper.keep(batch, memory, verdicts, known)
            await self._keeper.forget(batch, held.states, known)
            if self._governor:
                await self._governor.settle()
            await self._store.renew(lasting(batch.accounts, profiles, state, memory.state))
        court.review(matter, scores)
        self._tally.came(chunks, batch, memory.outcome, letters)
        self._tally.knew(known, memory.sight)
        self._tally.told(verdicts, touched)

    async def _judge(
        self,
        court: Judge,
        header: NDArray[np.void],
        matter: Matter,
        scores: NDArray[np.float64],
    ) -> list[Verdict]:
        """Verdicts within bounds: where the governor refuses some, all are judged again."""
        pins, before = Pins(self._controls, matter.batch), header.copy()
        charter = Charter(self._controls.mode, pins)
        if self._governor:
            self._governor.see(matter.sight)
        while True:
            verdicts = court.judge(header, matter, scores, charter)
            refused = await self._refused(verdicts)
            if refused <= charter.refused:
                return verdicts
            header[:] = before
            charter = replace(charter, refused=charter.refused | refused)

    async def _refused(self, verdicts: Sequence[Verdict]) -> set[tuple[int, int]]:
        """Whom the governor refuses: accounts of the batch, with the hour of their clock."""
        rising = {v.rise.account: v.account for v in verdicts if v.rise}
        if not self._governor or not rising:
            return set()
        refused = await self._governor.refuse([v.rise for v in verdicts if v.rise])
        return {(rising[name], hour) for name, hour in refused}

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        began = perf_counter()
        yield
        self._metrics.stage_seconds.labels(name).observe(perf_counter() - began)

    async def _tell(
        self, verdicts: Sequence[Verdict], letters: Sequence[DeadLetter], touched: Sequence[Touch]
    ) -> None:
        """Wait for one acknowledgement, not for one after the other."""
        emitted = self._sink.emit([(v.partition, v.decision) for v in verdicts], letters)
        await asyncio.gather(emitted, *([self._outlet.send(touched)] if self._outlet else []))


def _late_letters(
    chunks: Sequence[Chunk], batch: RequestBatch, outcome: NDArray[np.int8]
) -> list[DeadLetter]:
    rows = np.flatnonzero(outcome == Outcome.LATE)
    late = set(zip(batch.partition[rows].tolist(), batch.offset[rows].tolist(), strict=True))
    error = f"ts: more than {GRACE_MS // 60_000} minutes older than the account's latest event"
    return [
        dead_letter(chunk, record, error)
        for chunk in (chunks if late else ())
        for record in chunk.records
        if (chunk.partition, record.offset) in late
    ]


def _refuse_recreated(held: Ints, batch: RequestBatch, chunks: Sequence[Chunk]) -> None:
    for chunk in chunks:
        furthest = held[batch.partition == chunk.partition].max(initial=UNKNOWN)
        refuse_recreated(chunk, int(furthest))
