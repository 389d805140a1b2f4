"""Every process that decides follows the topic `controls`: all orders, then each new one."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import structlog
from aiokafka import ConsumerRecord

from schemas.controls import Control, decode_control
from schemas.errors import MalformedEventError
from stream.broker import following as broker
from stream.settings import Settings

Take = Callable[[Control], None]
Forget = Callable[[str], None]

log = structlog.get_logger()


def following(settings: Settings, take: Take, forget: Forget) -> AbstractAsyncContextManager[None]:
    """Hand over every order that holds, then each new one while the block lasts. `forget`: hears
    the keys of orders about accounts that are erased.

    Raises ConfigurationError when the broker cannot be read at the start. Later `take` is asked
    for nothing while the broker is away: what held goes on.
    """

    def read(record: ConsumerRecord) -> None:
        if record.value is None:
            forget((record.key or b"").decode("utf-8", "replace"))
            return
        try:
            take(decode_control(record.value))
        except MalformedEventError as error:
            # Of a newer version, perhaps: the orders that are known go on.
            log.error("controls.unreadable", offset=record.offset, error=str(error))

    return broker.following(settings, "controls", 1, read)
