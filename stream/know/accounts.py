"""Account events: a chunk of them becomes what is known of their accounts.

Facts join (kyc/profile.py), so it does not matter in which order they come, how often, or where a
crash cuts: what a profile already holds, it learns again without effect. What is decided goes
event by event in the order of the partition, so that a crash repeats the very same decisions.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import Final

from pydantic import TypeAdapter

from kyc.facts import Reading, told
from kyc.lists.lookups import Lists
from kyc.profile import join
from kyc.screening.watch import Watch, subjects
from schemas.decisions import DeadLetter
from schemas.errors import MalformedEventError
from schemas.events import AccountEvent
from schemas.wire import parse
from stream.broker.chunk import Chunk, Record, refuse_recreated
from stream.broker.sinks import Sink
from stream.broker.tombstones import Burial, Erased
from stream.decode.columns import MAX_AHEAD_MS
from stream.decode.records import dead_letter, foreign_key, parsed
from stream.know.census import Noted
from stream.know.departed import Departed
from stream.know.dossier import Dossier, Stage, Told
from stream.know.inquiry import Inquiry
from stream.know.profiles import Position, assessments, headers, held_offsets, seal, unseal
from stream.know.vault import Vault
from stream.logs import decision_changed
from stream.metrics import Metrics
from stream.remember.packing import UNKNOWN
from stream.store import Entry, Kind, Store
from stream.turnstile import LANES

# What every account event has, and nobody is known by.
COMMON: Final = ("event_id", "account_id", "ts", "type")
# What a type looks like, a new one too; a name in its place does not.
_TYPE: Final = re.compile(r"[a-z_]{1,32}\.[a-z_]{1,32}")

_events: TypeAdapter[AccountEvent] = TypeAdapter(AccountEvent)


@dataclass(slots=True)
class Registry:
    """Keeps what is known of accounts; the same live and in replay. Lists alone are swapped."""

    reading: Reading
    inquiry: Inquiry
    store: Store
    sink: Sink
    metrics: Metrics
    epoch: int = 0
    watch: Watch | None = None
    vault: Vault | None = None
    burial: Burial | None = None
    departed: Departed = field(default_factory=Departed)
    # With more side by side an answer of the store would wait for the work on all of them, and
    # count as late: 64 partitions that catch up, of 2,000 events each, are 15 s of it.
    lanes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LANES))

    def consult(self, lists: Lists, watch: Watch | None) -> None:
        """Read with other lists from the next chunk on."""
        self.reading, self.watch = self.reading._replace(lists=lists), watch

    async def handle(self, chunk: Chunk) -> None:
        """Take one chunk all the way, beside one of another partition at most.

        Raises StoreError or EmitError: it is then not done.
        """
        async with self.lanes:
            await self._take(chunk)

    async def _take(self, chunk: Chunk) -> None:
        news, letters = self._read(chunk)
        position = Position(self.epoch, chunk.partition)
        dossiers = await self._open(news, position, chunk)
        await self._assess(dossiers)
        decided = [(chunk.partition, decision) for d in dossiers for decision in d.decisions]
        await self.sink.emit(decided, letters)
        await self._write(dossiers, position)
        self._count(chunk, dossiers, letters)

    def _read(self, chunk: Chunk) -> tuple[Mapping[str, Sequence[Told]], list[DeadLetter]]:
        """What is new by account, by rising offset; and what cannot be read."""
        events: list[tuple[int, AccountEvent]] = []
        letters: list[DeadLetter] = []
        for record in chunk.records:
            try:
                events.append((record.offset, read_account_event(record)))
            except MalformedEventError as error:
                letters.append(dead_letter(chunk, record, str(error), impersonal))
        return self._facts(events), letters

    def _facts(self, events: Sequence[tuple[int, AccountEvent]]) -> dict[str, list[Told]]:
        """What each event tells, with the review that its names call for."""
        reviews = self.watch.reviews([event for _, event in events]) if self.watch else ()
        news: dict[str, list[Told]] = {}
        for (offset, event), review in zip_longest(events, reviews):
            facts = told(event, self.reading)
            if review:
                facts = join(facts, told(review, self.reading))
            named = tuple(subjects(event)) if self.vault else ()
            one = Told(offset, event.event_id, event.ts, facts, named)
            news.setdefault(event.account_id, []).append(one)
        return news

    async def _open(
        self, news: Mapping[str, Sequence[Told]], position: Position, chunk: Chunk
    ) -> list[Dossier]:
        held = await self.store.load(list(news), Kind.PROFILE)
        header = headers(held)
        offsets = held_offsets(header, position)
        refuse_recreated(chunk, int(offsets.max(initial=UNKNOWN)))
        before = zip(offsets.tolist(), map(unseal, held), assessments(header), strict=True)
        proofs = header["proofs"].tolist()
        return [
            Dossier(account, self.reading.hasher.value("account", account), *one, counted, told)
            for (account, told), one, counted in zip(news.items(), before, proofs, strict=True)
        ]

    async def _assess(self, dossiers: Sequence[Dossier]) -> None:
        """Work out what each event makes of its account."""
        stages = sorted(chain.from_iterable(d.stages() for d in dossiers), key=_offset)
        await self.inquiry.hold(stages)

    async def _write(self, dossiers: Sequence[Dossier], position: Position) -> None:
        gone = [d for d in dossiers if d.profile.erased]
        # Before the profiles, which know what to take back.
        claimed = [Noted(d.stand_in, claim, 0) for d in gone for claim in d.forgotten()]
        await self.inquiry.census.forget(claimed)
        entries = [
            Entry(
                d.account,
                seal(d.profile, position, d.last, d.assessed, d.proofs),
                d.current,
            )
            for d in dossiers
        ]
        if await self.store.write(entries, Kind.PROFILE):
            self.metrics.fenced.inc()
        await self._keep_names(dossiers)
        await self._erase([Erased(position.partition, d.account) for d in gone])

    async def _erase(self, gone: Sequence[Erased]) -> None:
        """What is held elsewhere of accounts whose profiles are tombstones by now, which a batch
        of requests that reads them heeds: it keeps nothing any more."""
        accounts = [one.account for one in gone]
        self.departed.add(accounts)
        await self.store.erase(accounts)
        if self.burial and gone:
            await self.burial.bury(gone)

    async def _keep_names(self, dossiers: Sequence[Dossier]) -> None:
        if self.vault:
            named = {
                d.account: [subject for told in d.news for subject in told.named]
                for d in dossiers
                if not d.profile.erased
            }
            await self.vault.keep({account: some for account, some in named.items() if some})
            await self.vault.forget([d.account for d in dossiers if d.profile.erased])

    def _count(
        self, chunk: Chunk, dossiers: Sequence[Dossier], letters: Sequence[DeadLetter]
    ) -> None:
        metrics, size, known = self.metrics, len(chunk.records), sum(d.known for d in dossiers)
        metrics.account_events.labels("replayed").inc(known)
        metrics.account_events.labels("malformed").inc(len(letters))
        metrics.account_events.labels("counted").inc(size - known - len(letters))
        metrics.dead_letters.labels(chunk.topic).inc(len(letters))
        metrics.lag.labels(chunk.topic, str(chunk.partition)).set(chunk.lag)
        for decision in chain.from_iterable(d.decisions for d in dossiers):
            metrics.decisions.labels(decision.action.value).inc()
            decision_changed(decision)


def _offset(stage: Stage) -> int:
    return stage.offset


def read_account_event(record: Record) -> AccountEvent:
    """One record's event, its time not ahead of the broker's. Raises MalformedEventError."""
    event = parse(_events, record.value or b"")
    if record.key != event.account_id.encode():
        raise foreign_key()
    if 0 < record.timestamp < event.ts - MAX_AHEAD_MS:
        return event.model_copy(update={"ts": record.timestamp})
    return event


def impersonal(body: bytes) -> bytes:
    """Of an account event what says which one it was; nothing where it is no JSON object.

    Anything else may hold an address, a name or a card, in the wrong field too.
    """
    fields = parsed(body)
    if not isinstance(fields, dict):
        return b""
    kept = {name: fields[name] for name in COMMON if isinstance(fields.get(name), str | int)}
    if not _TYPE.fullmatch(str(kept.get("type", ""))):
        kept.pop("type", None)
    return json.dumps(kept, ensure_ascii=False).encode()
