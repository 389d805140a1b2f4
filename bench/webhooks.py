"""Webhooks a second, while one endpoint hangs and one fails: `python -m bench.webhooks`.

Decisions come at an even rate, half of `--rate`; two healthy endpoints hear each of them, so
`--rate` webhooks a second are due to those two. Another endpoint accepts and never answers, another
answers 500. Latency is from when a decision was due until it is at an endpoint. Producer and
receivers share the two cores with broker, store and deliverer. With `--kill` the deliverer, and
Apache Kafka where it is the broker, are killed by SIGKILL in the middle and started again.
"""

import argparse
import asyncio
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import yaml
from aiokafka import AIOKafkaProducer

from bench.processes import cpu_seconds
from bench.receivers import Arrivals, Receivers, receivers
from bench.rig import LIBS, BrokerName, open_rig, running
from stream.broker.connections import producer_options
from stream.settings import Settings
from tests.servers import kafka_node

SECRET: Final = "whsec_c2x1aWNlZ2F0ZS1iZW5jaG1hcmstc2VjcmV0LW9ubHk="  # noqa: S105 - of the bench
HEALTHY: Final = ("healthy-0", "healthy-1")
OTHERS: Final = ("hanging", "failing")
ACCOUNTS: Final = 5_000
REASONS: Final = 5
WARM_S: Final = 5.0  # joining the groups
SLACK_S: Final = 30.0


def main() -> None:
    """Measure once, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=1_000, help="webhooks a second, healthy ones")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--broker", choices=["embedded", "kafka"], default="embedded")
    parser.add_argument("--kill", action="store_true", help="deliverer and Kafka, amid it")
    given = parser.parse_args()
    measure(given.rate, given.seconds, given.broker, kill=given.kill)


def measure(rate: int, seconds: float, broker: BrokerName, *, kill: bool) -> None:
    """Deliver for some seconds; prints what came where, and when."""
    with (
        receivers(*HEALTHY, *OTHERS) as doors,
        open_rig(broker, "embedded") as rig,
        ExitStack() as stack,
    ):
        file = _endpoints(rig.folder, doors.ports)

        def start() -> int:
            process = running(rig, "-m", "stream", "webhooks", webhooks=file)
            return stack.enter_context(process).pid

        def strike() -> None:
            _kill(pids.pop())
            if broker == "kafka":
                _kill(rig.servers["broker"])
                port = int(rig.settings.kafka_bootstrap.rpartition(":")[2])
                stack.enter_context(kafka_node(rig.folder, Path(os.environ[LIBS]), port))
            pids.append(start())

        pids = [start()]
        time.sleep(WARM_S)
        before = cpu_seconds(pids[0])
        count = int(rate / 2 * seconds)
        due = asyncio.run(_produce(rig.settings, count, rate / 2, strike if kill else None))
        came = _await(doors, len(due))
        _print(came, due, None if kill else cpu_seconds(pids[0]) - before)


def _kill(pid: int) -> None:
    """Kill a child, and wait until it is gone; whoever started it still collects it."""
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def _endpoints(folder: Path, ports: dict[str, int]) -> Path:
    usual = {"secrets": [{"key": SECRET}], "allow_http": True, "allow_private": True}
    listed = [
        {"name": name, "url": f"http://127.0.0.1:{port}/", **usual} for name, port in ports.items()
    ]
    file = folder / "webhooks.yaml"
    file.write_text(yaml.safe_dump({"endpoints": listed}))
    return file


async def _produce(
    settings: Settings, count: int, rate: float, strike: Callable[[], None] | None
) -> dict[str, float]:
    """Send decisions at an even rate, and strike in the middle; when each was due, s since the
    epoch."""
    due: dict[str, float] = {}
    topic, began = settings.topic("decisions"), time.time()
    struck = None
    async with AIOKafkaProducer(**producer_options(settings)) as producer:
        for number in range(count):
            if number == count // 2 and strike:
                struck = asyncio.create_task(asyncio.to_thread(strike))
            when = began + number / rate
            if (ahead := when - time.time()) > 0:
                await asyncio.sleep(ahead)
            account = f"account-{number * 7_919 % ACCOUNTS}"
            due[f"{account}/{number}"] = when
            message = msgspec.json.encode(_decision(account, number, int(when * 1_000)))
            partition = number * 7_919 % ACCOUNTS % settings.partitions
            await producer.send(topic, message, key=account.encode(), partition=partition)
        await producer.flush()
    if struck:
        await struck
    return due


def _decision(account: str, number: int, at: int) -> dict[str, Any]:
    reason = {"code": "requests_high", "text": "requests in an hour", "value": 9.5, "weight": 1.5}
    return {
        "decision_id": f"{account}/{number}",
        "account_id": account,
        "event_id": f"e{number}",
        "cause": "request",
        "ts": at,
        "decided_at": at,
        "action": "rate_limit",
        "score": 0.9,
        "kyc_tier": 1,
        "kyc_score": 0.2,
        "limits": {"requests_per_minute": 10, "tokens_per_minute": 10_000},
        "reasons": [reason] * REASONS,
        "model_version": "bench",
        "policy_version": "bench",
        "mode": "enforce",
        "expires_at": at + 86_400_000,
    }


def _await(doors: Receivers, count: int) -> dict[str, Arrivals]:
    deadline = time.monotonic() + SLACK_S
    while True:
        came = doors.count()
        whole = all(len({name for name, _ in came[door]}) >= count for door in HEALTHY)
        if whole or time.monotonic() > deadline:
            return came
        time.sleep(0.5)


def _print(came: dict[str, Arrivals], due: dict[str, float], cpu: float | None) -> None:
    print(
        "| endpoint | webhooks | a second | lost | repeated | out of order | p50 ms | p99 ms |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    )
    for door in (*HEALTHY, *OTHERS):
        print(f"| {door} | {_row(came[door], due, taken=door in HEALTHY)} |")
    delivered = sum(len(came[door]) for door in HEALTHY)
    tries = sum(map(len, came.values()))
    if cpu is not None:
        print(f"\nDeliverer: {cpu / tries * 1e6:,.0f} µs CPU a try, of {tries:,} tries")
    print(f"\n{delivered:,} to healthy endpoints in {_span(came, due):.1f} s")


def _row(arrivals: Arrivals, due: dict[str, float], *, taken: bool) -> str:
    if not taken:
        return f"{len(arrivals):,} tries | | | | | |"
    first = dict(reversed(arrivals))
    rate = len(first) / (max(first.values()) - min(due.values()))
    late = [1_000 * (at - due[name]) for name, at in first.items()]
    p50, p99 = np.percentile(late, (50, 99))
    counts = f"{len(due) - len(first)} | {len(arrivals) - len(first)} | {_disorder(arrivals)}"
    return f"{len(first):,} | {rate:,.0f} | {counts} | {p50:,.1f} | {p99:,.1f}"


def _disorder(arrivals: Arrivals) -> int:
    """First arrivals that came after a later one of the same account."""
    latest: dict[str, int] = defaultdict(lambda: -1)
    wrong = 0
    for name in dict.fromkeys(name for name, _ in arrivals):
        account, _, number = name.partition("/")
        wrong += int(number) < latest[account]
        latest[account] = max(latest[account], int(number))
    return wrong


def _span(came: dict[str, Arrivals], due: dict[str, float]) -> float:
    return max(at for door in HEALTHY for _, at in came[door]) - min(due.values())


if __name__ == "__main__":
    main()
