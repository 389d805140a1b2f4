"""The traffic of a scenario with its truth: simulated as it is read, or read from a cache."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path

import msgspec

import simulate
from schemas.folders import whole
from schemas.ndjson import read_lines
from simulate.files import write
from simulate.population import Population, Truth
from simulate.scenarios import Scenario
from stream.evaluate.ahead import requests_ahead

_SUFFIX = ".ndjson.zst"
_read_truth = msgspec.json.Decoder(Truth).decode


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is read more than once is held (it grows with the accounts), requests are not."""

    population: Population
    truths: list[Truth]
    account_events: list[bytes]  # by time
    requests: Callable[[], Iterator[bytes]]  # by time; starts anew with each call

    @classmethod
    def simulated(cls, scenario: Scenario) -> "Traffic":
        """Made as it is read."""
        population = Population(scenario)
        events = [msgspec.json.encode(event) for event in population.account_events()]
        truths = list(population.truths())
        return cls(population, truths, events, partial(requests_ahead, scenario))

    @classmethod
    def cached(cls, scenario: Scenario, folder: Path) -> "Traffic":
        """Read from a folder of its own in `folder`, written first where there is none.

        The folder's name holds a digest of the scenario and of the simulator: whatever changes
        in either is simulated anew. Errors: OSError.
        """
        own = folder / f"{scenario.name}-{_digest(scenario)}"
        if not own.exists():
            _write(scenario, own)
        return cls(
            Population(scenario),
            [_read_truth(line) for line in read_lines(own / f"truth{_SUFFIX}")],
            list(read_lines(own / f"accounts{_SUFFIX}")),
            lambda: read_lines(own / f"requests{_SUFFIX}"),
        )


def traffic_of(scenario: Scenario, cache: Path | None = None) -> Traffic:
    """The traffic of a scenario, through a cache where a folder is given."""
    return Traffic.cached(scenario, cache) if cache else Traffic.simulated(scenario)


def _write(scenario: Scenario, own: Path) -> None:
    """Write all files, then let them appear at once: another process may want the same."""
    try:
        with whole(own) as unfinished:
            write(scenario, unfinished, _SUFFIX)
    except OSError:
        if not own.exists():  # else the other process was faster
            raise


def _digest(scenario: Scenario) -> str:
    digest = blake2b(repr(scenario).encode(), digest_size=8)
    for path in sorted(Path(simulate.__path__[0]).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
