"""Who is asked for more proof at sign-up: farmers of free credit, and honest people.

    python -m bench.signups [--seeds 5] [--accounts 3000] [--budget 0.002 …]

Account events of simulated providers run through the live path of identity alone, with the shipped
model and policy; of requests counts only when they are made. Seeds, and farms of six accounts,
that the training of the shipped model has not seen. The bar comes hour by hour from all accounts
that are established by then; live from those that also make requests.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import NamedTuple

import msgspec
import numpy as np

from kyc.assessed import SCORE_UNITS
from kyc.policy import load_kyc_policy
from kyc.profile import UNKNOWN
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
from stream.know.accounts import Registry
from stream.know.again import LOOKS, Requests, SecondLooks, due
from stream.know.census import MemoryCensus
from stream.know.dossier import Told
from stream.know.opening import open_registry
from stream.know.profiles import know
from stream.lines import ACCOUNTS, REQUESTS, Line, lines, merged
from stream.local import LOCAL_PEPPER
from stream.logs import configure_logs
from stream.metrics import Metrics
from stream.replay import replay
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
    """Keeps when each account was first asked for more, and for what, under a budget."""

    budget: float
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
    asked = Asked(budget)
    requests, tenth = _requests(population)
    asyncio.run(_replay(population, asked, requests))
    truths = {truth.account_id: truth for truth in population.truths()}
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


async def _replay(population: Population, asked: Asked, requests: Sequence[Line]) -> None:
    store, start = MemoryStore(), population.world.start
    registry = _registry(store, asked)
    accounts = [account.account_id for account in population.accounts()]
    bodies = map(msgspec.json.encode, population.account_events())
    events = merged(lines(ACCOUNTS, bodies), requests)
    looks = SecondLooks(registry.inquiry, KeyedHasher(LOCAL_PEPPER))
    again = partial(_look, looks, store, asked)
    for hour, some in groupby(events, lambda line: max(line.ts - start, 0) // HOUR_MS):
        await replay(some, {ACCOUNTS: registry.handle, REQUESTS: again})
        now = start + (hour + 1) * HOUR_MS
        known = know(await store.load(accounts, Kind.PROFILE))
        everybody = np.arange(len(accounts)), np.full(len(accounts), now)
        peaks = known.lasting_peak(*everybody)[known.established(*everybody)]
        bar = ask_bar(peaks / SCORE_UNITS, asked.budget)
        registry.inquiry.assessor.heed(bar)


def _registry(store: MemoryStore, asked: Asked) -> Registry:
    settings = load_settings()
    hasher, geography = KeyedHasher(LOCAL_PEPPER), open_geography(settings)
    return open_registry(settings, hasher, geography, MemoryCensus(), store, asked, Metrics())


async def _look(looks: SecondLooks, store: MemoryStore, asked: Asked, chunk: Chunk) -> None:
    """Look again at whom requests, which say but the how-manieth of their account they are, call
    for."""
    records = chunk.records
    names = list(dict.fromkeys((record.key or b"").decode() for record in records))
    places = {name.encode(): n for n, name in enumerate(names)}
    held = await store.load(names, Kind.PROFILE)
    account = np.array([places[record.key or b""] for record in records])
    clock = np.array([record.timestamp for record in records])
    numbers = np.array([int(record.value or b"") for record in records])
    at = due(numbers, account, clock, know(held))
    told: dict[int, list[Told]] = {}
    for n in np.flatnonzero(at).tolist():
        one = Told(n, f"{names[account[n]]}-{numbers[n]}", int(clock[n]), UNKNOWN)
        told.setdefault(int(account[n]), []).append(one)
    found = await looks.again(
        [Requests(names[n], held[n] or b"", some) for n, some in told.items()]
    )
    await asked.emit([(0, one) for look in found for one in look.dossier.decisions], [])
    await store.write([look.entry for look in found if look.entry], Kind.PROFILE)


def _requests(population: Population) -> tuple[list[Line], dict[str, int]]:
    """The first requests of those who signed up within the run, by time, and when the farmers among
    them make the tenth, ms. What an account asks for does not depend on who else is there."""
    start, end = population.world.start, population.world.end
    newcomers = [one for one in population.accounts() if one.created >= start]
    hands = [one for one in newcomers for _ in one.hands()]
    count, made, tenth = Counter[str](), list[Line](), dict[str, int]()
    clock = Clock(Roster.of(iter(newcomers), population.scenario.provider))
    for hour in clock.hours(start, end):
        for hand, ts in zip(hour.account.tolist(), hour.ts.tolist(), strict=True):
            name = hands[hand].account_id
            count[name] += 1
            if count[name] in LOOKS:
                number = str(count[name]).encode()
                made.append(Line(REQUESTS, len(made), name.encode(), number, ts, ts))
            if count[name] == TENTH and hands[hand].cohort == FARM:
                tenth[name] = ts
    return made, tenth


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
