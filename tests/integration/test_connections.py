"""Settings reach the servers as they say: over TLS, with a user, as a cluster."""

import asyncio
import hashlib
import secrets
import subprocess
from pathlib import Path

import pytest
from redis.asyncio import RedisCluster
from redis.exceptions import RedisError

from schemas.errors import ConfigurationError, StoreError
from stream.broker.connections import faust_credentials, kafka_options, store_client
from stream.demo.embedded import free_port
from stream.redis_store import RedisStore
from stream.settings import Settings, load_settings
from stream.store import Entry
from tests.servers import missing, redis_store

PASSWORD = secrets.token_hex(8)
needs_redis = [
    pytest.mark.redis,
    pytest.mark.skipif(missing("redis-server"), reason="apt-get install redis-server"),
]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += [
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=store",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    command += ["-addext", "keyUsage=critical,digitalSignature,keyCertSign"]
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


async def ping(settings: Settings) -> bool:
    client = store_client(settings)
    try:
        return bool(await client.ping())
    finally:
        await client.aclose()


async def test_no_cancellation_is_swallowed(store_url: str) -> None:
    """Wherever a call is in its course: a loop that went on could be ended by nobody."""
    client = store_client(load_settings(store_url=store_url))
    await client.ping()
    for turns in range(30):
        call = asyncio.create_task(client.get("a"))
        for _ in range(turns):
            await asyncio.sleep(0)
        heard = call.cancel()
        await asyncio.wait([call])
        assert call.cancelled() is heard, turns
    assert await client.ping()
    await client.aclose()


class TestStore:
    """On Debian's redis-server."""

    pytestmark = needs_redis

    async def test_tls_trusts_the_named_authority_only(
        self, certificate: tuple[Path, Path], tmp_path: Path
    ) -> None:
        """With its authority the store answers; without, the connection is refused."""
        cert, key = certificate
        port = str(free_port())
        options = ["--tls-port", port, "--tls-cert-file", str(cert), "--tls-key-file", str(key)]
        with redis_store(tmp_path, *options, "--tls-auth-clients", "no"):
            url = f"rediss://127.0.0.1:{port}/0"
            assert await ping(load_settings(store_url=url, store_ca=cert))
            with pytest.raises(RedisError, match="certificate"):
                await ping(load_settings(store_url=url))

    async def test_a_user_and_password_open_the_store(self, tmp_path: Path) -> None:
        """ACL users come from the settings; without them the store does not answer."""
        rules = ["on", f"#{_sha256(PASSWORD)}", "~*", "&*", "+@all"]
        with redis_store(tmp_path, "--user", "ada", *rules, "--user", "default", "off") as url:
            known = load_settings(store_url=url, store_username="ada", store_password=PASSWORD)
            assert await ping(known)
            with pytest.raises(RedisError, match="authenticated"):
                await ping(load_settings(store_url=url))

    async def test_a_cluster_is_followed(self, tmp_path: Path) -> None:
        """A client of a cluster knows which node has which slot."""
        bus = str(free_port())
        with redis_store(tmp_path, "--cluster-enabled", "yes", "--cluster-port", bus) as url:
            await _own_every_slot(url)
            client = store_client(load_settings(store_url=url, store_cluster=True))
            assert isinstance(client, RedisCluster)
            await client.set("{7}:account", b"state")
            assert await client.get("{7}:account") == b"state"
            await client.aclose()


async def _own_every_slot(url: str) -> None:
    single = store_client(load_settings(store_url=url))
    await single.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
    async with asyncio.timeout(10):
        while b"cluster_state:ok" not in await single.execute_command("CLUSTER", "INFO"):  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.02)
    await single.aclose()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_kafka_in_the_clear_has_no_credentials() -> None:
    """Faust's default is kept for it."""
    assert faust_credentials(load_settings()) is None
    assert "ssl_context" not in kafka_options(load_settings())


def test_kafka_over_tls_verifies_the_brokers(certificate: tuple[Path, Path]) -> None:
    """The context asks for a certificate of the right name, and shows ours."""
    cert, key = certificate
    settings = load_settings(kafka_security="SSL", kafka_ca=cert, kafka_cert=cert, kafka_key=key)
    context = kafka_options(settings)["ssl_context"]
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1
    assert faust_credentials(settings).protocol.value == "SSL"


@pytest.mark.parametrize(("security", "with_tls"), [("SASL_PLAINTEXT", False), ("SASL_SSL", True)])
def test_sasl_is_the_same_for_faust_and_for_aiokafka(security: str, with_tls: bool) -> None:
    """Both get mechanism, user name and password, over TLS only where asked for."""
    settings = load_settings(
        kafka_security=security,
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_sasl_username="ada",
        kafka_sasl_password=PASSWORD,
    )
    options, credentials = kafka_options(settings), faust_credentials(settings)
    assert options["sasl_plain_password"] == credentials.password == PASSWORD
    assert options["sasl_mechanism"] == credentials.mechanism.value
    assert credentials.protocol.value == security
    assert ("ssl_context" in options) is with_tls


@pytest.mark.parametrize("name", ["kafka_ca", "kafka_cert"])
def test_a_file_that_is_no_certificate_is_named(
    name: str, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    """The setting and the file are in the message."""
    broken = tmp_path / "broken.pem"
    broken.write_text("not a certificate")
    files = {"kafka_cert": certificate[0], "kafka_key": certificate[1]} | {name: broken}
    settings = load_settings(kafka_security="SSL", **files)
    with pytest.raises(ConfigurationError, match=f"SLUICEGATE_{name.upper()}: {broken}"):
        kafka_options(settings)


async def test_a_cluster_that_is_away_is_waited_for() -> None:
    """As a single server is: it is a StoreError, and not an end."""
    nowhere = f"redis://127.0.0.1:{free_port()}"
    store = RedisStore(store_client(load_settings(store_url=nowhere, store_cluster=True)))
    with pytest.raises(StoreError):
        await store.load(["ada"])
    with pytest.raises(StoreError):
        await store.write([Entry("ada", b"state")])
    await store.close()
