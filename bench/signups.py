"""Who is asked for more proof at sign-up: farmers of free credit, and honest people.

    python -m bench.signups [--seeds 5] [--accounts 3000] [--budget 0.002 …]

Account events of simulated providers run through the live path of identity alone, with the shipped
model and policy; requests only say when a farmer makes the tenth. Seeds, and farms of six accounts,
that the training of the shipped model has not seen. The bar comes hour by hour from all accounts
that are established by then; live from those that also make requests.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import msgspec
import numpy as np

from kyc.assessed import SCORE_UNITS
from kyc.policy import load_kyc_policy
from schemas.decisions import DeadLetter
from simulate.abuse.credit_farmers import CreditFarmers
from simulate.arrivals import Clock
from simulate.population import Population
from simulate.roster import Roster
from simulate.scenarios import scenario
from stream.broker.chunk import Chunk
from stream.broker.sinks import Placed
from stream.decide.bars import ask_bar
from stream.decode.geography import open_geography
from stream.decode.hashing import KeyedHasher
from stream.know.census import MemoryCensus
from stream.know.opening import open_registry
from stream.know.profiles import know
from stream.lines import ACCOUNTS, lines
from stream.local import LOCAL_PEPPER
from stream.logs import configure_logs
from stream.metrics import Metrics
from stream.settings import load_settings
from stream.store import Kind, MemoryStore

FARM = "credit_farmers"
PER_MACHINE = CreditFarmers().per_machine
TENTH = 10
SEED = 60_000  # far from every seed that something was trained or tuned on
HOUR_MS = 3_600_000
_NO_END = 1 << 62


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
    preceded: int  # farmers before whose own sign-up another of their machine signed up
    joined: int  # before whose tenth request another did
    others: int
    others_asked: int
    wanted: Counter[str]


def measure(name: str, population: Population, budget: float) -> Outcome:
    """Run one population."""
    asked = Asked()
    asyncio.run(_replay(population, asked, budget))
    truths = {truth.account_id: truth for truth in population.truths()}
    tenth = _tenth(population)
    honest = [a for a, truth in truths.items() if not truth.abusive]
    others = [a for a, truth in truths.items() if truth.abusive and truth.cohort != FARM]
    return Outcome(
        name,
        len(honest),
        Counter(truths[a].cohort for a in honest if a in asked.first),
        len(tenth),
        sum(asked.first.get(a, ts + 1) <= ts for a, ts in tenth.items()),
        *_within_reach(population, tenth),
        len(others),
        sum(a in asked.first for a in others),
        asked.wanted,
    )


async def _replay(population: Population, asked: Asked, budget: float) -> None:
    settings, store, start = load_settings(), MemoryStore(), population.world.start
    registry = open_registry(
        settings,
        KeyedHasher(LOCAL_PEPPER),
        open_geography(settings),
        MemoryCensus(),
        store,
        asked,
        Metrics(),
    )
    accounts = [account.account_id for account in population.accounts()]
    bodies = map(msgspec.json.encode, population.account_events())
    by_hour = groupby(lines(ACCOUNTS, bodies), lambda line: max(line.ts - start, 0) // HOUR_MS)
    for hour, some in by_hour:
        await registry.handle(Chunk(ACCOUNTS, 0, list(some), _NO_END))
        now = start + (hour + 1) * HOUR_MS
        known = know(await store.load(accounts, Kind.PROFILE))
        established = known.established(np.arange(len(accounts)), np.full(len(accounts), now))
        registry.inquiry.assessor.heed(ask_bar(known.peak[established] / SCORE_UNITS, budget))


def _tenth(population: Population) -> dict[str, int]:
    """When each farmer that gets so far makes the tenth request, ms. What an account asks for does
    not depend on who else is there."""
    farmers = [account for account in population.accounts() if account.cohort == FARM]
    clock = Clock(Roster.of(iter(farmers), population.scenario.provider))
    count, tenth = Counter[int](), dict[str, int]()
    for hour in clock.hours(population.world.start, population.world.end):
        for farmer, ts in zip(hour.account.tolist(), hour.ts.tolist(), strict=True):
            count[farmer] += 1
            if count[farmer] == TENTH:
                tenth[farmers[farmer].account_id] = ts
    return tenth


def _within_reach(population: Population, tenth: Mapping[str, int]) -> tuple[int, int]:
    """How many farmers share their machine with somebody who signed up before them, and before
    their tenth request: of all others what is shared tells nothing in time."""
    farmers = [account for account in population.accounts() if account.cohort == FARM]
    machines = [farmers[n : n + PER_MACHINE] for n in range(0, len(farmers), PER_MACHINE)]
    waits = [
        (min(b.created for b in machine if b is not a), a.created, tenth[a.account_id])
        for machine in machines
        for a in machine
        if a.account_id in tenth and len(machine) > 1
    ]
    return sum(of < own for of, own, _ in waits), sum(of < till for of, _, till in waits)


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
    print(
        "another of their machine had signed up before them for "
        f"{sum(o.preceded for o in found)} of them, before their tenth request for "
        f"{sum(o.joined for o in found)}"
    )
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
    parser.add_argument("--accounts", type=int, default=3_000, help="accounts of each")
    parser.add_argument(
        "--budget",
        type=float,
        nargs="+",
        default=[load_kyc_policy().step_up.budget],
        help="share of established accounts that may ever be asked",
    )
    options = parser.parse_args()
    # Of one seed every provider has the same farmers.
    places = [("ABCD"[n % 4], SEED + n) for n in range(4 * options.seeds)]
    configure_logs("console", "warning", sys.stderr)
    for budget in options.budget:
        print(f"budget {100 * budget:.2g} %")
        report(
            measure(f"{c}-{seed}", Population(scenario(c, None, seed, options.accounts)), budget)
            for c, seed in places
        )


if __name__ == "__main__":
    main()
