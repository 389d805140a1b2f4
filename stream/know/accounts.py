"""Account events: a chunk of them becomes what is known of their accounts.

Facts join (kyc/profile.py), so it does not matter in which order they come, how often, or where a
crash cuts: what a profile already holds, it learns again without effect.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final, NamedTuple

from pydantic import TypeAdapter

from kyc.facts import told
from kyc.profile import Profile, join
from schemas.decisions import DeadLetter
from schemas.errors import MalformedEventError
from schemas.events import AccountEvent
from schemas.wire import parse
from stream.broker.chunk import Chunk, Record, refuse_recreated
from stream.broker.sinks import Sink
from stream.decode.columns import MAX_AHEAD_MS
from stream.decode.geography import Geography
from stream.decode.hashing import KeyedHasher
from stream.decode.records import dead_letter, foreign_key, parsed
from stream.know.profiles import Position, headers, held_offsets, seal, unseal
from stream.metrics import Metrics
from stream.remember.packing import UNKNOWN
from stream.store import Entry, Kind, Store

# What every account event has, and nobody is known by.
COMMON: Final = ("event_id", "account_id", "ts", "type")

_events: TypeAdapter[AccountEvent] = TypeAdapter(AccountEvent)


class Told(NamedTuple):
    """One event of an account: where it stood, and what it says."""

    offset: int
    facts: Profile


@dataclass(frozen=True, slots=True)
class Registry:
    """Keeps what is known of accounts; the same live and in replay."""

    hasher: KeyedHasher
    geography: Geography
    store: Store
    sink: Sink
    metrics: Metrics
    epoch: int = 0

    async def handle(self, chunk: Chunk) -> None:
        """Take one chunk all the way. Raises StoreError or EmitError: it is then not done."""
        news, letters = self._read(chunk)
        accounts, position = list(news), Position(self.epoch, chunk.partition)
        held = await self.store.load(accounts, Kind.PROFILE)
        offsets = held_offsets(headers(held), position)
        refuse_recreated(chunk, int(offsets.max(initial=UNKNOWN)))
        await self.sink.emit([], letters)
        entries, erased, known = [], [], 0
        for account, value, offset in zip(accounts, held, offsets.tolist(), strict=True):
            profile = reduce(join, (fact.facts for fact in news[account]), unseal(value))
            last = max(offset, news[account][-1].offset)
            entries.append(Entry(account, seal(profile, position, last)))
            erased += [account] if profile.erased else []
            known += sum(fact.offset <= offset for fact in news[account])
        if await self.store.write(entries, Kind.PROFILE):
            self.metrics.fenced.inc()
        # After the tombstones: a batch of requests that reads these keeps nothing any more.
        await self.store.erase(erased)
        self._count(chunk, known, letters)

    def _read(self, chunk: Chunk) -> tuple[Mapping[str, Sequence[Told]], list[DeadLetter]]:
        """What is new by account, by rising offset; and what cannot be read."""
        news: dict[str, list[Told]] = {}
        letters: list[DeadLetter] = []
        for record in chunk.records:
            try:
                event = read_account_event(record)
            except MalformedEventError as error:
                letters.append(dead_letter(chunk, record, str(error), impersonal))
            else:
                facts = told(event, self.hasher, self.geography.locate)
                news.setdefault(event.account_id, []).append(Told(record.offset, facts))
        return news, letters

    def _count(self, chunk: Chunk, known: int, letters: Sequence[DeadLetter]) -> None:
        metrics, size = self.metrics, len(chunk.records)
        metrics.account_events.labels("replayed").inc(known)
        metrics.account_events.labels("malformed").inc(len(letters))
        metrics.account_events.labels("counted").inc(size - known - len(letters))
        metrics.dead_letters.labels(chunk.topic).inc(len(letters))
        metrics.lag.labels(chunk.topic, str(chunk.partition)).set(chunk.lag)


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
    return json.dumps(kept, ensure_ascii=False).encode()
