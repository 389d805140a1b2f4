"""The same functions live and in replay: the same events bring about the same decisions."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.decisions import DeadLetter
from schemas.ndjson import open_writer, read_lines
from stream.lines import REQUESTS, lines
from stream.replay import replay_files
from tests.e2e.live import Live, living, on_both_pairs, undated
from tests.e2e.rough import rough_requests
from tests.servers import Broker

COUNT = 8_000
RATE = 100_000.0  # as fast as the broker takes it

pytestmark = on_both_pairs


@dataclass(frozen=True, slots=True)
class Outcome:
    """Decisions without the time of deciding, and dead letters without their place; sorted."""

    decisions: list[bytes]
    letters: list[tuple[str, str]]

    @classmethod
    def of(cls, decisions: list[bytes], letters: list[bytes]) -> "Outcome":
        read = [DeadLetter.model_validate_json(letter) for letter in letters]
        return cls(
            sorted(undated(decision.strip()) for decision in decisions),
            sorted((letter.error, letter.payload) for letter in read),
        )


@pytest.fixture(scope="module")
def outcomes(
    broker: Broker, store_url: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Outcome, Outcome]:
    """What a worker makes of a file that is sent through the broker, and what replay does."""
    folder = tmp_path_factory.mktemp("live")
    requests = folder / "requests.ndjson.gz"
    with open_writer(requests) as out:
        out.writelines(line.value + b"\n" for line in rough_requests(COUNT, seed=11))
    with living(broker, store_url, folder, "live") as live:
        sent = asyncio.run(_through_the_broker(live, requests))
    return sent, asyncio.run(_through_replay(folder, requests))


async def _through_the_broker(live: Live, requests: Path) -> Outcome:
    worker = live.start()
    await live.send(lines(REQUESTS, read_lines(requests)), RATE)
    await live.all_done()
    assert await worker.stop() == 0
    return Outcome.of(await live.values("decisions"), await live.values("dead-letters"))


async def _through_replay(folder: Path, requests: Path) -> Outcome:
    decisions = folder / "decisions.ndjson"
    await replay_files(None, requests, decisions, every=True)
    letters = folder / "decisions.ndjson.dead-letters"
    return Outcome.of(list(read_lines(decisions)), list(read_lines(letters)))


def test_replay_decides_what_the_worker_decides(outcomes: tuple[Outcome, Outcome]) -> None:
    """The same decisions with the same ids, scores and reasons, to the byte."""
    live, replayed = outcomes
    assert len(live.decisions) > COUNT // 2
    assert live.decisions == replayed.decisions


def test_replay_refuses_what_the_worker_refuses(outcomes: tuple[Outcome, Outcome]) -> None:
    """A dead letter each for the same messages, with the same words."""
    live, replayed = outcomes
    assert len(live.letters) > COUNT // 100
    assert live.letters == replayed.letters
