"""The edge's process: tokens, store, application and uvicorn, until a signal ends it."""

import gc
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)

import structlog
import uvicorn
from fastapi import FastAPI
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from edge.admission import Admission
from edge.app import create_app
from edge.appeals.watching import watch
from edge.check.desk import Desk
from edge.check.doors import Doors
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
from stream.beside import beside, has_failed
from stream.broker.connections import store_client
from stream.controls.mirror import look
from stream.logs import configure_logs
from stream.ports import refuse_taken
from stream.settings import Settings
from stream.variables import variable

# Beyond that uvicorn answers 503 at once; each waits for the store for the budget at most.
MOST_CONNECTIONS = 2_000
# Longer than gateways keep an idle connection (60 s): who closes first must not be the edge.
KEEP_ALIVE_S = 75
GRACE_S = 10

log = structlog.get_logger()


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; the exit code is 0 then, and 1 when it failed.

    Raises ConfigurationError, before anything listens, when it must not run.
    """
    edge = Edge(settings)
    refuse_taken("edge_port", settings.edge_host, settings.edge_port)
    if settings.edge_grpc_port is not None:
        refuse_taken("edge_grpc_port", settings.edge_host, settings.edge_grpc_port)
    configure_logs(settings.log_format, settings.log_level, sys.stderr)
    app = create_app(edge.doors, edge.admission, edge.metrics, edge.staff, edge.lifespan)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops gracefully and then raises the signal again; that is to end in exit code 0.
        signal.signal(number, lambda *_: None)
    # What was loaded so far lives as long as the process: no collection need look at it again.
    gc.collect()
    gc.freeze()
    server = uvicorn.Server(_config(app, settings))
    log.info("edge.starts", host=settings.edge_host, port=settings.edge_port)
    server.run()
    return 0 if server.started and not has_failed() else 1


class Edge:
    """The parts of an edge, and what runs beside its application.

    Raises ConfigurationError when settings, policy or tokens are not as they must be.
    """

    def __init__(self, settings: Settings) -> None:
        if settings.edge_tokens is None:
            raise ConfigurationError(
                f"{variable('edge_tokens')}: needed; `sluicegate token create` makes the file"
            )
        policy = load_kyc_policy(settings.kyc_policy or SHIPPED_POLICY)
        keyring = Keyring(settings.edge_tokens)
        self.metrics, self.staff = EdgeMetrics(), LiveStaff(settings)
        self.admission = Admission(keyring, self.metrics, settings.edge_rate_max)
        self._client = _client(settings)
        self._ledger = RedisLedger(self._client, tier_quotas(policy))
        self._desk = Desk(self._ledger, settings, self.metrics)
        self.doors = Doors(self._desk, settings, self.metrics)
        self._calls = self._answering(settings)

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """The store is connected, the controls are watched, and calls over gRPC are answered."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._ledger.close)
            stack.push_async_callback(self.staff.close)
            try:
                await self._ledger.open()
            except StoreError as error:
                log.error("edge.store_away", answered_by_table=0, error=str(error))
            watching = watch(self.staff.docket, self.metrics), look(self._client, self._heed)
            await stack.enter_async_context(beside(*watching))
            await stack.enter_async_context(self._calls)
            yield

    def _answering(self, settings: Settings) -> AbstractAsyncContextManager[None]:
        """Answers calls over gRPC while it is entered, where settings name a port for it."""
        port = settings.edge_grpc_port
        if port is None:
            return nullcontext()
        try:
            from edge.check.calls import answering  # noqa: PLC0415 - an extra brings what it needs
        except ImportError as error:
            told = f"{variable('edge_grpc_port')}: it needs `pip install 'sluicegate[grpc]'`"
            raise ConfigurationError(f"{told}: {error}") from error
        return answering(self.doors, self.admission, settings.edge_host, port, GRACE_S)

    def _heed(self, mode: Mode | None) -> None:
        self._ledger.heed(mode)
        self._desk.forget()
        self.metrics.shadow.set(mode == "shadow")


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
