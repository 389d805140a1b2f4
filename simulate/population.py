"""A scenario come to life: its accounts, their events and the truth about them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import numpy as np

from simulate.accounts import Account
from simulate.arrivals import Arrivals, Clock
from simulate.cohort import Cohort
from simulate.identity import account_events
from simulate.labels import label_of
from simulate.requests import Requests
from simulate.roster import Roster
from simulate.scenarios import Scenario
from simulate.world import DAY_MS, World

Event = dict[str, Any]

# Rows of Python objects held at once: 5 KB each, and enough to hide the cost of array calls.
_BLOCK = 8_192


class Lines(NamedTuple):
    """Requests as NDJSON: how many, the time of the last one (ms), and the lines."""

    events: int
    last: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truth:
    """What nobody else knows about an account."""

    account_id: str
    cohort: str
    abusive: bool
    campaign: str | None
    begins: int | None  # when the abuse begins, ms; None for the honest
    innocent: float  # share of its requests from then on that are no part of the abuse


def _members(accounts: int, cohorts: tuple[Cohort, ...]) -> list[int]:
    """How many of each cohort: shares scaled to `accounts`, the largest remainders rounded up."""
    total = sum(cohort.share for cohort in cohorts)
    exact = [accounts * cohort.share / total for cohort in cohorts]
    counts = [int(share) for share in exact]
    by_remainder = sorted(range(len(counts)), key=lambda n: counts[n] - exact[n])
    for n in by_remainder[: accounts - sum(counts)]:
        counts[n] += 1
    return counts


class Population:
    """Iterators over one scenario; each call starts anew and gives the same again.

    Memory grows with the accounts and with one hour of their requests, never with the run.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        launch = scenario.start + int(scenario.launch * scenario.days * DAY_MS)
        self.world = World(scenario.seed, scenario.start, scenario.days, launch)

    def accounts(self) -> Iterator[Account]:
        """Every account, cohort after cohort."""
        cohorts = self.scenario.cohorts
        for cohort, count in zip(cohorts, _members(self.scenario.accounts, cohorts), strict=True):
            for index in range(count):
                yield cohort.member(self.world, index)

    def account_events(self) -> Iterator[Event]:
        """AccountEvents by ts. Sign-ups of older accounts lie before the start of the run."""
        encode = msgspec.json.encode
        # A provider that has no device ids has none at sign-up either.
        hidden = frozenset(k for k, share in self.scenario.provider.items() if share == 0)
        # Encoded, an event takes a fifth of the memory of its dict.
        held = [
            (event["ts"], account.account_id, n, encode(event))
            for account in self.accounts()
            for n, event in enumerate(account_events(account, self.world, hidden))
        ]
        held.sort()
        return (msgspec.json.decode(event) for *_, event in held)

    def requests(self) -> Iterator[Event]:
        """RequestEvents by ts."""
        for maker, block in self._blocks():
            yield from maker.dicts(block)

    def request_lines(self) -> Iterator[Lines]:
        """RequestEvents by ts as NDJSON, a few thousand at a time."""
        encoder = msgspec.json.Encoder()
        for maker, block in self._blocks():
            yield Lines(len(block), int(block.ts[-1]), encoder.encode_lines(maker.structs(block)))

    def truths(self) -> Iterator[Truth]:
        """The truth about every account, cohort after cohort."""
        for a in self.accounts():
            begins = max(a.begins or a.first, self.world.start) if a.abusive else None
            innocent = a.innocent if a.abusive else 1.0
            yield Truth(a.account_id, a.cohort, a.abusive, a.campaign, begins, innocent)

    def labels(self) -> Iterator[Event]:
        """LabelEvents by ts: some accounts, found out days later, perhaps after the run's end."""
        found = (label_of(account, self.scenario, self.world) for account in self.accounts())
        yield from sorted((e for e in found if e), key=lambda e: (e["ts"], e["event_id"]))

    def _blocks(self) -> Iterator[tuple[Requests, Arrivals]]:
        roster = Roster.of(self.accounts(), self.scenario.provider)
        maker = Requests(self.world, roster)
        for hour in Clock(roster).hours(self.world.start, self.world.end):
            for begin in range(0, len(hour), _BLOCK):
                yield maker, hour.take(np.arange(begin, min(begin + _BLOCK, len(hour))))
