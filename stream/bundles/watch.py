"""The watch: follows a store of bundles, and puts another panel in place when the roles change.

Reading, digests, signature, sessions and golden rows are a thread's work. The loop only takes the
reference to what is ready.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from schemas.errors import ConfigurationError
from stream.bundles.bounds import Bounds
from stream.bundles.meters import BundleMeters, Part
from stream.bundles.opening import Opener, open_chosen
from stream.bundles.panel import Panel, Seat, Trial
from stream.bundles.roles import Deed, Roles
from stream.bundles.store import BundleStore
from stream.decide.court import wall_clock
from stream.decide.opening import court_of
from stream.decide.statute import Bars
from stream.logs import Complaint
from stream.metrics import Metrics
from stream.settings import Settings

EVERY_S: Final = 1.0

Put = Callable[[Panel], None]
CountHits = Callable[[str, int], None]

log = structlog.get_logger()


class Watch:
    """One worker's eye on a store. `panel` is what decides; `heed` hands on bars to it."""

    def __init__(
        self, settings: Settings, store: BundleStore, meters: BundleMeters, count_hits: CountHits
    ) -> None:
        """Open what decides now. Raises ModelError, PolicyError or ConfigurationError.

        count_hits: told the name of a rule and how many events it held for.
        """
        self._settings = settings
        self._store = store
        self._meters = meters
        self._count_hits = count_hits
        self._opener = Opener(settings)
        self._open: dict[str, Seat] = {}
        self._refused: dict[str, str] = {}
        self._failures = deque[tuple[Trial, str]]()  # canaries to end in the store, and why
        self._ended: set[tuple[str, int]] = set()  # all of them, by bundle and when they began
        self._complaint = Complaint("bundle.store_unusable")
        self._bars: Bars | None = None
        self._put: Put | None = None
        self._stamp = store.stamp()
        self._roles = self._prepare()
        if self._roles.current not in self._open:
            told = self._refused.get(self._roles.current, "no bundle was promoted yet")
            raise ConfigurationError(f"{store.path}: {told}")
        self.panel = self._seat()

    def heed(self, bars: Bars) -> None:
        """Take no action by a score below its bar from now on, in every panel to come."""
        self._bars = bars
        self.panel.heed(bars)

    async def run(self, put: Put, every_s: float = EVERY_S) -> None:
        """Call `put` with each new panel, until cancelled."""
        self._put = put
        while True:
            await asyncio.sleep(every_s)
            try:
                await self._look()
                while self._failures:
                    await asyncio.to_thread(self._end, *self._failures[0])
                    self._failures.popleft()
                self._complaint.clear()
            except (ConfigurationError, OSError) as error:
                # What decides goes on deciding; the store is looked at again in a moment.
                self._complaint.tell(error=str(error))

    async def _look(self) -> None:
        """Put another panel in place where the store says so."""
        stamp = await asyncio.to_thread(self._store.stamp)
        if stamp == self._stamp and not self._refused:
            return
        held = set(self._open)
        roles = await asyncio.to_thread(self._prepare)
        changed = stamp != self._stamp or set(self._open) != held
        self._stamp = stamp
        if roles.current in self._open and changed:
            self._roles = roles
            kept = {roles.current, roles.previous, *roles.beside}
            self._open = {version: seat for version, seat in self._open.items() if version in kept}
            self._swap()

    def _swap(self) -> None:
        self.panel = self._seat()
        self._meters.swaps.inc()
        log.info("bundle.swapped", roles=self._meters.about().splitlines())
        if self._put:
            self._put(self.panel)

    def _prepare(self) -> Roles:
        """Open what has a role and is not open yet; remember what must not be taken, and why."""
        roles, refused = self._store.roles(), dict[str, str]()
        for version in (roles.current, *roles.beside):
            if version and version not in self._open:
                try:
                    self._open[version] = self._opened(version)
                except ConfigurationError as error:
                    refused[version] = str(error)
        for version in refused.keys() - self._refused.keys():
            self._meters.refused.inc()
            log.error("bundle.refused", bundle=version, reason=refused[version])
        self._refused = refused
        return roles

    def _opened(self, version: str) -> Seat:
        bundle = self._opener.kept(self._store, version)
        court = court_of(bundle, self._settings, wall_clock, self._count_hits)
        return Seat(version, court, bundle.policy)

    def _seat(self) -> Panel:
        """The panel of the roles, as far as their bundles are open."""
        roles, seats, bounds = self._roles, self._open, bounds_of(self._settings)
        trial = None
        if roles.candidate in seats and (roles.candidate, roles.since) not in self._ended:
            trial = Trial(seats[roles.candidate], roles.share, roles.since, bounds)
        shadows = [seats[version] for version in roles.shadows if version in seats]
        told, failed = self._meters.told, self.fail
        panel = Panel(seats[roles.current], trial, shadows, told=told, failed=failed)
        if self._bars is not None:
            panel.heed(self._bars)
        self._meters.seated(_parts(panel.current, trial, shadows))
        return panel

    def fail(self, trial: Trial, reason: str) -> None:
        """The canary is over in this worker at once, in all of them when the store has it."""
        if (trial.seat.bundle, trial.since) in self._ended:  # of a batch that was under way
            return
        self._meters.refused.inc()
        log.error("bundle.canary_failed", bundle=trial.seat.bundle, reason=reason)
        self._ended.add((trial.seat.bundle, trial.since))
        self._failures.append((trial, reason))
        self._swap()

    def _end(self, trial: Trial, reason: str) -> None:
        """Withdraw it in the store, unless another worker or a person has. Raises OSError."""

        def is_on(roles: Roles) -> bool:
            return (roles.candidate, roles.since) == (trial.seat.bundle, trial.since)

        def step(roles: Roles) -> Roles:
            if not is_on(roles):
                raise ConfigurationError(f"{trial.seat.bundle}: its canary was ended meanwhile")
            return roles.withdraw(trial.seat.bundle)

        if is_on(self._store.roles()):
            deed = Deed(f"worker on {socket.gethostname()}", reason, wall_clock())
            self._store.change("rollback", trial.seat.bundle, step, deed)


