"""Replay: recorded events through the very functions of the live path, in event time.

Memory grows with the accounts, not with the events. The same input gives the same output to the
byte but for `decided_at`.
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from schemas.ndjson import open_writer, read_lines
from stream.broker.chunk import Chunk, Handle
from stream.broker.sinks import FileSink
from stream.lines import ACCOUNTS, REQUESTS, Line, merged, read_file
from stream.link.labels import Labels
from stream.local import local_handlers
from stream.settings import load_settings

# Big enough that the cost per call vanishes, small enough that a batch stays in the cache.
CHUNK = 4_000
_NO_END = 1 << 62

Progress = Callable[[int], None]


@dataclass(slots=True)
class Summary:
    """What a replay read."""

    requests: int = 0
    account_events: int = 0
    dead_letters: int = 0

    def told(self) -> str:
        """One line for a person."""
        read = f"{self.requests:,} requests and {self.account_events:,} account events replayed"
        return f"{read}; {self.dead_letters:,} of them dead letters" if self.dead_letters else read


@dataclass(frozen=True, slots=True)
class Run:
    """Lines that may be taken together: all account events first, then all requests."""

    accounts: list[Line]
    requests: list[Line]


def runs(events: Iterable[Line]) -> Iterator[Run]:
    """Cut lines in time order into runs of CHUNK lines at most.

    A request sees its own account's facts alone, so a run ends only where an account event
    follows a request of the same account: what comes later must not be known earlier. No request
    is drawn from `events` before the run in front of it was taken.
    """
    run, asking = Run([], []), set[bytes | None]()
    for line in events:
        if line.topic == ACCOUNTS and line.key in asking:
            yield run
            run, asking = Run([], []), set()
        if line.topic == ACCOUNTS:
            run.accounts.append(line)
        else:
            run.requests.append(line)
            asking.add(line.key)
        if len(run.accounts) + len(run.requests) == CHUNK:
            yield run
            run, asking = Run([], []), set()
    if run.accounts or run.requests:
        yield run


async def replay(
    events: Iterable[Line], handlers: Mapping[str, Handle], progress: Progress | None = None
) -> Summary:
    """Take every line to its topic's handler; returns what was read, dead letters not counted."""
    summary = Summary()
    gc.freeze()  # what is loaded by now stays: collections that walk over it take a seventh more
    try:
        for run in runs(events):
            await _take(run, handlers)
            summary.account_events += len(run.accounts)
            summary.requests += len(run.requests)
            if progress:
                progress(len(run.accounts) + len(run.requests))
    finally:
        gc.unfreeze()
    return summary


async def _take(run: Run, handlers: Mapping[str, Handle]) -> None:
    if run.accounts:
        await handlers[ACCOUNTS](Chunk(ACCOUNTS, 0, run.accounts, _NO_END))
    if run.requests:
        await handlers[REQUESTS](Chunk(REQUESTS, 0, run.requests, _NO_END))


async def replay_files(
    accounts: Path | None,
    requests: Path,
    decisions: Path,
    *,
    campaigns: Path | None = None,
    labels: Path | None = None,
    every: bool,
    progress: Progress | None = None,
) -> Summary:
    """Replay files with the model and policy of the settings, and a store in this process.

    `campaigns`: where records of campaigns go; `labels`: LabelEvents, each of which holds from its
    own time on. Dead letters go beside the decisions, as `<decisions>.dead-letters`. Errors:
    OSError.
    """
    said = Labels()
    for line in read_lines(labels) if labels else ():
        said.read(line)
    letters = decisions.with_name(f"{decisions.name}.dead-letters")
    with ExitStack() as files:
        out, dead = (files.enter_context(open_writer(path)) for path in (decisions, letters))
        found = files.enter_context(open_writer(campaigns)) if campaigns else None
        sink = FileSink(out, dead, found)
        settings = load_settings(decisions="all" if every else "changes")
        events = merged(read_file(ACCOUNTS, accounts), read_file(REQUESTS, requests))
        summary = await replay(events, local_handlers(settings, sink, labels=said), progress)
    summary.dead_letters = sink.dead
    return summary
