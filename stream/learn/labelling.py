"""What labels say of accounts, and since when: nothing is learnt before somebody had found it out.

Of one account the latest label counts, whoever gave it. A label is known from its own time on. An
account that nobody has labelled may count as benign, but only once its row has matured: once so
long has passed without a label that one would have come.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from pydantic import TypeAdapter

from schemas.errors import MalformedEventError
from schemas.events import LabelEvent
from schemas.ndjson import numbered_lines
from schemas.wire import parse
from scorers.train import TrainingTable
from stream.learn.lessons import Lesson
from stream.learn.moments import due
from stream.learn.snapshots import Snapshot

NEVER: Final = 1 << 62  # above every time in ms

_labels: TypeAdapter[LabelEvent] = TypeAdapter(LabelEvent)


class Truth(NamedTuple):
    """What is known of an account: its label, the group that is never split up, since when it is
    known (ms; -1: always), and what kind of account it is where that is known."""

    abusive: bool
    group: str
    since: int = -1
    cohort: str = ""


class Terms(NamedTuple):
    """What may be learnt from. until: ms, no row and no label after it; maturity_ms: rows so old
    of an account without a label are benign; None: only what is labelled is learnt from."""

    until: int = NEVER - 1
    maturity_ms: int | None = None


ALL: Final = Terms()


def read_labels(path: Path, prefix: str = "", until: int = ALL.until) -> dict[str, Truth]:
    """What the LabelEvents of a file say of each account by `until`. Raises MalformedEventError,
    which names the line."""
    return truths(_labels_of(path), prefix, until)


def _labels_of(path: Path) -> Iterator[LabelEvent]:
    for number, line in numbered_lines(path):
        try:
            yield parse(_labels, line)
        except MalformedEventError as error:
            raise MalformedEventError(str(error), f"{path}:{number}") from error


def truths(
    labels: Iterable[LabelEvent], prefix: str = "", until: int = ALL.until
) -> dict[str, Truth]:
    """What labels say of each account: the latest one counts; `until`: ms, none after it do."""
    known = [label for label in labels if label.ts <= until]
    known.sort(key=attrgetter("account_id", "ts", "event_id"))
    return {
        account: _truth(list(said), prefix)
        for account, said in groupby(known, attrgetter("account_id"))
    }


def _truth(said: list[LabelEvent], prefix: str) -> Truth:
    last = said[-1]
    # Repeated, it was known before: since the first of the labels that say the same to the end.
    since = last.ts
    for label in reversed(said):
        if label.label != last.label:
            break
        since = label.ts
    named = [label.campaign_id for label in said if label.campaign_id]
    group = named[-1] if named and last.label == "abuse" else last.account_id
    return Truth(last.label == "abuse", prefix + group, since)


def lesson(
    snapshot: Snapshot, truths: Mapping[str, Truth], terms: Terms = ALL, prefix: str = ""
) -> Lesson:
    """The rows of a snapshot, with what is known of their accounts on these terms.

    prefix: of the groups of accounts that have no label.
    """
    until, maturity_ms = terms
    rows = np.flatnonzero(due(snapshot.request) & (snapshot.time <= until))
    told = [truths.get(name) or Truth(False, prefix + name, NEVER) for name in snapshot.accounts]
    account, time = snapshot.account[rows], snapshot.time[rows]
    known = np.array([truth.since for truth in told], np.int64)[account]
    if maturity_ms is not None:
        known = np.where(known < NEVER, known, time + maturity_ms)
    learnt = known <= min(until, _latest(snapshot, told))
    kept, whose = rows[learnt], account[learnt]
    table = TrainingTable(
        features=snapshot.features[kept],
        label=np.array([truth.abusive for truth in told], np.int8)[whose],
        group=np.array(_groups(snapshot, told))[whose],
        time=time[learnt],
        known=known[learnt],
        others=snapshot.features[rows[~learnt]],
    )
    return Lesson(
        table=table,
        account=whose,
        request=snapshot.request[kept],
        exchanges=snapshot.exchanges[whose],
        cohort=np.array([truth.cohort for truth in told])[whose],
    )


def _latest(snapshot: Snapshot, told: Sequence[Truth]) -> int:
    """When the recording ends: nothing has matured by a later time."""
    labelled = (truth.since for truth in told if truth.since < NEVER)
    return max(int(snapshot.time.max()), *labelled, -1)


def _groups(snapshot: Snapshot, told: Sequence[Truth]) -> list[str]:
    """The group of each account: what a label's campaign or a campaign of the linker joins."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while (above := parent.setdefault(name, name)) != name:
            parent[name] = parent[above]
            name = above
        return name

    for truth, campaign in zip(told, snapshot.campaigns, strict=True):
        if campaign:
            parent[root(truth.group)] = root(f"linked {campaign}")
    return [root(truth.group) for truth in told]
