"""What an account takes in the store after 30 days: `python -m bench.memory`.

A campaign at 26 requests a day, as alleged, and people in chats at about the same mean rate, are
simulated for 31 days, replayed through the live path, and written into the embedded store. The
figure is the server's own MEMORY USAGE of each key, its overhead included.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from redis import Redis

from bench.gates import gate
from bench.processes import use_two_cores
from simulate.abuse.campaigns import Campaign
from simulate.honest.chat import ChatPeople
from simulate.population import Population
from simulate.scenarios import Scenario
from stream.broker.connections import store_client
from stream.demo.embedded import embedded_store
from stream.keys import state_key
from stream.lines import REQUESTS, lines
from stream.logs import configure_logs
from stream.redis_store import RedisStore
from stream.replay import replay
from stream.settings import load_settings
from stream.store import Entry, MemoryStore

DAYS = 31.0
# Half of the people's days are idle, and their rates are spread widely.
COHORTS = (
    Campaign(share=0.5, staggered=0.0),
    ChatPeople(share=0.5, median_per_day=40.0, most_per_day=80.0, joining=0.0),
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What the accounts of a cohort take, bytes, and how many requests they made."""

    cohort: str
    state: np.ndarray[tuple[int], np.dtype[np.int64]]
    memory: np.ndarray[tuple[int], np.dtype[np.int64]]
    requests: int


async def _states(population: Population) -> tuple[dict[str, bytes], dict[str, int]]:
    """The packed state and the number of requests of each account."""
    store, made = MemoryStore(), dict.fromkeys((t.account_id for t in population.truths()), 0)

    def bodies() -> Iterator[bytes]:
        for event, block in _blocks(population):
            made[event] += 1
            yield block

    await replay(lines(REQUESTS, bodies()), {REQUESTS: gate(store).handle})
    return store.states, made


def _blocks(population: Population) -> Iterator[tuple[str, bytes]]:
    for block in population.request_lines():
        for line in lines(REQUESTS, block.data.splitlines()):
            yield (line.key or b"").decode(), line.value


async def _write(url: str, states: dict[str, bytes]) -> None:
    store = RedisStore(store_client(load_settings(store_url=url)))
    await store.write([Entry(account, state) for account, state in states.items()])
    await store.close()


def measure(accounts: int) -> list[Usage]:
    """The usage of each cohort."""
    use_two_cores()
    population = Population(Scenario("memory", accounts, DAYS, COHORTS))
    states, made = asyncio.run(_states(population))
    with embedded_store() as server:
        asyncio.run(_write(server.address, states))
        client = Redis.from_url(server.address)
        taken = {a: int(client.memory_usage(state_key(a), samples=0)) for a in states}  # type: ignore[arg-type]  # redis-py types it for asyncio, too
        client.close()
    members: dict[str, list[str]] = {}
    for truth in population.truths():
        if truth.account_id in states:
            members.setdefault(truth.cohort, []).append(truth.account_id)
    return [
        Usage(
            cohort,
            np.array([len(states[a]) for a in names]),
            np.array([taken[a] for a in names]),
            sum(made[a] for a in names),
        )
        for cohort, names in members.items()
    ]


def table(usages: list[Usage]) -> str:
    """Markdown: requests a day, bytes of the state, bytes in the store."""
    rows = [
        "| cohort | accounts | requests a day | state, median B | in the store, median B | p95 B |",
        "| --- |" + " ---: |" * 5,
    ]
    for u in usages:
        per_day = u.requests / len(u.state) / DAYS
        rows.append(
            f"| {u.cohort} | {len(u.state):,} | {per_day:.1f} | {np.median(u.state):,.0f} "
            f"| {np.median(u.memory):,.0f} | {np.quantile(u.memory, 0.95):,.0f} |"
        )
    return "\n".join(rows)


def main() -> None:
    """Measure once, print Markdown."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory")
    parser.add_argument("--accounts", type=int, default=300)
    configure_logs("console", "warning", sys.stderr)
    print(table(measure(parser.parse_args().accounts)))


if __name__ == "__main__":
    main()
