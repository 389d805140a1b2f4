"""Webhooks from the decisions topic to endpoints, by processes and brokers that are killed, and to
endpoints that misbehave."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.integration.receivers import PATIENCE_S, Deliveries, Receiver, decision, receiving
from tests.servers import Broker, embedded_store, kafka_broker, kafka_node

ACCOUNTS = [f"account-{n}" for n in range(12)]

on_embedded = pytest.mark.parametrize(
    ("broker", "store_url"), [("embedded", "embedded")], indirect=True, scope="session"
)


@pytest.fixture
def deliveries(broker: Broker, store_url: str, tmp_path: Path, topic: str) -> Iterator[Deliveries]:
    """A topic and endpoints of the test's own."""
    with delivering(broker, store_url, tmp_path, topic) as made:
        yield made


@contextmanager
def delivering(broker: Broker, store_url: str, folder: Path, name: str) -> Iterator[Deliveries]:
    """Ends at the end what still runs."""
    made = Deliveries(broker, store_url, folder, name)
    try:
        yield made
    finally:
        made.end()


def rounds(numbers: range) -> list[dict[str, Any]]:
    """One decision about each account per number."""
    return [decision(account, number) for number in numbers for account in ACCOUNTS]


def expected(numbers: range) -> dict[str, list[str]]:
    """The ids of these decisions by account, in order."""
    return {account: [f"{account}-{number}" for number in numbers] for account in ACCOUNTS}


def stumbling() -> Receiver:
    """A receiver that refuses every thirteenth webhook of an account at its first try."""

    def answer(receiver: Receiver, told: dict[str, Any]) -> web.Response:
        first = receiver.heard[told["account_id"]].count(told["decision_id"]) == 1
        return web.Response(status=500 if first and told["ts"] % 13 == 0 else 200)

    return Receiver(answer)


def refusing(status: int, **headers: str) -> Receiver:
    """A receiver that takes nothing."""
    return Receiver(lambda *_: web.Response(status=status, headers=headers))


@on_embedded
async def test_a_killed_deliverer_loses_nothing_and_keeps_the_order(deliveries: Deliveries) -> None:
    """Killed in the middle, started again twice: each decision, each account's in order."""
    receiver = stumbling()
    await deliveries.make_topics()
    await deliveries.send(rounds(range(20)))
    async with receiving(receiver):
        deliveries.configure(gateway={"url": receiver.url, "retries_s": [0.2] * 9})
        first = deliveries.start()
        await deliveries.until(lambda: receiver.count() >= 100)
        first.kill()
        first.wait()
        await deliveries.send(rounds(range(20, 30)))
        deliveries.start()
        deliveries.start()
        await deliveries.until(lambda: receiver.count() == 30 * len(ACCOUNTS))
    assert receiver.first_taken() == expected(range(30))


@pytest.mark.kafka
async def test_a_killed_broker_loses_nothing_and_keeps_the_order(
    tmp_path: Path, kafka_libs: Path
) -> None:
    """Kafka is killed in the middle; when it is back the deliverer goes on by itself."""
    receiver = stumbling()
    with embedded_store() as url, kafka_broker(tmp_path, kafka_libs) as broker:
        port = int(broker.address.rpartition(":")[2])
        with delivering(broker, url, tmp_path, "killed") as deliveries:
            await deliveries.make_topics()
            await deliveries.send(rounds(range(30)))
            async with receiving(receiver):
                deliveries.configure(gateway={"url": receiver.url, "retries_s": [0.2] * 9})
                deliveries.start()
                await deliveries.until(lambda: receiver.count() >= 100)
                os.kill(broker.pid, signal.SIGKILL)
                with kafka_node(tmp_path, kafka_libs, port):
                    await deliveries.until(lambda: receiver.count() == 30 * len(ACCOUNTS))
                    deliveries.end()
    assert receiver.first_taken() == expected(range(30))


@on_embedded
async def test_endpoints_that_hang_or_fail_hold_nobody_back(deliveries: Deliveries) -> None:
    """The healthy one hears everything while one says nothing and one refuses."""
    healthy, hanging, failing = Receiver(), Receiver(lambda *_: None), refusing(500)
    await deliveries.make_topics()
    await deliveries.send(rounds(range(20)))
    async with receiving(healthy, hanging, failing):
        deliveries.configure(
            healthy={"url": healthy.url},
            hanging={"url": hanging.url},
            failing={"url": failing.url, "retries_s": [0.1]},
        )
        deliveries.start()
        await deliveries.until(lambda: healthy.count() == 20 * len(ACCOUNTS))
        await deliveries.until(lambda: hanging.heard and failing.heard)
    assert healthy.first_taken() == expected(range(20))
    assert hanging.count() == failing.count() == 0


