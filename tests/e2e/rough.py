"""Simulated requests as they come in a bad hour: with repeats, stragglers and garbage."""

import heapq
import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from simulate.scenarios import SCENARIOS
from stream.demo.traffic import scenario_lines
from stream.lines import REQUESTS, Line
from stream.remember.repeats import GRACE_MS

GARBAGE = (b"not JSON", b"", b"[1, 2]", b"\xff\xfe{}", b'{"event_id": "e", "ts": 1}')


def rough_requests(count: int, seed: int) -> list[Line]:
    """About `count` requests of many accounts, the same for the same seed."""
    rng = np.random.default_rng(seed)
    scenario = replace(SCENARIOS["small"], days=1.0, seed=seed)
    requests = (line for line in scenario_lines(scenario) if line.topic == REQUESTS)
    rough = _roughened((line for line, _ in zip(requests, range(count), strict=False)), rng)
    return [replace(line, offset=offset) for offset, line in enumerate(rough)]


def _roughened(requests: Iterator[Line], rng: np.random.Generator) -> Iterator[Line]:
    """Now and then a request once more within the grace period, a late one, or garbage."""
    again: list[tuple[int, int, Line]] = []
    for number, line in enumerate(requests):
        while again and again[0][0] <= line.ts:
            yield heapq.heappop(again)[2]
        yield line
        chance = rng.random()
        if chance < 0.04:
            heapq.heappush(again, (line.ts + int(rng.integers(GRACE_MS)), number, line))
        elif chance < 0.06:
            yield _late(line, GRACE_MS + 1 + int(rng.integers(86_400_000)))
        elif chance < 0.07:
            yield replace(line, value=bytes(rng.choice(np.array(GARBAGE, object))))
        elif chance < 0.08:
            yield replace(line, key=b"somebody else")


def _late(line: Line, by: int) -> Line:
    """Another request of the same account, too old to be counted."""
    event = json.loads(line.value)
    event["event_id"] += "-late"
    event["ts"] -= by
    return replace(line, value=json.dumps(event).encode())
