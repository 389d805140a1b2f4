"""Real worker processes for the tests of the transport, and what they note."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.integration.chunk_worker import WorkerSpec

ROOT = Path(__file__).parents[2]
PATIENCE_S = 40.0  # for anything that a test waits for, on two busy cores


@dataclass
class Worker:
    """A running worker."""

    process: "subprocess.Popen[bytes]"
    spec: WorkerSpec

    def notes(self, kind: str) -> list[dict[str, Any]]:
        """What the worker noted of one kind: `assigned`, `begin` or `end`, in order."""
        return [note for note in self._all() if note["kind"] == kind]

    def _all(self) -> list[dict[str, Any]]:
        path = Path(self.spec.notes)
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]  # a kill cuts one

    def done(self) -> Counter[tuple[str, int, int]]:
        """How often the worker has done each (topic, partition, offset)."""
        return Counter(records(self.notes("end")))

    def begun(self) -> Counter[tuple[str, int, int]]:
        """How often the worker has begun each (topic, partition, offset)."""
        return Counter(records(self.notes("begin")))

    def most_at_once(self, *kinds: str) -> int:
        """The most chunks that were in flight at once with equal values of `kinds`."""
        flying: Counter[tuple[Any, ...]] = Counter()
        most = 0
        for note in self._all():
            if note["kind"] in ("begin", "end"):
                of = tuple(note[kind] for kind in kinds)
                flying[of] += 1 if note["kind"] == "begin" else -1
                most = max(most, flying[of])
        return most

    def assigned(self) -> list[tuple[str, int]]:
        """The (topic, partition) that the worker was last assigned."""
        notes = self.notes("assigned")
        return [tuple(tp) for tp in notes[-1]["partitions"]] if notes else []

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    async def ended(self) -> int:
        """Wait for the worker's end; its exit status."""
        async with asyncio.timeout(PATIENCE_S):
            # Polled: a thread that waits would keep the test's loop from closing.
            while (status := self.process.poll()) is None:  # noqa: ASYNC110 - a process sets no Event
                await asyncio.sleep(0.02)
        return status

    async def stop(self) -> int:
        """Ask the worker to stop; its exit status."""
        self.signal(signal.SIGTERM)
        return await self.ended()


@dataclass
class Workers:
    """Starts workers of one group and ends whatever is left of them."""

    folder: Path
    broker: str
    session_timeout_s: float
    group: str
    running: list[Worker] = field(default_factory=list)

    def start(self, *topics: str, **spec: Any) -> Worker:
        """Start one more worker."""
        number = len(self.running)
        full = WorkerSpec(
            broker=self.broker,
            session_timeout_s=self.session_timeout_s,
            group=self.group,
            topics=list(topics),
            notes=str(self.folder / f"notes-{number}"),
        )
        full = replace(full, **spec)
        with (self.folder / f"log-{number}").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.chunk_worker", json.dumps(asdict(full))],
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.running.append(Worker(process, full))
        return self.running[-1]

    def done(self) -> Counter[tuple[str, int, int]]:
        """How often all workers together have done each (topic, partition, offset)."""
        return sum((worker.done() for worker in self.running), Counter())

    def log(self, number: int) -> str:
        """What the worker started as `number` has logged."""
        return (self.folder / f"log-{number}").read_text()

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait until `reached`, with a bound; a worker's log is the message of the failure."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not reached():  # noqa: ASYNC110 - another process is waited for
                    await asyncio.sleep(0.1)
        except TimeoutError:
            logs = [self.log(number)[-3000:] for number in range(len(self.running))]
            raise AssertionError("not reached in time; the logs end:\n" + "\n".join(logs)) from None


@contextmanager
def ending(workers: Workers) -> Iterator[Workers]:
    """Kills at the end what still runs."""
    try:
        yield workers
    finally:
        for worker in workers.running:
            worker.process.kill()
            worker.process.wait()


def records(notes: list[dict[str, Any]]) -> Iterator[tuple[str, int, int]]:
    """The (topic, partition, offset) of every record in `notes`."""
    for note in notes:
        for offset in note["offsets"]:
            yield note["topic"], note["partition"], offset


def positions(done: Counter[tuple[str, int, int]], topic: str, partitions: int) -> dict[int, int]:
    """The offset after the last one that was done, by partition."""
    last = dict.fromkeys(range(partitions), 0)
    for name, partition, offset in done:
        if name == topic:
            last[partition] = max(last[partition], offset + 1)
    return last
