"""A process that asks: `python -m tests.integration.asker STORE_URL QUOTA`.

For each line with a number on standard input it asks that often at once for one account, through
the desk as an edge does, and answers with a JSON line: how many were granted, how many refused,
and how many of both the failure table answered so far.
"""

import asyncio
import sys

import msgspec
import uvloop
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from edge.check.asks import Ask
from edge.check.desk import Desk
from edge.check.ledger import RedisLedger
from edge.check.quotas import Quota
from edge.metrics import EdgeMetrics
from stream.logs import configure_logs
from stream.settings import load_settings

DAY_MS = 86_400_000  # a bucket that does not refill within a test


async def main(store_url: str, quota: int) -> None:
    """Until standard input ends."""
    configure_logs("json", "warning", sys.stderr)
    # A budget that a busy machine cannot use up, and refusals that are not remembered.
    settings = load_settings(
        store_url=store_url,
        edge_budget_ms=10_000,
        edge_denial_ms=0,
        edge_failure="deny,deny,deny,deny",
    )
    metrics = EdgeMetrics()
    client = Redis.from_url(store_url)
    client.set_retry(Retry(NoBackoff(), 0))  # as edge/server.py has it
    ledger = RedisLedger(client, {0: [Quota("requests", "requests", quota, DAY_MS)]})
    await ledger.open()
    desk = Desk(ledger, settings, metrics)
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        verdicts = await asyncio.gather(
            *(desk.answer(Ask("one", tier=0)) for _ in range(int(line)))
        )
        told = {
            "granted": sum(verdict.status == 200 for verdict in verdicts),
            "refused": sum(verdict.status == 429 for verdict in verdicts),
            "by_table": metrics.registry.get_sample_value(
                "sluicegate_edge_fallbacks_total", {"tier": "0", "answer": "deny"}
            ),
        }
        print(msgspec.json.encode(told).decode(), flush=True)
    await ledger.close()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
