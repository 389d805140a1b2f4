"""Who is asked for more proof at sign-up: farmers of free credit, and honest people.

    python -m bench.signups [--seeds 5] [--accounts 1500]

Account events of simulated providers run through the live path of identity alone, with the shipped
model and policy; requests only say when a farmer makes the tenth. Seeds, and farms of six accounts,
that the training of the shipped model has not seen.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from schemas.decisions import DeadLetter
from simulate.population import Population
from simulate.scenarios import scenario
from stream.broker.sinks import Placed
from stream.decode.geography import open_geography
from stream.decode.hashing import KeyedHasher
from stream.know.census import MemoryCensus
from stream.know.opening import open_registry
from stream.logs import configure_logs
from stream.metrics import Metrics
from stream.replay import ACCOUNTS, LOCAL_PEPPER, lines, replay
from stream.settings import load_settings
from stream.store import MemoryStore

FARM = "credit_farmers"
TENTH = 10
SEED = 60_000  # far from every seed that something was trained or tuned on


class Stamp(msgspec.Struct):
    """What is needed of a request."""

    account_id: str
    ts: int


@dataclass(slots=True)
class Asked:
    """Keeps when each account was first asked for more, and for what."""

    first: dict[str, int] = field(default_factory=dict)
    wanted: Counter[str] = field(default_factory=Counter)

    async def emit(self, decisions: Sequence[Placed], letters: Sequence[DeadLetter]) -> None:
        """As Sink.emit. RuntimeError: the simulator wrote what cannot be read."""
        if letters:
            raise RuntimeError(letters[0].error)
        for _, decision in decisions:
            if decision.requirements:
                self.first.setdefault(decision.account_id, decision.ts)
                self.wanted.update(decision.requirements)


class Outcome(NamedTuple):
    """What came of one population."""

    name: str
    honest: int
    honest_asked: Counter[str]  # by cohort
    farmers: int
    farmers_in_time: int
    others: int
    others_asked: int
    wanted: Counter[str]


def measure(name: str, population: Population) -> Outcome:
    """Run one population."""
    asked = Asked()
    asyncio.run(_replay(population, asked))
    truths = {truth.account_id: truth for truth in population.truths()}
    farmers = {a for a, truth in truths.items() if truth.cohort == FARM}
    tenth = _tenth(population, farmers)
    honest = [a for a, truth in truths.items() if not truth.abusive]
    others = [a for a, truth in truths.items() if truth.abusive and truth.cohort != FARM]
    return Outcome(
        name,
        len(honest),
        Counter(truths[a].cohort for a in honest if a in asked.first),
        len(tenth),
        sum(asked.first.get(a, ts + 1) <= ts for a, ts in tenth.items()),
        len(others),
        sum(a in asked.first for a in others),
        asked.wanted,
    )


async def _replay(population: Population, asked: Asked) -> None:
    settings = load_settings()
    registry = open_registry(
        settings,
        KeyedHasher(LOCAL_PEPPER),
        open_geography(settings),
        MemoryCensus(),
        MemoryStore(),
        asked,
        Metrics(),
    )
    bodies = map(msgspec.json.encode, population.account_events())
    await replay(lines(ACCOUNTS, bodies), {ACCOUNTS: registry.handle})


def _tenth(population: Population, farmers: set[str]) -> dict[str, int]:
    """When each farmer that gets so far makes the tenth request, ms."""
    read, count, tenth = msgspec.json.Decoder(Stamp).decode, Counter[str](), dict[str, int]()
    for block in population.request_lines():
        for stamp in map(read, block.data.splitlines()):
            if stamp.account_id in farmers:
                count[stamp.account_id] += 1
                if count[stamp.account_id] == TENTH:
                    tenth[stamp.account_id] = stamp.ts
    return tenth


def report(outcomes: Iterable[Outcome]) -> None:
    """One line each, and the sums."""
    found, cohorts, wanted = list(outcomes), Counter[str](), Counter[str]()
    for one in found:
        cohorts.update(one.honest_asked)
        wanted.update(one.wanted)
        print(
            _line(one.name, one.farmers_in_time, one.farmers, one.honest_asked.total(), one.honest)
        )
    honest = sum(one.honest for one in found)
    farmers, caught = sum(o.farmers for o in found), sum(o.farmers_in_time for o in found)
    print(_line("all", caught, farmers, cohorts.total(), honest))
    others = sum(one.others for one in found)
    print(f"other abusers asked: {sum(one.others_asked for one in found)} of {others}")
    print("honest accounts asked, by cohort:", dict(cohorts.most_common()))
    print("asked for:", dict(wanted.most_common()))


def _line(name: str, caught: int, farmers: int, hit: int, honest: int) -> str:
    return (
        f"{name:12} farmers asked before their tenth request {caught:4} of {farmers:4} "
        f"({100 * caught / farmers:5.1f} %); honest accounts asked {hit:4} of {honest:5} "
        f"({100 * hit / honest:.2f} %)"
    )


def main() -> None:
    """Run and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="seeds for each provider")
    parser.add_argument("--accounts", type=int, default=1_500, help="accounts of each")
    options = parser.parse_args()
    places = [(c, SEED + seed) for seed in range(options.seeds) for c in "ABCD"]
    configure_logs("console", "warning", sys.stderr)
    report(
        measure(f"{c}-{seed}", Population(scenario(c, None, seed, options.accounts)))
        for c, seed in places
    )


if __name__ == "__main__":
    main()
