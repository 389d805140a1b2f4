"""Nothing personal is kept: planted values are looked for in all that a run leaves behind."""

import asyncio
import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp

from kyc.lists.folder import Folder
from kyc.lists.imports import import_list
from kyc.lists.kinds import Kind
from kyc.lists.roll import Roll
from stream.broker.connections import store_client
from stream.broker.topics import topics
from stream.know.rescreener import key as rescreened
from stream.lines import ACCOUNTS, REQUESTS, Line, lines
from stream.settings import Settings
from tests.e2e.live import Live, Worker, living, on_both_pairs
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
# What others write, who say in it what they like.
THEIRS: Final = {"requests", "accounts", "labels"}
UN: Final = (
    "<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>{}</FIRST_NAME>"
    "</INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>"
)
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
    """Not in the store, the topics that we write, the metrics or the logs; with a list that one of
    them is on, and so with names that are kept for the next list."""
    lists = tmp_path / "lists"
    listed = tmp_path / "un.xml"
    listed.write_text(UN.format(PLANTED["owner"]))
    import_list(Folder(lists), Kind.UN_NAMES, [listed], datetime.now(UTC))
    options = {"log_level": "debug", "lists_dir": str(lists)}
    with living(broker, store_url, tmp_path, "personal", **options) as live:
        left = asyncio.run(_run(live))
    told = {"decisions", "dead-letters", "touches", "store", "metrics", "logs"}
    assert all(left[name] for name in told), {name: len(text) for name, text in left.items()}
    values = {value.lower() for value in PLANTED.values()} | set(PIECES)
    found = {(name, v) for name, text in left.items() for v in values if v in text.lower()}
    assert not found


async def _run(live: Live) -> dict[str, str]:
    settings = live.settings()
    await _screened(settings)
    running = [live.start(), live.start("linker")]
    await live.send(events(), RATE)
    await live.all_done()
    metrics = [await _metrics(live, one) for one in running]
    for one in running:
        assert await one.stop() == 0
    prefix = settings.topic("")
    names = [topic.name.removeprefix(prefix) for topic in topics(settings)]
    left = {name: _text(await live.values(name)) for name in names if name not in THEIRS}
    payloads = [json.loads(letter)["payload"] for letter in left["dead-letters"].splitlines()]
    left["dead-letters"] += _text([b64decode(payload) for payload in payloads])
    return left | {
        "store": await _stored(settings),
        "metrics": "".join(metrics),
        "logs": "".join(one.log.read_text("utf-8") for one in running),
    }


async def _screened(settings: Settings) -> None:
    """All names were compared with these lists: nobody adds events to those that are counted."""
    client = store_client(settings)
    await client.set(rescreened(Roll.load(settings.lists_dir).version), "done")
    await client.aclose()


async def _metrics(live: Live, process: Worker) -> str:
    told: list[str] = []

    async def answers() -> bool:
        try:
            async with session.get(f"http://127.0.0.1:{process.port}/metrics") as answer:
                told.append(await answer.text())
        except aiohttp.ClientConnectorError:
            return False  # it is starting
        return True

    async with aiohttp.ClientSession() as session:
        await live.until(answers, every=0.1)
    return told[0]


def _text(values: list[bytes]) -> str:
    return "\n".join(value.decode("utf-8", "replace") for value in values)


async def _stored(settings: Settings) -> str:
    """Every key, and every value as it lies there; a shared mailbox is there as its hash."""
    client: Any = store_client(settings)
    keys = [key async for key in client.scan_iter(count=1_000)]
    values: list[bytes] = []
    for key in keys:
        match await client.type(key):
            case b"string":
                values.append(await client.get(key))
            case b"hash":
                values += [part for pair in (await client.hgetall(key)).items() for part in pair]
            case kind:
                assert kind == b"zset", key
                values += await client.zrange(key, 0, -1)
    await client.aclose()
    for kept in (b":n:mailbox:", b":v:acc-"):
        assert any(kept in key for key in keys), kept
    return _text([*keys, *values])
