"""How settings become connections: aiokafka's options, Faust's credentials, the store's client.

Nothing here connects; each client does at its first use.
"""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import faust
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.connection import AbstractConnection
from redis.connection import HiredisRespSerializer
from redis.exceptions import ConnectionError as ConnectionFailed
from redis.exceptions import RedisClusterException

from schemas.errors import ConfigurationError
from stream.settings import Settings
from stream.variables import variable


def kafka_options(settings: Settings) -> dict[str, Any]:
    """The options that aiokafka's consumer, producer and admin client have in common.

    Raises ConfigurationError when a TLS file cannot be used.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap,
        "security_protocol": settings.kafka_security,
    }
    if settings.kafka_security.endswith("SSL"):
        options["ssl_context"] = _kafka_tls(settings)
    if settings.kafka_security.startswith("SASL_"):
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_sasl_username,
            "sasl_plain_password": _kafka_password(settings),
        }
    return options


def producer_options(settings: Settings) -> dict[str, Any]:
    """The options of a producer that hands over whole batches and waits for their ack."""
    return kafka_options(settings) | {
        "acks": "all",
        "linger_ms": 0,
        # One message fits whatever it holds, and a chunk's decisions go out in few batches:
        # at aiokafka's 16 KiB, 2,000 decisions are 60 round trips.
        "max_batch_size": 900_000,
        "max_request_size": 1 << 20,
    }


def faust_credentials(settings: Settings) -> Any:
    """What Faust's `broker_credentials` wants; None for a connection in the clear.

    Raises ConfigurationError when a TLS file cannot be used.
    """
    context = _kafka_tls(settings) if settings.kafka_security.endswith("SSL") else None
    if settings.kafka_security.startswith("SASL_"):
        return faust.SASLCredentials(
            username=settings.kafka_sasl_username,
            password=_kafka_password(settings),
            mechanism=settings.kafka_sasl_mechanism,
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context)


def store_client(settings: Settings) -> "Redis | RedisCluster":
    """A client of the store, answers as bytes; not connected yet."""
    seconds = settings.store_timeout_ms / 1_000
    options: dict[str, Any] = {"socket_timeout": seconds, "socket_connect_timeout": seconds}
    if settings.store_username is not None:
        options["username"] = settings.store_username
    if settings.store_password is not None:
        options["password"] = settings.store_password.get_secret_value()
    if settings.store_ca is not None:
        options["ssl_ca_certs"] = str(settings.store_ca)
    if settings.store_cluster:
        return _Cluster.from_url(settings.store_url, **options)
    client = Redis.from_url(settings.store_url, **options)
    pool = client.connection_pool
    # redis-py's asynchronous connections pack in Python, at 0.5 µs an argument: a batch of 200
    # accounts has 1,200 of them, 1 ms of it. hiredis takes a sixth of that.
    packed = {"pack_command": staticmethod(HiredisRespSerializer().pack)}
    pool.connection_class = type("Packed", (Heedful, pool.connection_class), packed)
    return client


class Heedful(AbstractConnection):
    """A connection that passes on a cancellation. redis-py sends in `asyncio.wait_for`, which in
    Python 3.11 may swallow one: a task that is told to end then goes on for ever."""

    async def send_packed_command(self, *told: Any, **named: Any) -> None:
        """As redis-py has it."""
        task = asyncio.current_task()
        before = task.cancelling() if task else 0
        await super().send_packed_command(*told, **named)
        if task and task.cancelling() > before:
            await self.disconnect(nowait=True)  # nobody will read the answer
            raise asyncio.CancelledError


class _Cluster(RedisCluster):
    """A cluster that is away as a server is: redis-py's own error for it is no RedisError, so that
    nobody who waits for a store, or answers without one, would know it."""

    async def initialize(self, *told: Any, **named: Any) -> "_Cluster":
        """As RedisCluster.initialize. Raises RedisError alone."""
        try:
            await super().initialize(*told, **named)
        except RedisClusterException as error:
            raise ConnectionFailed(str(error)) from error
        return self


def _kafka_password(settings: Settings) -> str | None:
    secret = settings.kafka_sasl_password
    return None if secret is None else secret.get_secret_value()


def _kafka_tls(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca)
    except ssl.SSLError as error:
        raise _unusable("kafka_ca", settings.kafka_ca, error) from error
    if settings.kafka_cert is not None:
        try:
            context.load_cert_chain(settings.kafka_cert, settings.kafka_key)
        except ssl.SSLError as error:
            raise _unusable("kafka_cert", settings.kafka_cert, error) from error
    return context


def _unusable(name: str, file: Path | None, error: ssl.SSLError) -> ConfigurationError:
    return ConfigurationError(f"{variable(name)}: {file} cannot be used: {error}")