class Settled:
    """What decides where no store is named: always the same."""

    def __init__(self, settings: Settings, meters: BundleMeters, count_hits: CountHits) -> None:
        """Open it. Raises ModelError, PolicyError or ConfigurationError."""
        bundle = open_chosen(settings)
        court = court_of(bundle, settings, wall_clock, count_hits)
        seat = Seat(bundle.version, court, bundle.policy)
        self.panel = Panel(seat)
        self.heed = self.panel.heed
        meters.seated(_parts(seat, None, ()))

    async def run(self, _: Put) -> None:
        """There is nothing to watch."""


def open_watch(settings: Settings, metrics: Metrics) -> Watch | Settled:
    """What decides in a worker, as settings say. Raises ModelError, PolicyError or
    ConfigurationError."""
    told = metrics.bundles, metrics.count_rule
    if settings.bundles is None:
        return Settled(settings, *told)
    return Watch(settings, BundleStore(settings.bundles), *told)


def bounds_of(settings: Settings) -> Bounds:
    """When a canary has failed, as settings say."""
    return Bounds(
        settings.canary_events,
        settings.canary_actions,
        settings.canary_scores,
        settings.canary_latency,
    )


def _parts(current: Seat, trial: Trial | None, shadows: Sequence[Seat]) -> list[Part]:
    share = trial.share if trial else 0.0
    parts = [_part("current", current, 1.0 - share)]
    if trial:
        parts.append(_part("candidate", trial.seat, share))
    return [*parts, *(_part("shadow", seat, 0.0) for seat in shadows)]


def _part(role: str, seat: Seat, share: float) -> Part:
    return Part(role, seat.bundle, *seat.court.versions, seat.court.engine, share)