@on_embedded
async def test_a_stopped_deliverer_ends_well(deliveries: Deliveries) -> None:
    """With exit code 0 in the middle of its work; the next one goes on, and nothing is lost."""
    receiver = Receiver()
    await deliveries.make_topics()
    await deliveries.send(rounds(range(10)))
    async with receiving(receiver):
        deliveries.configure(gateway={"url": receiver.url})
        process = deliveries.start()
        await deliveries.until(lambda: receiver.count() >= 50)
        process.terminate()
        assert await asyncio.to_thread(process.wait, PATIENCE_S) == 0
        deliveries.start()
        await deliveries.until(lambda: receiver.count() == 10 * len(ACCOUNTS))
    assert receiver.first_taken() == expected(range(10))


@on_embedded
async def test_dead_deliveries_are_listed_and_replayed(deliveries: Deliveries) -> None:
    """Given up after the last try; listed; delivered when they are replayed by command."""
    receiver = refusing(500)
    await deliveries.make_topics()
    await deliveries.send([decision("a", 1), decision("a", 2)])
    async with receiving(receiver):
        deliveries.configure(gateway={"url": receiver.url, "retries_s": [0.1]})
        deliveries.start()
        await deliveries.until(lambda: len(receiver.heard["a"]) == 4)
        receiver.answer = lambda *_: web.Response()
        listed = await deliveries.command("dead", "gateway")
        assert "a-1" in listed.stdout
        assert "status 500" in listed.stdout
        replayed = await deliveries.command("replay", "gateway", "--all")
        assert replayed.exit_code == 0, replayed.stdout
        await deliveries.until(lambda: receiver.taken["a"] == ["a-1", "a-2"])
        assert (await deliveries.command("dead", "gateway")).exit_code == 0


@on_embedded
async def test_gone_switches_the_endpoint_off_until_it_is_enabled(deliveries: Deliveries) -> None:
    """410: nothing more is posted, it is told so, and what waits comes after `enable`."""
    receiver = refusing(410)
    await deliveries.make_topics()
    await deliveries.send([decision("a", 1)])
    async with receiving(receiver):
        deliveries.configure(gateway={"url": receiver.url})
        deliveries.start()
        await deliveries.until(lambda: bool(receiver.heard["a"]))
        await deliveries.send([decision("a", 2)])
        assert "410" in (await deliveries.command("list")).stdout
        assert len(receiver.heard["a"]) == 1
        receiver.answer = lambda *_: web.Response()
        assert (await deliveries.command("enable", "gateway")).exit_code == 0
        await deliveries.until(lambda: receiver.taken["a"] == ["a-1", "a-2"])


@on_embedded
async def test_an_endpoint_is_switched_off_while_it_is_delivered_to(deliveries: Deliveries) -> None:
    """`disable` ends its session: what is decided from then on comes after `enable`."""
    receiver = Receiver()
    await deliveries.make_topics()
    await deliveries.send([decision("a", 1)])
    async with receiving(receiver):
        deliveries.configure(gateway={"url": receiver.url})
        deliveries.start()
        await deliveries.until(lambda: receiver.taken["a"] == ["a-1"])
        assert (await deliveries.command("disable", "gateway")).exit_code == 0
        await deliveries.until(lambda: "webhook.switched_off" in deliveries.log())
        await deliveries.send([decision("a", 2)])
        assert "off: by hand" in (await deliveries.command("list")).stdout
        assert receiver.heard["a"] == ["a-1"]
        assert (await deliveries.command("enable", "gateway")).exit_code == 0
        await deliveries.until(lambda: receiver.taken["a"] == ["a-1", "a-2"])


@on_embedded
async def test_what_waits_for_an_erased_account_goes(deliveries: Deliveries) -> None:
    """Parked deliveries are forgotten when the account's erasure is told; others stay."""
    receiver = refusing(500)
    await deliveries.make_topics()
    await deliveries.send([decision("a", 1), decision("b", 1)])
    async with receiving(receiver):
        deliveries.configure(gateway={"url": receiver.url, "retries_s": [0.1]})
        deliveries.start()
        await deliveries.until(lambda: len(receiver.heard["a"]) == len(receiver.heard["b"]) == 2)
        event = {"event_id": "e", "account_id": "a", "ts": 1, "type": "account.erased"}
        await deliveries.send([event], "accounts")
        listed = ""
        async with asyncio.timeout(PATIENCE_S):
            while "b-1" not in listed or "a-1" in listed:
                listed = (await deliveries.command("dead", "gateway")).stdout
