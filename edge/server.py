"""The edge's process: tokens, store, application and uvicorn, until a signal ends it."""

import asyncio
import gc
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import structlog
import uvicorn
from fastapi import FastAPI
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from edge.app import create_app
from edge.appeals.watching import watch
from edge.check.ledger import RedisLedger
from edge.check.quotas import tier_quotas
from edge.controls.staff import LiveStaff
from edge.metrics import EdgeMetrics
from edge.protocol import BoundedProtocol
from edge.tokens import Keyring
from kyc.policy import SHIPPED as SHIPPED_POLICY
from kyc.policy import load_kyc_policy
from schemas.decisions import Mode
from schemas.errors import ConfigurationError, StoreError
from stream.broker.connections import store_client
from stream.controls.mirror import look
from stream.logs import configure_logs
from stream.settings import Settings, variable

# Beyond that uvicorn answers 503 at once; each waits for the store for the budget at most.
MOST_CONNECTIONS = 2_000
# Longer than gateways keep an idle connection (60 s): who closes first must not be the edge.
KEEP_ALIVE_S = 75
GRACE_S = 10

log = structlog.get_logger()


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; the exit code is 0 then, and 1 when it could not start.

    Raises ConfigurationError, before anything listens, when it must not run.
    """
    if settings.edge_tokens is None:
        raise ConfigurationError(
            f"{variable('edge_tokens')}: needed; `sluicegate token create` makes the file"
        )
    policy = load_kyc_policy(settings.kyc_policy or SHIPPED_POLICY)
    keyring = Keyring(settings.edge_tokens)
    configure_logs(settings.log_format, settings.log_level, sys.stderr)
    client = _client(settings)
    ledger = RedisLedger(client, tier_quotas(policy))
    metrics, staff = EdgeMetrics(), LiveStaff(settings)
    lifespan = _connected(client, ledger, staff, metrics)
    app = create_app(settings, ledger, keyring, metrics, staff, lifespan)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops gracefully and then raises the signal again; that is to end in exit code 0.
        signal.signal(number, lambda *_: None)
    # What was loaded so far lives as long as the process: no collection need look at it again.
    gc.collect()
    gc.freeze()
    server = uvicorn.Server(_config(app, settings))
    log.info("edge.starts", host=settings.edge_host, port=settings.edge_port)
    server.run()
    return 0 if server.started else 1


def _config(app: object, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # uvicorn's ASGI types are its own
        host=settings.edge_host,
        port=settings.edge_port,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )


def _client(settings: Settings) -> "Redis | RedisCluster":
    client = store_client(settings)
    # Asked twice, a bucket pays twice; and there is no time for a second try.
    client.set_retry(Retry(NoBackoff(), 0))
    return client


def _connected(
    client: "Redis | RedisCluster", ledger: RedisLedger, staff: LiveStaff, metrics: EdgeMetrics
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    def heed(mode: Mode | None) -> None:
        ledger.heed(mode)
        metrics.shadow.set(mode == "shadow")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            await ledger.open()
        except StoreError as error:
            log.error("edge.store_away", answered_by_table=0, error=str(error))
        tasks = [
            asyncio.create_task(watch(staff.docket, metrics)),
            asyncio.create_task(look(client, heed)),
        ]
        yield
        for task in tasks:
            task.cancel()
        await staff.close()
        await ledger.close()

    return lifespan
