"""The proof: everything that may hold something of an account is looked into, again and again for
as long as an erasure may take."""

import asyncio
import time
from typing import Final

from edge.erased import keys, messages
from edge.erased.finding import Finding, Verdict
from stream.broker.connections import store_client
from stream.decode.hashing import KeyedHasher
from stream.settings import Settings

PAUSE_S: Final = 2.0


async def prove(
    settings: Settings, account: str, wait_s: float, told: messages.Told
) -> list[Finding]:
    """What is held of an account anywhere; while anything is left, looked for again for `wait_s`.

    `told`: takes what is being read, and how much of it was. Raises StoreError and
    ConfigurationError.
    """
    until = time.monotonic() + wait_s
    while True:
        found = await _look(settings, account, told)
        if not is_left(found) or time.monotonic() >= until:
            return found
        await asyncio.sleep(PAUSE_S)


def is_left(found: list[Finding]) -> bool:
    """Whether something is held that does not go by itself."""
    return any(one.verdict is Verdict.LEFT for one in found)


async def _look(settings: Settings, account: str, told: messages.Told) -> list[Finding]:
    stand_in = KeyedHasher(settings.pepper_bytes()).value("account", account)
    client = store_client(settings)
    try:
        held = await keys.search(client, account, stand_in, lambda count: told("store", count))
    finally:
        await client.aclose()
    return held + await messages.search(settings, account, told)
