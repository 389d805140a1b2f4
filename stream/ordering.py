"""Orders about campaigns, as the linker's process reads them."""

from collections.abc import Awaitable, Callable

import structlog

from schemas.controls import CampaignOrder, decode_control
from schemas.errors import MalformedEventError
from stream.broker.chunk import Chunk, Record
from stream.controls.table import Controls
from stream.link.clerk import Clerk

log = structlog.get_logger()


class Ordering:
    """Takes chunks of controls: orders about campaigns go to the clerk, in their order.

    The linker's group reads them beside the touches, so that each is carried out by the linker
    that works, and again when it was killed amid one. `catch_up`: folds what the group has
    committed.
    """

    def __init__(
        self, catch_up: Callable[[], Awaitable[None]], clerk: Clerk, controls: Controls
    ) -> None:
        self._catch_up = catch_up
        self._clerk = clerk
        self._controls = controls

    async def handle(self, chunk: Chunk) -> None:
        """Carry out what a chunk orders. Raises StoreError or EmitError: it is then not done."""
        for record in chunk.records:
            order = _order(record)
            if order is None:
                continue
            await self._catch_up()
            self._controls.take(order)  # whoever follows the topic may be behind us
            await self._clerk.carry_out(order)


def _order(record: Record) -> CampaignOrder | None:
    if record.value is None:
        return None
    try:
        control = decode_control(record.value)
    except MalformedEventError as error:
        log.error("order.unreadable", offset=record.offset, error=str(error))
        return None
    return control if isinstance(control, CampaignOrder) else None
