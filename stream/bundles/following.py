"""The policy of a store's current bundle, for processes that need nothing else of a bundle."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from schemas.errors import ConfigurationError
from stream.beside import beside
from stream.bundles.opening import chosen_policy
from stream.bundles.store import BundleStore, Stamp
from stream.bundles.watch import EVERY_S
from stream.decide.policy import Policy
from stream.logs import Complaint
from stream.settings import Settings


@asynccontextmanager
async def following_policy(
    settings: Settings, heed: Callable[[Policy], None], every_s: float = EVERY_S
) -> AsyncIterator[None]:
    """Hand over the policy of the current bundle after every act, while the block lasts.

    One that is refused is told, and the one before goes on. Without a store there is nothing to
    follow.
    """
    if settings.bundles is None:
        yield
        return
    store = BundleStore(settings.bundles)
    async with beside(_go_along(settings, store, heed, every_s)):
        yield


async def _go_along(
    settings: Settings, store: BundleStore, heed: Callable[[Policy], None], every_s: float
) -> None:
    held, complaint = Stamp(), Complaint("bundle.refused")
    while True:
        try:
            if (stamp := await asyncio.to_thread(store.stamp)) != held:
                heed(await asyncio.to_thread(chosen_policy, settings))
            held = stamp
            complaint.clear()
        except (ConfigurationError, OSError) as error:
            complaint.tell(reason=str(error))
        await asyncio.sleep(every_s)
