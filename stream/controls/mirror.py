"""The mirror: the switch as it lies in the store, for the edge, which asks nobody else.

The topic is the truth. Whoever orders puts the switch here, and every worker puts it again now and
then, so that a store that was lost has it back before long.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis.exceptions import RedisError

from schemas.controls import Switch, decode_control, encode_control
from schemas.decisions import Mode
from schemas.errors import MalformedEventError, StoreError
from stream.controls.table import Controls
from stream.logs import Complaint

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

KEY: Final = "sg:mode"
AGAIN_S: Final = 15.0
LOOK_S: Final = 1.0
_PUT: Final = Path(__file__).with_name("mirror.lua").read_text("utf-8")

log = structlog.get_logger()


async def put(client: "Redis | RedisCluster", switch: Switch) -> None:
    """Put the switch where the edge looks, unless a later one is there. Raises StoreError."""
    try:
        await client.eval(_PUT, 1, KEY, encode_control(switch))
    except RedisError as error:
        raise StoreError(f"EVAL: {error}") from error


async def keep(
    client: "Redis | RedisCluster", controls: Controls, every_s: float = AGAIN_S
) -> None:
    """Put the switch again and again, until cancelled."""
    complaint = Complaint("controls.store_away", "warning")
    while True:
        if controls.switch:
            try:
                await put(client, controls.switch)
                complaint.clear()
            except StoreError as error:
                complaint.tell(error=str(error))
        await asyncio.sleep(every_s)


async def look(
    client: "Redis | RedisCluster", heed: Callable[[Mode | None], None], every_s: float = LOOK_S
) -> None:
    """Hand over the mode, None where nobody has switched, each time that it is another, until
    cancelled."""
    held: Mode | None = None
    complaint = Complaint("controls.mode_unread", "warning")
    while True:
        try:
            found: Any = await client.get(KEY)
            mode = _mode(found)
        except (RedisError, OSError, MalformedEventError) as error:
            complaint.tell(error=str(error))  # what held goes on
        else:
            complaint.clear()
            if mode != held:
                log.warning("controls.mode", mode=mode)
                held = mode
                heed(mode)
        await asyncio.sleep(every_s)


def _mode(found: bytes | None) -> Mode | None:
    control = decode_control(found) if found else None
    return control.mode if isinstance(control, Switch) else None
