"""A decision explained: what it says itself, and its event seen again in recorded traffic."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.decisions import Campaign, DeadLetter, Decision
from stream.broker.sinks import Placed
from stream.decode.batch import RequestBatch
from stream.explain.scales import Scales, Weighed
from stream.lines import ACCOUNTS, REQUESTS, Line, merged, read_file
from stream.local import local_handlers
from stream.remember.windows import Sight
from stream.replay import replay
from stream.report.reading import Unreadable, decision
from stream.report.sources import Source
from stream.settings import Settings


class DecisionExplained(NamedTuple):
    """A decision; weighed: its event's row, where it was sought in recorded requests and found."""

    decision: Decision
    weighed: Weighed | None
    sought: bool


async def find(source: Source, decision_id: str) -> Decision | None:
    """The decision of that id, None where there is none. Raises what the source raises."""
    wanted, unreadable = decision_id.encode(), Unreadable()
    async for batch in source.read("decisions"):
        for body in batch:
            found = decision(body, unreadable) if wanted in body else None
            if found and found.decision_id == decision_id:
                return found
    return None


@dataclass(slots=True)
class _Watch:
    """A witness that waits for one event, and a sink that keeps nothing."""

    account: str
    event_id: str
    row: NDArray[np.float32] | None = None
    clock: int = 0

    def witness(self, batch: RequestBatch, sight: Sight, rows: NDArray[np.float32]) -> None:
        if self.account not in batch.accounts:
            return
        for at, row in enumerate(sight.row.tolist()):
            named = batch.accounts[int(sight.account[at])], batch.event_id[row]
            if named == (self.account, self.event_id):
                self.row, self.clock = rows[at], int(sight.clock[at])

    async def emit(self, decisions: Sequence[Placed], letters: Sequence[DeadLetter]) -> None:
        """Decisions are of no interest here."""

    async def record(self, campaigns: Sequence[Campaign]) -> None:
        """Nor are campaigns."""

    def until_seen(self, events: Iterator[Line]) -> Iterator[Line]:
        """The events, none after the one that was waited for was taken."""
        for event in events:
            if self.row is not None:
                return
            yield event


async def weigh_again(
    settings: Settings, found: Decision, accounts: Path | None, requests: Path
) -> Weighed | None:
    """A decision's event in recorded traffic, replayed up to it; None where it is not there.

    Raises OSError, and what `Scales` raises.
    """
    watch = _Watch(found.account_id, found.event_id)
    events = merged(read_file(ACCOUNTS, accounts), read_file(REQUESTS, requests))
    await replay(watch.until_seen(events), local_handlers(settings, watch, witness=watch.witness))
    if watch.row is None:
        return None
    return Scales(settings).weigh(watch.row, found.kyc_tier, watch.clock)
