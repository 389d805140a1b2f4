"""What a swap of bundles costs the events of that second: `python -m bench.swap`.

Load as in bench/latency.py, a decision on every request; meanwhile bundle after bundle becomes the
current one, each new to the worker, which has to read, verify, open and prove it. A swap is where
the first decision carries the next bundle's policy version; its second begins half a second
before, so that the opening is in it. Each second has its p99, from when an event was due until
its decision was written: the swaps' seconds beside all the others of the same run.
"""

import argparse
import asyncio
import time
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from bench.events import fill, interleaved, requests
from bench.latency import LAST_LIMIT_S, Decided, decided, event_id, produce
from bench.rig import BrokerName, StoreName, open_rig, running
from bench.throughput import LIMIT_S, work_off
from scorers import Device
from scorers.shipped import SHIPPED as MODEL
from stream.bundles.building import build
from stream.bundles.roles import Deed
from stream.bundles.store import BundleStore
from stream.decide.policy import SHIPPED as POLICY
from stream.decide.policy import load_policy
from stream.lines import Line
from stream.settings import Settings

# The first seconds of a run are not usual ones yet.
SETTLING_S = 3.0


def _bundles(folder: Path, count: int) -> tuple[BundleStore, list[str]]:
    """A store of as many bundles: the shipped model under policies of different versions."""
    store, text = BundleStore(folder / "bundles"), POLICY.read_text()
    held, versions = load_policy().version, []
    for number in range(count):
        policy = folder / f"{number}.yaml"
        policy.write_text(text.replace(f'version: "{held}"', f'version: "bench-{number}"'))
        content = build(MODEL, policy, folder / f"bundle-{number}")
        store.add(content)
        versions.append(content.version)
    return store, versions


async def _promote(store: BundleStore, versions: list[str], every_s: float) -> None:
    """Let each of them decide in its turn."""
    for version in versions:
        await asyncio.sleep(every_s)
        _let_decide(store, version)


def _let_decide(store: BundleStore, version: str) -> None:
    deed = Deed("bench", "", int(time.time() * 1_000))
    store.change("promote", version, lambda roles: roles.promote(version), deed)


async def _measured(
    settings: Settings,
    store: BundleStore,
    versions: list[str],
    events: list[Line],
    rate: float,
    every_s: float,
) -> tuple[NDArray[np.float64], list[Decided]]:
    """When each event was due, s since the epoch, and what came of it."""
    wanted = {event_id(line.value) for line in events}
    async with asyncio.TaskGroup() as group:
        decisions = group.create_task(decided(settings, wanted, len(events) / rate + LAST_LIMIT_S))
        await asyncio.sleep(1.0)  # the consumer begins at the topic's end
        due = time.time() + 0.5 + np.arange(len(events)) / rate
        group.create_task(produce(settings, events, due.tolist()))
        group.create_task(_promote(store, versions, every_s))
    found = decisions.result()
    return due, [found[event_id(line.value)] for line in events]


def seconds(
    due: NDArray[np.float64], found: list[Decided]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """p99 of each usual second, and of each second of a swap, s."""
    written = np.array([one.written for one in found])
    policy = np.array([one.policy_version for one in found])
    latency = written - due
    swaps = sorted(written[policy == version].min() for version in np.unique(policy))[1:]
    of_swap = np.zeros(len(due), bool)
    during = []
    for moment in swaps:
        here = np.abs(written - moment) <= 0.5
        during.append(np.quantile(latency[here], 0.99))
        of_swap |= here
    second = np.floor(due - due[0]).astype(np.int64)
    usual = [
        np.quantile(latency[(second == s) & ~of_swap], 0.99)
        for s in range(int(SETTLING_S), int(second[-1]))
        if ((second == s) & ~of_swap).any()
    ]
    return np.array(usual), np.array(during)


def measure(
    broker: BrokerName,
    store: StoreName,
    accounts: int,
    warm: int,
    rate: float,
    swaps: int,
    every_s: float,
    scorer: Device,
    folder: Path,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """p99 of the usual seconds and of those of swaps, s."""
    traffic = requests(accounts)
    bundles, (first, *others) = _bundles(folder, swaps + 1)
    _let_decide(bundles, first)
    with open_rig(broker, store, decisions="all", bundles=bundles.path, scorer=scorer) as rig:
        asyncio.run(fill(rig.settings, interleaved(list(islice(traffic, warm)))))
        with running(rig) as worker:
            work_off(worker, warm, LIMIT_S, "warming")
            lasting = every_s * (swaps + 1) + SETTLING_S
            events = interleaved(list(islice(traffic, int(rate * lasting))))
            told = _measured(rig.settings, bundles, others, events, rate, every_s)
            return seconds(*asyncio.run(told))


def table(usual: NDArray[np.float64], during: NDArray[np.float64], rate: float) -> str:
    """Markdown: quantiles of the seconds' p99 in ms."""
    rows = [
        "| events/s | seconds | how many | p99 ms: median | of 9 in 10 | most | ratio of medians |",
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for what, found in (("usual", usual), ("of a swap", during)):
        told = " | ".join(f"{1e3 * q:.0f}" for q in np.quantile(found, (0.5, 0.9, 1)))
        ratio = np.median(found) / np.median(usual)
        rows.append(f"| {rate:,.0f} | {what} | {len(found)} | {told} | {ratio:.2f} |")
    return "\n".join(rows)


def main() -> None:
    """Measure once, print Markdown."""
    parser = argparse.ArgumentParser(prog="python -m bench.swap")
    parser.add_argument("--broker", choices=("embedded", "kafka"), default="embedded")
    parser.add_argument("--store", choices=("embedded", "redis"), default="embedded")
    parser.add_argument("--accounts", type=int, default=5_000)
    parser.add_argument("--warm", type=int, default=50_000)
    parser.add_argument("--rate", type=float, default=5_000.0)
    parser.add_argument("--swaps", type=int, default=8)
    parser.add_argument("--every", type=float, default=4.0)
    parser.add_argument("--scorer", choices=get_args(Device), default="cpu")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="sluicegate-bench-") as folder:
        told = measure(
            given.broker,
            given.store,
            given.accounts,
            given.warm,
            given.rate,
            given.swaps,
            given.every,
            given.scorer,
            Path(folder),
        )
    print(table(*told, given.rate))


if __name__ == "__main__":
    main()
