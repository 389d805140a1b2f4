"""Nothing personal is kept: planted values are looked for in all that a run leaves behind."""

import asyncio
import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import aiohttp
from redis.asyncio import Redis

from stream.broker.connections import store_client
from stream.replay import ACCOUNTS, REQUESTS, Line, lines
from stream.settings import Settings
from tests.e2e.live import Live, living, on_both_pairs
from tests.servers import Broker

NOW: Final = 1_780_000_000_000
RATE: Final = 2_000.0
# Every kind of personal value, each in a spelling that nothing else has; and pieces of them.
PLANTED: Final = {
    "email": "Zebulon.Quackenbush+tag77@unheard-of-zebra.example",
    "name": "Zebulon Quackenbush",
    "business_name": "Quackenbush Zither Works Ltd",
    "ip": "198.51.100.177",
    "device_id": "device-8f3c-zebra",
    "user_agent": "zebra-agent/77.7",
    "phone": "+4915177788899",
    "fingerprint": "card-zebra-4242",
    "bin": "41717171",
    "document_hash": "passport-zebra-9",
    "registration_number": "HRB 717171",
    "domain": "unheard-of-zebra.example",
    "birth_date": "1971-07-17",
    "owner": "Wilhelmina Quackenbush",
    "prompt": "tell zebulon how the zither of the quackenbushes is tuned",
    "system": "thou servest the quackenbush zither works alone",
}
# Letters alone: four digits are in any log by chance.
PIECES: Final = ("quackenbush", "zebulon", "wilhelmina", "zither", "zebra")


def told(account: int) -> Iterator[dict[str, Any]]:
    """Everything that an account can tell."""
    p = PLANTED
    signup = ("email", "name", "business_name", "ip", "device_id", "user_agent")
    yield {"type": "account.created", "referrer": p["name"], **{k: p[k] for k in signup}}
    yield {"type": "email.verified", "email": p["email"]}
    yield {"type": "email.changed", "email": p["email"].upper()}
    yield {"type": "phone.verified", "phone": p["phone"]}
    card = {k: p[k] for k in ("fingerprint", "bin", "name")}
    yield {"type": "payment_method.added", "funding": "prepaid", "issuer": p["name"], **card}
    yield {"type": "payment.failed", "fingerprint": p["fingerprint"]}
    yield {"type": "domain.verified", "domain": p["domain"]}
    person = {k: p[k] for k in ("name", "birth_date", "document_hash")}
    yield {"type": "identity.checked", "vendor": "v", "result": "review", "country": "DE", **person}
    owner = {"name": p["owner"], "country": "KP", "share": 0.7}
    firm = {k: p[k] for k in ("business_name", "registration_number")}
    yield {"type": "business.checked", "vendor": "v", "result": "pass", "country": "DE", **firm} | {
        "owners": [owner]
    }
    seen = {k: p[k] for k in ("ip", "device_id", "user_agent")}
    yield {"type": "login.failed", **seen}
    # Cannot be read, and must not be quoted: a value in the wrong place, and one of a wrong type.
    yield {"type": p["name"], "email": p["email"]}
    yield {"type": "phone.verified", "phone": p["name"]}
    yield {"type": "email.verified", "email": [p["email"]]}
    if account % 2:
        yield {"type": "account.closed"}


def events() -> list[Line]:
    """Accounts that share all of it, and their requests."""
    found, asked = [], []
    for account in range(6):
        common = {"account_id": f"acc-{account}"}
        for n, fields in enumerate(told(account)):
            found.append(common | {"event_id": f"e{account}-{n}", "ts": NOW + n, **fields})
        seen = {k: PLANTED[k] for k in ("ip", "device_id", "user_agent", "prompt", "system")}
        for n in range(5):
            ids = {"event_id": f"r{account}-{n}", "ts": NOW + 1_000 * n, "model": "m"}
            asked.append(common | ids | seen)
    bodies = ([json.dumps(e).encode() for e in part] for part in (found, asked))
    return [
        line
        for topic, part in zip((ACCOUNTS, REQUESTS), bodies, strict=True)
        for line in lines(topic, part)
    ]


@on_both_pairs
def test_nothing_personal_is_left_behind(broker: Broker, store_url: str, tmp_path: Path) -> None:
    """Not in the store, the topics that we write, the metrics or the logs."""
    with living(broker, store_url, tmp_path, "personal", log_level="debug") as live:
        left = asyncio.run(_run(live))
    assert all(left.values()), {name: len(text) for name, text in left.items()}
    values = {value.lower() for value in PLANTED.values()} | set(PIECES)
    found = {(name, v) for name, text in left.items() for v in values if v in text.lower()}
    assert not found


async def _run(live: Live) -> dict[str, str]:
    worker = live.start()
    await live.send(events(), RATE)
    await live.all_done()
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{worker.port}/metrics") as answer,
    ):
        metrics = await answer.text()
    assert await worker.stop() == 0
    letters = await live.values("dead-letters")
    payloads = [b64decode(json.loads(letter)["payload"]) for letter in letters]
    return {
        "decisions": _text(await live.values("decisions")),
        "dead-letters": _text([*letters, *payloads]),
        "store": await _stored(live.settings()),
        "metrics": metrics,
        "logs": worker.log.read_text("utf-8"),
    }


def _text(values: list[bytes]) -> str:
    return "\n".join(value.decode("utf-8", "replace") for value in values)


async def _stored(settings: Settings) -> str:
    """Every key, and every value as it lies there; a shared mailbox is there as its hash."""
    client: Redis = store_client(settings)
    keys = [key async for key in client.scan_iter(count=1_000)]
    values = []
    for key in keys:
        kind = await client.type(key)
        if kind == b"string":
            values.append(await client.get(key))
        else:
            assert kind == b"zset", key
            values += [member for member, _ in await client.zrange(key, 0, -1, withscores=True)]
    await client.aclose()
    assert any(b":n:mailbox:" in key for key in keys)
    return _text([*keys, *values])
