"""What labels say, who says it, where they contradict one another, and what had been decided.

Labels are read first, so that of the decisions only those about labelled accounts are kept.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec
import numpy as np
from pydantic import TypeAdapter

from schemas.decisions import Action
from schemas.errors import MalformedEventError
from schemas.events import LabelEvent
from schemas.wire import UNREADABLE, parse
from stream.report.sources import Source, Topic

NOTHING: Final = "none"  # no decision stood: the account was allowed
BANDS: Final = (0.5, 0.9)
UNDECIDED: Final = "no decision"

_labels: TypeAdapter[LabelEvent] = TypeAdapter(LabelEvent)


class _Decided(msgspec.Struct, gc=False):
    """What is asked of a decision."""

    account_id: str
    ts: int
    expires_at: int
    action: Action
    score: float


class _Known(msgspec.Struct, gc=False):
    """What is asked of an account event."""

    account_id: str
    ts: int


_decided = msgspec.json.Decoder(_Decided).decode
_known = msgspec.json.Decoder(_Known).decode


class Voice(NamedTuple):
    """What one source said: labels, and of how many accounts last abuse, last benign."""

    source: str
    labels: int
    abuse: int
    benign: int


class Conflict(NamedTuple):
    """An account of which sources say different things, the last word of each."""

    account: str
    said: dict[str, str]


class Delay(NamedTuple):
    """Days from what is first known of accounts, an account event or a decision, to their first
    label: how many accounts, and what half and nine in ten of them stayed below."""

    accounts: int
    median: float
    most: float


class Findings(msgspec.Struct):
    """Everything that is told. By label: accounts by the action that stood when the last label
    came, and by the highest score that a decision had by then; wronged: benign, and an action
    stood; missed: abusive, and none did."""

    labels: int
    accounts: int
    unreadable: dict[str, int]
    voices: list[Voice]
    conflicts: list[Conflict]
    delays: dict[str, Delay]
    stood: dict[str, dict[str, int]]
    scored: dict[str, dict[str, int]]
    wronged: list[str]
    missed: list[str]


@dataclass(slots=True)
class Tally:
    """Labels and decisions by account."""

    labels: dict[str, list[LabelEvent]] = field(default_factory=dict)
    decisions: dict[str, list[_Decided]] = field(default_factory=lambda: defaultdict(list))
    first: dict[str, int] = field(default_factory=dict)
    unreadable: Counter[Topic] = field(default_factory=Counter)

    async def read(self, source: Source) -> None:
        """Read all of a source. Errors: those of the source."""
        found: dict[tuple[str, str], LabelEvent] = {}
        async for batch in source.read("labels"):
            for body in batch:
                try:
                    label = parse(_labels, body)
                except MalformedEventError:
                    self.unreadable["labels"] += 1
                else:
                    found[label.account_id, label.event_id] = label  # the same one may come twice
        for label in sorted(found.values(), key=lambda label: (label.ts, label.event_id)):
            self.labels.setdefault(label.account_id, []).append(label)
        async for batch in source.read("decisions"):
            for body in batch:
                self._decide(body)
        async for batch in source.read("accounts"):
            for body in batch:
                self._know(body)

    def _decide(self, body: bytes) -> None:
        try:
            decided = _decided(body)
        except UNREADABLE:
            self.unreadable["decisions"] += 1
            return
        if decided.account_id in self.labels:
            self.decisions[decided.account_id].append(decided)
            self._meet(decided.account_id, decided.ts)

    def _know(self, body: bytes) -> None:
        try:
            known = _known(body)
        except UNREADABLE:
            self.unreadable["accounts"] += 1
            return
        if known.account_id in self.labels:
            self._meet(known.account_id, known.ts)

    def _meet(self, account: str, ts: int) -> None:
        self.first[account] = min(ts, self.first.get(account, ts))

    def findings(self) -> Findings:
        """What came of it; accounts by name."""
        stood: dict[str, Counter[str]] = defaultdict(Counter)
        scored: dict[str, Counter[str]] = defaultdict(Counter)
        wronged: list[str] = []
        missed: list[str] = []
        for account, said in sorted(self.labels.items()):
            last = said[-1]
            action, band = self._at(account, last.ts)
            stood[last.label][action] += 1
            scored[last.label][band] += 1
            spared = action in {NOTHING, Action.ALLOW.value}
            if spared == (last.label == "abuse"):
                (missed if spared else wronged).append(account)
        return Findings(
            labels=sum(map(len, self.labels.values())),
            accounts=len(self.labels),
            unreadable={topic: count for topic, count in self.unreadable.items() if count},
            voices=self._voices(),
            conflicts=list(self._conflicts()),
            delays=self._delays(),
            stood={label: dict(counts) for label, counts in sorted(stood.items())},
            scored={label: dict(counts) for label, counts in sorted(scored.items())},
            wronged=wronged,
            missed=missed,
        )

    def _at(self, account: str, ts: int) -> tuple[str, str]:
        """The action that stood at a time, and the band of the highest score told by then."""
        known = [one for one in self.decisions.get(account, ()) if one.ts <= ts]
        if not known:
            return NOTHING, UNDECIDED
        last = max(reversed(known), key=lambda one: one.ts)  # of one time, the one told last
        score = max(one.score for one in known)
        below = next((f"below {top}" for top in BANDS if score < top), f"{BANDS[-1]} and above")
        return last.action.value if last.expires_at > ts else NOTHING, below

    def _last_words(self, account: str) -> dict[str, str]:
        """What each source said last."""
        return {label.source: label.label for label in self.labels[account]}

    def _voices(self) -> list[Voice]:
        said = Counter(label.source for labels in self.labels.values() for label in labels)
        last = Counter(
            word for account in self.labels for word in self._last_words(account).items()
        )
        return [
            Voice(source, count, last[source, "abuse"], last[source, "benign"])
            for source, count in sorted(said.items(), key=lambda item: (-item[1], item[0]))
        ]

    def _conflicts(self) -> Iterator[Conflict]:
        for account in sorted(self.labels):
            said = self._last_words(account)
            if len(set(said.values())) > 1:
                yield Conflict(account, said)

    def _delays(self) -> dict[str, Delay]:
        days: dict[str, list[float]] = defaultdict(list)
        for account, said in sorted(self.labels.items()):
            # Who is labelled before anything is known of them was known to somebody else.
            if self.first.get(account, said[0].ts + 1) <= said[0].ts:
                days[said[-1].label].append((said[0].ts - self.first[account]) / 86_400_000)
        return {
            label: Delay(len(found), *(round(float(np.quantile(found, q)), 2) for q in (0.5, 0.9)))
            for label, found in sorted(days.items())
        }
