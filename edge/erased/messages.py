"""What the topics hold of an account, from their first message to the last one of now."""

from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import msgspec
from aiokafka import ConsumerRecord

from edge.erased.finding import Finding, Verdict
from schemas.wire import UNREADABLE
from stream.broker.scan import scan
from stream.broker.tombstones import Erased, graves
from stream.broker.topics import FOREVER, Topic, topics
from stream.settings import Settings

# Ended by a tombstone, but not compacted: the linker needs all of its 31 days.
ORDERED: Final = "touches"


class _Letter(msgspec.Struct):
    payload: str


_letter = msgspec.json.Decoder(_Letter).decode

Told = Callable[[str, int], None]
Key = tuple[int, bytes]


@dataclass(slots=True)
class Trail:
    """What one topic holds of an account: messages by key, and when the last one was written."""

    account: str
    keys: frozenset[bytes]
    open: dict[Key, int] = field(default_factory=dict)
    ended: int = 0  # messages behind which something newer stands under their key
    last: int = 0  # ms
    _quoted: bytes = b""

    def __post_init__(self) -> None:
        self._quoted = msgspec.json.encode(self.account)

    def take(self, record: ConsumerRecord) -> None:
        """Look at a message."""
        key = record.partition, record.key or b""
        if self._is_about(record):
            self.open[key] = self.open.get(key, 0) + 1
            self.last = max(self.last, record.timestamp)
        elif record.key and key in self.open:
            self.ended += self.open.pop(key)

    def _is_about(self, record: ConsumerRecord) -> bool:
        if record.value is None:
            return False
        return record.key in self.keys or self._quoted in _body(record)


def _body(record: ConsumerRecord) -> bytes:
    """What a message says; of a dead letter what the message said that it is about."""
    body: bytes = record.value
    if b'"payload"' not in body:
        return body
    try:
        return body + b64decode(_letter(body).payload)
    except (*UNREADABLE, ValueError):
        return body


async def search(settings: Settings, account: str, told: Told) -> list[Finding]:
    """Read every topic to its end; `told`: takes a topic and how many messages were read of it.

    Raises ConfigurationError when the broker is away or falls silent.
    """
    keys = frozenset({grave.key.encode() for grave in graves(Erased(0, account))})
    found = []
    for topic in topics(settings):
        trail, count = Trail(account, keys), 0
        async for batch in scan(settings, topic.name.removeprefix(settings.topic(""))):
            count += len(batch)
            told(topic.name, count)
            for record in batch:
                trail.take(record)
        found.append(judge(topic, trail))
    return found


def judge(topic: Topic, trail: Trail) -> Finding:
    """What a trail means: what compaction or time removes goes by itself."""
    place, left = f"topic {topic.name}", sum(trail.open.values())
    if not left and not trail.ended:
        return Finding(place, Verdict.GONE)
    if not left:
        return Finding(place, Verdict.AGES, f"{trail.ended} messages {_by_what(topic)}")
    if "compact" in topic.policy or topic.name.endswith(ORDERED):
        return Finding(place, Verdict.LEFT, f"{left} messages without a tombstone")
    if topic.retention_ms in {FOREVER, None}:
        return Finding(place, Verdict.LEFT, f"{left} messages; the topic is kept for good")
    return Finding(place, Verdict.AGES, f"{left} messages, the last one {_until(topic, trail)}")


def _by_what(topic: Topic) -> str:
    if "compact" in topic.policy:
        return "behind a tombstone or a newer record: compaction removes them"
    return "behind a tombstone, passed over: the last one goes within 31 days"


def _until(topic: Topic, trail: Trail) -> str:
    end = datetime.fromtimestamp((trail.last + (topic.retention_ms or 0)) / 1_000, UTC)
    return f"until {end:%Y-%m-%d}"
