"""Who re-screens when lists of names change: one of all workers, in a process of its own.

The store says which lists all names were compared with, and who does so now.
"""

import asyncio
import hashlib
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

BEAT_S: Final = 30.0
SILENT_S: Final = 120  # whoever compares says so every half a minute; or has died
AGAIN_S: Final = 600
KEPT_S: Final = 400 * 86_400

Run = Callable[[], Coroutine[Any, Any, str]]
"""Compares all known names; what went wrong, empty where nothing did."""

log = structlog.get_logger()


class Rescreener:
    """Has all known names compared with a roll, once."""

    def __init__(self, client: "Redis | RedisCluster", run: Run) -> None:
        self._client = client
        self._run = run
        self._done = ""

    async def __call__(self, roll: str) -> None:
        """Unless somebody has compared or compares with this very roll. Never raises: what fails
        is told, and tried again in ten minutes."""
        if not roll or roll == self._done:
            return
        try:
            if await self._client.set(key(roll), "begun", nx=True, ex=SILENT_S):
                await self._compare(roll)
            elif await self._client.get(key(roll)) == b"done":
                self._done = roll
        except RedisError as error:
            log.warning("rescreening.store_away", error=str(error))

    async def _compare(self, roll: str) -> None:
        log.info("rescreening.begun", roll=roll)
        wrong = await self._beating(asyncio.create_task(self._run()), key(roll))
        if wrong:
            log.error("rescreening.failed", error=wrong)
            await self._client.set(key(roll), "failed", ex=AGAIN_S)
            return
        await self._client.set(key(roll), "done", ex=KEPT_S)
        self._done = roll
        log.info("rescreening.done", roll=roll)

    async def _beating(self, running: "asyncio.Task[str]", place: str) -> str:
        """What a run comes to, which others leave alone meanwhile."""
        try:
            while not (await asyncio.wait({running}, timeout=BEAT_S))[0]:
                await self._client.expire(place, SILENT_S)
            return await running
        finally:
            running.cancel()


async def run_rescreen() -> str:
    """`sluicegate kyc rescreen`: as a process it takes no time from the stream. Its environment is
    this one's."""
    command = (sys.executable, "-m", "stream", "kyc", "rescreen")
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
    except OSError as error:
        return str(error)
    try:
        _, told = await process.communicate()
    finally:
        if process.returncode is None:  # the worker ends; the run is repeated whole
            process.kill()
    return "" if process.returncode == 0 else told.decode("utf-8", "replace")[-500:] or "failed"


def key(roll: str) -> str:
    """Key of what became of the comparison with a roll."""
    return f"sg:rescreened:{hashlib.sha256(roll.encode()).hexdigest()[:16]}"
