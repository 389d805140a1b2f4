"""A scenario written to files, as `replay`, `train` and people read them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from schemas.ndjson import open_writer
from simulate.population import Population
from simulate.scenarios import Scenario

Progress = Callable[[int, float], None]


@dataclass(frozen=True, slots=True)
class Written:
    """The files of one run and how many lines each has."""

    accounts: Path
    requests: Path
    labels: Path
    truth: Path
    account_events: int
    request_events: int
    label_events: int
    members: int


def write(
    scenario: Scenario,
    out_dir: Path,
    suffix: str = ".ndjson.gz",
    progress: Progress | None = None,
) -> Written:
    """Write accounts, requests, labels and truth of `scenario` into `out_dir`.

    The same scenario gives the same files to the byte. `progress` is called every few
    thousand requests with the requests so far and the share of the run done. Errors: OSError.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    population = Population(scenario)
    paths = {
        name: out_dir / f"{name}{suffix}" for name in ("accounts", "requests", "labels", "truth")
    }
    return Written(
        **paths,
        account_events=_write(paths["accounts"], population.account_events()),
        request_events=_write_requests(paths["requests"], population, progress),
        label_events=_write(paths["labels"], population.labels()),
        members=_write(paths["truth"], population.truths()),
    )


def _write(path: Path, events: Iterable[Any]) -> int:
    encode, count = msgspec.json.Encoder().encode, 0
    with open_writer(path) as sink:
        for event in events:
            sink.write(encode(event) + b"\n")
            count += 1
    return count


def _write_requests(path: Path, population: Population, progress: Progress | None) -> int:
    world, count = population.world, 0
    with open_writer(path) as sink:
        for lines in population.request_lines():
            sink.write(lines.data)
            count += lines.events
            if progress:
                progress(count, (lines.last - world.start) / (world.end - world.start))
    if progress:
        progress(count, 1.0)
    return count
