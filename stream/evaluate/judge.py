"""Traffic replayed through a detector, and what came of it."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

import numpy as np

from simulate.population import Truth
from stream.broker.chunk import Handle
from stream.evaluate.docket import Docket
from stream.evaluate.exchanges import Exchanges
from stream.evaluate.tally import Tally
from stream.evaluate.traffic import Traffic
from stream.lines import ACCOUNTS, REQUESTS, Line, lines, merged
from stream.local import local_handlers
from stream.replay import replay
from stream.settings import load_settings

Progress = Callable[[int], None]
HandlersFactory = Callable[[Docket], Mapping[str, Handle]]


class Detector(Protocol):
    """Takes the events of a run, by time, and tells a docket; calls `settle` with the number of
    events after each chunk, once all that it has to say about them is told."""

    async def __call__(self, events: Iterable[Line], docket: Docket, settle: Progress) -> None: ...


@dataclass(frozen=True, slots=True)
class Trial:
    """A run and its truth: what every figure is made of."""

    truths: list[Truth]
    docket: Docket
    tally: Tally
    events: int
    seconds: float


def shipped(docket: Docket, blind: frozenset[str] = frozenset()) -> Mapping[str, Handle]:
    """The live path with the models and policies of the settings, telling `docket`.

    `blind`: kinds of links to do without, of stream/link/kinds.py.
    """
    return local_handlers(load_settings(), docket, blind)


def live(factory: HandlersFactory = shipped) -> Detector:
    """The detector that is the live path, through the handlers that `factory` makes."""

    async def detect(events: Iterable[Line], docket: Docket, settle: Progress) -> None:
        await replay(events, factory(docket), settle)

    return detect


def judge(
    traffic: Traffic,
    detector: Detector,
    attack: str | None,
    *,
    identity: bool = True,
    progress: Progress | None = None,
) -> Trial:
    """Replay `traffic` through `detector`; without `identity` it sees no account event.

    `attack`: the cohort whose exchanges are counted by the minute. Memory grows with the accounts.
    """
    truths, world = traffic.truths, traffic.population.world
    numbers = {truth.account_id: n for n, truth in enumerate(truths)}
    begins = np.array([truth.begins or 0 for truth in truths], np.int64)
    watched = np.array([truth.cohort == attack for truth in truths], bool)
    tally = Tally(begins, watched, world.start, world.end)
    docket = Docket(numbers)
    waiting: list[bytes] = []
    taken = 0

    def settle(count: int) -> None:
        nonlocal taken
        taken += count
        tally.settle(Exchanges.read(waiting, numbers), docket.take())
        waiting.clear()
        if progress:
            progress(count)

    began = perf_counter()
    accounts = lines(ACCOUNTS, traffic.account_events if identity else ())
    events = merged(accounts, lines(REQUESTS, traffic.requests()))
    asyncio.run(detector(_overheard(events, waiting), docket, settle))
    return Trial(truths, docket, tally, taken, perf_counter() - began)


def _overheard(events: Iterable[Line], waiting: list[bytes]) -> Iterator[Line]:
    """The events, the bodies of requests kept until their rulings are known."""
    for line in events:
        if line.topic == REQUESTS:
            waiting.append(line.value)
        yield line
