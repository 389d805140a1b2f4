"""Replay: recorded events through the very functions of the live path, in event time.

Memory grows with the accounts, not with the events. The same input gives the same output to the
byte but for `decided_at`.
"""

import gc
import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from schemas.ndjson import open_writer, read_lines
from schemas.wire import UNREADABLE
from stream.agents import Gate, Outlet, Witness
from stream.broker.chunk import Chunk, Handle
from stream.broker.sinks import CampaignSink, FileSink
from stream.broker.tombstones import Erased
from stream.bundles.opening import chosen_policy
from stream.controls.table import Controls
from stream.decide.bars import Calibration
from stream.decide.court import open_court, wall_clock
from stream.decide.judge import Judge
from stream.decide.statute import Bars
from stream.decode.geography import open_geography
from stream.decode.hashing import KeyedHasher
from stream.govern.governor import Governor
from stream.govern.grants import MemoryGrants
from stream.know.assessor import chosen_kyc_policy
from stream.know.census import MemoryCensus
from stream.know.opening import open_registry
from stream.link.labels import Labels
from stream.link.office import Office
from stream.link.touches import Touch
from stream.link.weighing import Weights
from stream.metrics import Metrics
from stream.settings import Settings, load_settings
from stream.store import MemoryStore

# Big enough that the cost per call vanishes, small enough that a batch stays in the cache.
CHUNK = 4_000
ACCOUNTS, REQUESTS = "accounts", "requests"
_NO_END = 1 << 62
# Keys the hashes where nothing leaves this process: a replay must not depend on a secret.
LOCAL_PEPPER = b"replay, never in production"

Progress = Callable[[int], None]


class Stamp(msgspec.Struct, gc=False):
    """What merging needs of a line."""

    ts: int
    account_id: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file in the shape of a Kafka record."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes
    ts: int
    timestamp: int = -1  # a file has no broker's clock, so no time is clamped


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


_stamp = msgspec.json.Decoder(Stamp).decode


def lines(topic: str, bodies: Iterable[bytes]) -> Iterator[Line]:
    """Records of a file's lines; what cannot be read takes the time of the line before it."""
    ts = 0
    for offset, body in enumerate(bodies):
        try:
            stamp = _stamp(body)
        except UNREADABLE:
            yield Line(topic, offset, None, body, ts)
        else:
            ts = stamp.ts
            yield Line(topic, offset, stamp.account_id.encode("utf-8", "surrogatepass"), body, ts)


def merged(accounts: Iterable[Line], requests: Iterable[Line]) -> Iterator[Line]:
    """Both by time; at the same time the account event comes first."""
    return heapq.merge(accounts, requests, key=lambda line: line.ts)


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


def read_file(topic: str, path: Path | None) -> Iterator[Line]:
    """The lines of a file, none where there is no file."""
    return lines(topic, read_lines(path)) if path else iter(())


class LocalOffice:
    """An office in this process: a touch is looked at as soon as it is there."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._offset = 0

    async def send(self, touches: Sequence[Touch]) -> None:
        """Hand touches to the office, numbered as a topic would."""
        await self._office.take(list(enumerate(touches, self._offset)))
        self._offset += len(touches)

    async def bury(self, erased: Sequence[Erased]) -> None:
        """Let the office forget accounts; there are no topics here."""
        for one in erased:
            await self._office.forget(one.account)


class Bench(Judge, Protocol):
    """A court as replay needs it."""

    def heed(self, bars: Bars) -> None:
        """Take the bars that the linker found."""


def local_handlers(
    settings: Settings,
    sink: CampaignSink,
    blind: frozenset[str] = frozenset(),
    outlet: Outlet | None = None,
    court: Bench | None = None,
    witness: Witness | None = None,
    labels: Labels | None = None,
) -> dict[str, Handle]:
    """The live path of both topics with a store of its own in this process.

    `blind`: kinds of links to do without (ablation); `outlet`: takes the touches in place of an
    office (training); `court`: decides in place of the settings' model and policy; `witness`:
    sees every feature row; `labels`: whom the bars may be calibrated on.
    """
    bench, geography = court or open_court(settings), open_geography(settings)
    policy = chosen_policy(settings)
    hasher, store, metrics = KeyedHasher(LOCAL_PEPPER), MemoryStore(), Metrics()
    controls = Controls(settings.mode)
    governor = Governor(policy, MemoryGrants(), controls, metrics)

    async def heed(found: Calibration) -> None:
        bench.heed(found.actions)
        registry.assessor.heed(found.ask)

    linker = LocalOffice(
        Office(
            policy=policy,
            weights=Weights.load(),
            controls=controls,
            governor=governor,
            now=wall_clock,
            store=store,
            sink=sink,
            heed=heed,
            metrics=metrics,
            ask=chosen_kyc_policy(settings).step_up.budget,
            labels=labels,
            blind=blind,
        )
    )
    gate = Gate(
        court=bench,
        hasher=hasher,
        geography=geography,
        store=store,
        sink=sink,
        metrics=metrics,
        outlet=outlet or linker,
        witness=witness,
        controls=controls,
        governor=governor,
    )
    census = MemoryCensus()
    registry = open_registry(
        settings,
        hasher,
        geography,
        census,
        store,
        sink,
        metrics,
        controls=controls,
        governor=governor,
        burial=linker,
    )
    return {REQUESTS: gate.handle, ACCOUNTS: registry.handle}


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
