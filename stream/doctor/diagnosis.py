"""A diagnosis: every check, in the order of what is nearest."""

import asyncio
from datetime import date

from stream.doctor.broker import check_broker
from stream.doctor.check import Check
from stream.doctor.deciding import check_deciding
from stream.doctor.installation import check_packages, check_pepper, check_runtime
from stream.doctor.sources import check_geography, check_lists
from stream.doctor.store import check_store
from stream.settings import Settings


async def diagnose(settings: Settings) -> list[Check]:
    """Look at the installation, the files, the broker and the store; changes nothing.

    Bounded by the time limits of the broker's and the store's clients.
    """
    broker, store = await asyncio.gather(check_broker(settings), check_store(settings))
    own = [check_packages(), check_runtime(), check_pepper(settings), *check_deciding(settings)]
    today = date.today()  # noqa: DTZ011 - a day
    files = [*check_lists(settings, today), *check_geography(settings, today)]
    return [*own, *files, *broker, *store]
