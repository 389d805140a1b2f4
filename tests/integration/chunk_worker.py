"""A worker for the tests of the transport: notes what it is given, one JSON line each.

Run as `python -m tests.integration.chunk_worker SPEC`, where SPEC is the JSON of a WorkerSpec.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faust

from stream.broker.chunk import Chunk
from stream.broker.process import Process
from stream.broker.transport import ChunkApp


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """What a worker does: waits `work_s` a chunk; fails or blocks at an offset of partition 0.

    `block_at` holds the event loop, and with it all of the worker but the Kafka client's thread,
    for one and a half session timeouts.
    """

    broker: str
    session_timeout_s: float
    group: str
    topics: list[str]
    notes: str  # the file to append to
    max_records: int = 100
    work_s: float = 0.0
    fail_at: int = -1
    block_at: int = -1
    commit_interval_s: float = 0.5
    username: str = ""
    password: str = ""


def build(spec: WorkerSpec) -> ChunkApp:
    """The app of a worker."""
    credentials = faust.SASLCredentials(
        username=spec.username, password=spec.password, mechanism="PLAIN"
    )
    return ChunkApp(
        spec.group,
        max_records=spec.max_records,
        broker=f"kafka://{spec.broker}",
        broker_credentials=credentials if spec.username else None,
        broker_session_timeout=spec.session_timeout_s,
        broker_heartbeat_interval=spec.session_timeout_s / 6,
        broker_commit_interval=spec.commit_interval_s,
        web_enabled=False,
    )


def main() -> None:
    """Work until told to stop."""
    spec = WorkerSpec(**json.loads(sys.argv[1]))
    app = build(spec)
    with Path(spec.notes).open("a", buffering=1) as notes:

        def note(kind: str, **what: Any) -> None:
            notes.write(json.dumps({"kind": kind, **what}) + "\n")

        @app.on_partitions_assigned.connect  # type: ignore[untyped-decorator]
        async def assigned(_: Any, partitions: Any, **__: Any) -> None:
            note("assigned", partitions=sorted(tuple(tp) for tp in partitions))

        @app.chunks(*spec.topics)
        async def work(chunk: Chunk) -> None:
            where = {"topic": chunk.topic, "partition": chunk.partition}
            offsets = [record.offset for record in chunk.records]
            empty = [record.offset for record in chunk.records if record.value is None]
            note("begin", **where, offsets=offsets, empty=empty, lag=chunk.lag)
            await asyncio.sleep(spec.work_s)
            if chunk.partition == 0 and spec.fail_at in offsets:
                raise RuntimeError("the agent fails")
            if chunk.partition == 0 and spec.block_at in offsets:
                time.sleep(1.5 * spec.session_timeout_s)  # noqa: ASYNC251 - blocking is the point
            note("end", **where, offsets=offsets)

        Process(app, loglevel="INFO", redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main()
