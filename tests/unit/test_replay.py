"""Recorded events through the gate: by time, the same however often and however cut."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from schemas.decisions import Decision
from schemas.ndjson import read_lines
from simulate.files import write
from simulate.scenarios import HONEST, LONERS, Scenario
from stream import local
from stream import replay as replaying
from stream.lines import ACCOUNTS, REQUESTS, Line, lines, merged
from stream.replay import replay, replay_files, runs
from tests.unit.gates import NOW, ListSink, Told, court, handlers, request


def body(**fields: Any) -> bytes:
    return json.dumps({"account_id": "ada", "ts": NOW, **fields}).encode()


def account_event(ts: int, kind: str = "account.created") -> bytes:
    return body(event_id=f"a{ts}", ts=ts, type=kind)


def order(accounts: Iterable[bytes], requests: Iterable[bytes]) -> list[tuple[str, int]]:
    return [
        (line.topic, line.offset)
        for line in merged(lines(ACCOUNTS, accounts), lines(REQUESTS, requests))
    ]


def test_both_files_are_merged_by_time() -> None:
    """As they would have come."""
    accounts, requests = [body(ts=1), body(ts=4)], [body(ts=2), body(ts=3), body(ts=5)]
    assert [topic for topic, _ in order(accounts, requests)] == [
        ACCOUNTS,
        REQUESTS,
        REQUESTS,
        ACCOUNTS,
        REQUESTS,
    ]


def test_an_account_event_comes_before_a_request_of_the_same_time() -> None:
    """As the contract says."""
    assert order([body(ts=7)], [body(ts=7)]) == [(ACCOUNTS, 0), (REQUESTS, 0)]


def test_each_file_keeps_its_own_order() -> None:
    """A late event stays behind the events that it came after."""
    assert order([], [body(ts=9), body(ts=3), body(ts=5)]) == [(REQUESTS, n) for n in range(3)]


@pytest.mark.parametrize("garbage", [b"not JSON", b"\xff", b"[]", b"{}", b"[" * 100_000])
def test_an_unreadable_line_takes_the_time_before_it(garbage: bytes) -> None:
    """It stays in its place, and is left to the gate to judge."""
    found = list(lines(REQUESTS, [body(ts=9), garbage, body(ts=11)]))
    assert [line.ts for line in found] == [9, 9, 11]
    assert [line.key for line in found] == [b"ada", None, b"ada"]


async def test_a_replay_tells_what_it_read() -> None:
    """Requests, account events, and how many of both became dead letters."""
    events = merged(
        lines(ACCOUNTS, [account_event(NOW), account_event(NOW, "no.such.type"), b"{"]),
        lines(REQUESTS, [request(0).value or b"", b"{"]),
    )
    sink, seen = ListSink(), []
    summary = await replay(events, handlers(court(Told()), sink), seen.append)
    assert (summary.requests, summary.account_events) == (2, 3)
    summary.dead_letters = len(sink.letters)
    assert summary.told() == "2 requests and 3 account events replayed; 3 of them dead letters"
    assert sum(seen) == 5


def cut(*events: tuple[str, str | None]) -> list[tuple[int, int]]:
    """Sizes of the runs of lines of a topic and an account each."""
    told = (Line(topic, n, (key or "").encode(), b"", n) for n, (topic, key) in enumerate(events))
    return [(len(run.accounts), len(run.requests)) for run in runs(told)]


def test_a_run_goes_on_while_nothing_is_known_too_early() -> None:
    """Account events before the requests of their account, and among those of others."""
    assert cut((ACCOUNTS, "ada"), (REQUESTS, "ada"), (ACCOUNTS, "bo"), (REQUESTS, "bo")) == [(2, 2)]


def test_a_run_ends_before_an_account_event_that_follows_a_request() -> None:
    """That request must not see it, the next one must."""
    assert cut((REQUESTS, "ada"), (ACCOUNTS, "ada"), (REQUESTS, "ada")) == [(0, 1), (1, 1)]


def test_a_run_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the files are."""
    monkeypatch.setattr(replaying, "CHUNK", 3)
    assert cut(*[(REQUESTS, "ada")] * 7) == [(0, 3), (0, 3), (0, 1)]


