"""The proof of an erasure: what messages mean, topic by topic."""

import base64
import json
from typing import NamedTuple

import pytest

from edge.erased.finding import Finding, Verdict
from edge.erased.messages import Trail, judge
from edge.erased.proof import is_left
from stream.broker.tombstones import Erased, graves
from stream.broker.topics import Topic, topics
from stream.settings import load_settings

ADA = "ada"
KEYS = frozenset(grave.key.encode() for grave in graves(Erased(0, ADA)))
TOPICS = {topic.name.removeprefix("sluicegate."): topic for topic in topics(load_settings())}


class Record(NamedTuple):
    """A message of a topic."""

    key: bytes | None
    value: bytes | None
    partition: int = 0
    timestamp: int = 0


def about(account: str, key: str | None = None) -> Record:
    """A message of an account, under its key unless said otherwise."""
    return Record((key or account).encode(), json.dumps({"account_id": account}).encode())


def end(key: str = ADA) -> Record:
    return Record(key.encode(), None)


def dead(account: str) -> Record:
    """A dead letter that holds a message of an account."""
    payload = base64.b64encode(about(account).value or b"").decode()
    return Record(None, json.dumps({"topic": "t", "error": "e", "payload": payload}).encode())


def found(topic: Topic, *records: Record) -> Finding:
    trail = Trail(ADA, KEYS)
    for record in records:
        trail.take(record)
    return judge(topic, trail)


@pytest.mark.parametrize(
    ("topic", "records", "verdict"),
    [
        ("decisions", [about("bo"), end("bo")], Verdict.GONE),
        ("decisions", [about(ADA)], Verdict.LEFT),
        ("decisions", [about(ADA), end()], Verdict.AGES),
        ("decisions", [about(ADA), end(), about(ADA)], Verdict.LEFT),
        ("decisions", [about("adam")], Verdict.GONE),
        ("touches", [about(ADA), end()], Verdict.AGES),
        ("touches", [about(ADA)], Verdict.LEFT),
        ("controls", [about(ADA, "appeal:ada"), end("appeal:ada")], Verdict.AGES),
        ("controls", [about(ADA, "override:account:ada")], Verdict.LEFT),
        ("campaigns", [about(ADA, "c-1")], Verdict.LEFT),
        ("campaigns", [about(ADA, "c-1"), about("bo", "c-1")], Verdict.AGES),
        ("campaigns", [about(ADA, "c-1"), about("bo", "c-2")], Verdict.LEFT),
        ("requests", [about(ADA)], Verdict.AGES),
        ("labels", [about(ADA)], Verdict.LEFT),
        ("dead-letters", [dead(ADA), dead("bo")], Verdict.AGES),
        ("dead-letters", [dead("bo")], Verdict.GONE),
        ("requests", [Record(b"bo", b'{"payload":"","x":' + b"[" * 100_000)], Verdict.GONE),
    ],
)
def test_what_messages_mean(topic: str, records: list[Record], verdict: Verdict) -> None:
    """What is compacted needs a tombstone or a newer record; the rest goes with its topic's time,
    and what is kept for good is left."""
    finding = found(TOPICS[topic], *records)
    assert finding.verdict is verdict
    assert is_left([finding]) is (verdict is Verdict.LEFT)


def test_a_partition_is_not_ended_by_another() -> None:
    """Under one key in two partitions nothing is compacted together."""
    assert found(TOPICS["decisions"], about(ADA), Record(b"ada", None, 1)).verdict is Verdict.LEFT


def test_what_ages_out_says_until_when() -> None:
    """By the last message and the topic's time."""
    day = 86_400_000
    last = about(ADA)._replace(timestamp=20_000 * day)
    kept = (TOPICS["requests"].retention_ms or 0) // day
    told = found(TOPICS["requests"], last).detail
    assert told.startswith("1 messages, the last one until 20")
    assert kept > 0
