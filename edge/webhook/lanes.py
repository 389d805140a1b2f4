"""Takes deliveries to one endpoint: an account's in order, accounts side by side."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from edge.webhook.delivery import MAX_BODY_BYTES, Delivery, Erasure
from edge.webhook.endpoints import Endpoint
from edge.webhook.meters import Meters
from edge.webhook.rest import Rest
from edge.webhook.schedule import delay
from edge.webhook.sender import Answer, Outcome, Sender
from edge.webhook.shelf import Shelf
from schemas.errors import SluicegateError

Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]
# Later tries may take a quarter of what may be in flight: accounts that hang must not fill it.
RETRY_SHARE: Final = 4

log = structlog.get_logger()


class EndpointGoneError(SluicegateError):
    """The endpoint answered 410: nothing is to be sent there any more."""


@dataclass(slots=True)
class Lane:
    """One account's deliveries. parked: some wait in the store, and all others behind them."""

    waiting: deque[Delivery | Erasure] = field(default_factory=deque)
    parked: bool = False
    due: bool = False
    task: "asyncio.Task[None] | None" = None


class Lanes:
    """The lanes of one endpoint; only this touches its sender and its parked deliveries.

    done: called with each thing taken as soon as a crash could not lose it any more.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        sender: Sender,
        shelf: Shelf,
        meters: Meters,
        *,
        spawn: Spawn,
        done: Callable[[Delivery | Erasure], None],
    ) -> None:
        self._endpoint, self._sender, self._shelf, self._meters = endpoint, sender, shelf, meters
        self._spawn, self._done = spawn, done
        self._slots = asyncio.Semaphore(endpoint.concurrency)
        self._rest = Rest(endpoint.concurrency)
        self._lanes: dict[str, Lane] = {}
        self._closing = False
        self.waiting = 0
        self.parked = 0
        self.retrying = 0
        self.moved = asyncio.Event()

    def found(self, account: str, parked: int) -> None:
        """Tell what the store holds of an account, before any of its deliveries is taken."""
        self._lane(account).parked = True
        self._count_parked(parked)

    def take(self, taken: Delivery | Erasure) -> None:
        """Deliver it, or forget its account, when the account's earlier ones are through."""
        lane = self._lane(taken.account_id)
        lane.waiting.append(taken)
        self._count_waiting(1)
        self._start(taken.account_id, lane)

    def retry(self, account: str) -> None:
        """Try the account's first parked delivery, which is due; nothing while one is tried."""
        lane = self._lane(account)
        if not lane.due and not self._closing:
            lane.parked = lane.due = True
            self.retrying += 1
            self._start(account, lane)

    @property
    def spare(self) -> int:
        """How many more accounts may be retried now."""
        return max(1, self._endpoint.concurrency // RETRY_SHARE) - self.retrying

    async def close(self, grace_s: float) -> None:
        """End the tries under way, those that take longer without an answer; forget the rest."""
        self._closing = True
        tasks = [lane.task for lane in self._lanes.values() if lane.task]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._lanes.clear()
        self._count_waiting(-self.waiting)
        self._count_parked(-self.parked)
        self.retrying = 0
        self._closing = False

    def _lane(self, account: str) -> Lane:
        return self._lanes.setdefault(account, Lane())

    def _start(self, account: str, lane: Lane) -> None:
        if lane.task is None and not self._closing:
            lane.task = self._spawn(self._run(account, lane))

    async def _run(self, account: str, lane: Lane) -> None:
        try:
            await self._serve(account, lane)
        except Exception:
            self._closing = True  # the session is over: its group takes no new task
            raise

    async def _serve(self, account: str, lane: Lane) -> None:
        while (lane.due or lane.waiting) and not self._closing:
            if lane.due:
                await self._retry(account, lane)
                lane.due = False
                self.retrying -= 1
            else:
                await self._next(lane)
        lane.task = None
        if not lane.parked and not self._closing:
            del self._lanes[account]

    async def _next(self, lane: Lane) -> None:
        taken = lane.waiting[0]
        if isinstance(taken, Erasure):
            await self._shelf.erase(taken.account_id, taken.partition)
            lane.parked = False
        elif len(taken.body) > MAX_BODY_BYTES:
            await self._refuse(taken)
        elif lane.parked:
            await self._park(taken, _now_ms())
        else:
            await self._deliver(lane, taken)
        lane.waiting.popleft()
        self._count_waiting(-1)
        self._done(taken)

    async def _deliver(self, lane: Lane, delivery: Delivery) -> None:
        answer = await self._try(delivery)
        if answer.outcome is Outcome.FAILED:
            tried = delivery.failed(answer.detail)
            # The schedule has an entry at least: a first failure is never the last.
            wait = delay(self._endpoint.retries_s, 1, answer.wait_s, random.random) or 0.0
            lane.parked = True
            await self._park(tried, _now_ms(wait))

    async def _retry(self, account: str, lane: Lane) -> None:
        while first := await self._shelf.first(account):
            if self._closing or not await self._settle(first):
                return
        lane.parked = False

    async def _settle(self, first: Delivery) -> bool:
        """Try the first delivery of a queue; whether the one behind it has its turn."""
        answer = await self._try(first)
        if answer.outcome is Outcome.DELIVERED:
            self._gone(await self._shelf.delivered(first, _now_ms()))
            return True
        tried = first.failed(answer.detail)
        wait = delay(self._endpoint.retries_s, tried.tries, answer.wait_s, random.random)
        if wait is not None:
            await self._shelf.later(first, tried, _now_ms(wait))
            return False
        self._tell_dead(tried)
        self._gone(await self._shelf.bury(first, tried, _now_ms()))
        await self._trim()
        return True

    def _gone(self, left: int) -> None:
        self._count_parked(-1 if left >= 0 else 0)

    async def _park(self, delivery: Delivery, due: int) -> None:
        if await self._shelf.park(delivery, due):
            self._count_parked(1)

    async def _refuse(self, delivery: Delivery) -> None:
        tried = delivery.failed(f"{len(delivery.body)} bytes, more than {MAX_BODY_BYTES}")
        await self._shelf.refuse(tried, _now_ms())
        self._tell_dead(tried)
        await self._trim()

    async def _trim(self) -> None:
        """Keep the dead within their bound, and tell what that costs."""
        name, most = self._endpoint.name, self._endpoint.dead_max
        if dropped := await self._shelf.trim(most):
            self._meters.dropped.labels(name).inc(dropped)
            log.error("webhook.dropped", endpoint=name, dropped=dropped, dead_max=most)

    async def _try(self, delivery: Delivery) -> Answer:
        name = self._endpoint.name
        async with self._slots:
            await self._rest.over()
            began = time.monotonic()
            answer = await self._sender.post(delivery)
        self._meters.try_seconds.labels(name).observe(time.monotonic() - began)
        self._meters.tries.labels(name, answer.outcome).inc()
        if answer.outcome is Outcome.GONE:
            raise EndpointGoneError(answer.detail)
        if answer.outcome is Outcome.DELIVERED:
            late = max(0.0, time.time() - delivery.decided_at / 1_000)
            self._meters.delay_seconds.labels(name).observe(late)
        self._rest.hear(answer)
        return answer

    def _tell_dead(self, delivery: Delivery) -> None:
        name = self._endpoint.name
        self._meters.dead.labels(name).inc()
        log.error(
            "webhook.dead",
            endpoint=name,
            decision_id=delivery.decision_id,
            account_id=delivery.account_id,
            tries=delivery.tries,
            error=delivery.error,
        )

    def _count_waiting(self, more: int) -> None:
        self.waiting += more
        self._meters.waiting.labels(self._endpoint.name).set(self.waiting)
        self.moved.set()

    def _count_parked(self, more: int) -> None:
        self.parked += more
        self._meters.parked.labels(self._endpoint.name).set(self.parked)
        self.moved.set()


def _now_ms(later_s: float = 0.0) -> int:
    return int((time.time() + later_s) * 1_000)