async def test_what_is_malformed_becomes_a_dead_letter() -> None:
    """With its file and line."""
    events = merged(
        lines(ACCOUNTS, [account_event(NOW), account_event(NOW, "no.such.type")]),
        lines(REQUESTS, [request(0).value or b"", b"{"]),
    )
    sink = ListSink()
    await replay(events, handlers(court(Told()), sink))
    assert {(letter.topic, letter.offset) for letter in sink.letters} == {
        (ACCOUNTS, 1),
        (REQUESTS, 1),
    }


async def test_nothing_in_gives_nothing_out() -> None:
    """Empty files are no error."""
    summary = await replay(iter(()), handlers(court(Told()), ListSink()))
    assert summary.told() == "0 requests and 0 account events replayed"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Files of simulated account events and requests, a few thousand."""
    scenario = Scenario("recorded", 150, 1.5, (*HONEST[:3], *LONERS))
    written = write(scenario, tmp_path_factory.mktemp("recorded"))
    assert written.request_events > 1_000
    return written.accounts, written.requests


async def decided(recorded: tuple[Path, Path], folder: Path, *, every: bool = True) -> bytes:
    """The decisions file's bytes but for the times of deciding, account by account."""
    out = folder / "decisions.ndjson.gz"
    await replay_files(*recorded, out, every=every)
    rows = [json.loads(line) | {"decided_at": 0} for line in read_lines(out)]
    rows.sort(key=lambda row: row["account_id"])  # those of two accounts have no order
    return b"\n".join(json.dumps(row).encode() for row in rows)


async def test_a_replay_can_be_repeated(recorded: tuple[Path, Path], tmp_path: Path) -> None:
    """The same input gives the same output but for `decided_at`."""
    assert await decided(recorded, tmp_path) == await decided(recorded, tmp_path)


@pytest.mark.parametrize("size", [1_000_000, 97])
async def test_chunks_do_not_matter(
    recorded: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
) -> None:
    """Everything in one chunk, or in many. What the linker says comes with the next chunk, live as
    well, so it is left out here."""

    async def unheard(*_: object) -> None:
        """No linker."""

    monkeypatch.setattr(local.LocalOffice, "send", unheard)
    usual = await decided(recorded, tmp_path)
    monkeypatch.setattr(replaying, "CHUNK", size)
    assert await decided(recorded, tmp_path) == usual


async def test_every_request_has_its_decision_on_demand(
    recorded: tuple[Path, Path], tmp_path: Path
) -> None:
    """In the order of the requests; the contract's own model reads each."""
    await decided(recorded, tmp_path)
    found = [
        Decision.model_validate_json(line) for line in read_lines(tmp_path / "decisions.ndjson.gz")
    ]
    asked = [json.loads(line)["event_id"] for line in read_lines(recorded[1])]
    answered = [decision.event_id for decision in found if decision.cause == "request"]
    assert answered == asked


async def test_without_demand_only_changes_are_written(
    recorded: tuple[Path, Path], tmp_path: Path
) -> None:
    """A part of all decisions: no account's action is written twice in a row unrenewed."""
    every = (await decided(recorded, tmp_path)).splitlines()
    changes = (await decided(recorded, tmp_path, every=False)).splitlines()
    assert 0 < len(changes) < len(every)
    ids = {json.loads(line)["decision_id"] for line in every}
    assert {json.loads(line)["decision_id"] for line in changes} <= ids


async def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """Not an empty replay."""
    with pytest.raises(FileNotFoundError):
        await replay_files(None, tmp_path / "none", tmp_path / "out", every=False)
