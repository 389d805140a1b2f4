"""A panel: the courts of all bundles that have a role. What decides is swapped with it, as one.

The current bundle decides; the candidate decides about its share of the accounts, by a hash of
the account, so that an account stays with one bundle; shadows score everything, after all is
decided and written, and decide nothing. A panel never changes but for its bars and its
sums, since a batch that it has scored may be judged much later, and twice: a swap puts another
panel in its place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from stream.bundles.bounds import Bounds, exceeded
from stream.bundles.comparison import Comparison, Scores, compare
from stream.decide.charter import NO_CHARTER, Charter
from stream.decide.court import Court, Verdict
from stream.decide.matter import Matter
from stream.decide.policy import Policy
from stream.decide.statute import Bars
from stream.learn.drift import Served

Mask = NDArray[np.bool_]
Told = Callable[[str, Comparison], None]
"""Takes what was found of a batch, with the bundle that was compared."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A bundle, its court, and the policy that the court goes by."""

    bundle: str
    court: Court
    policy: Policy


@dataclass(slots=True)
class Trial:
    """A canary: who it decides about, and what came of it since it was last judged.

    since: when it began, ms.
    """

    seat: Seat
    share: float
    since: int
    bounds: Bounds
    found: Comparison = field(default_factory=Comparison)
    seconds: float = 0.0
    """That it took to score since the last review."""

    def chooses(self, accounts: Sequence[str]) -> Mask:
        """Which accounts it decides about: others for each bundle, else always the same suffer."""
        seed = int(self.seat.bundle[-8:], 16)
        drawn = [xxh3_64_intdigest(account.encode(), seed) for account in accounts]
        chosen: Mask = np.array(drawn, np.uint64) < np.uint64(self.share * 2**64)
        return chosen


Failed = Callable[[Trial, str], None]
"""Takes a canary that has failed, and why."""


class Panel:
    """The courts of the bundles in use. `told` and `failed` are called from `review`."""

    def __init__(
        self,
        current: Seat,
        trial: Trial | None = None,
        shadows: Sequence[Seat] = (),
        *,
        told: Told = lambda *_: None,
        failed: Failed = lambda *_: None,
    ) -> None:
        self.current = current
        self._trial = trial
        self._shadows = shadows
        self._told = told
        self._failed = failed
        self._seconds = 0.0  # that the current one took to score since the last review

    @property
    def served(self) -> Served:
        """What to hold the rows that are served against."""
        court = self.current.court
        return Served(court.versions[0], court.summary)

    def heed(self, bars: Bars) -> None:
        """Take no action by a score below its bar from now on, whichever bundle decides."""
        rivals = [*self._shadows, *([self._trial.seat] if self._trial else [])]
        for seat in (self.current, *rivals):
            seat.court.heed(bars)

    def score(self, matter: Matter, /) -> Scores:
        """Scores 0-1 of the events, each by the bundle that decides about its account."""
        began = perf_counter()
        if self._trial is None:
            scores = self.current.court.score(matter)
            self._seconds += perf_counter() - began
            return scores
        tried = self._tried(self._trial, matter)
        scores = np.empty(len(tried))
        began = perf_counter()
        scores[~tried] = self.current.court.score(matter.take(~tried))
        passed = perf_counter()
        scores[tried] = self._trial.seat.court.score(matter.take(tried))
        self._seconds += passed - began
        self._trial.seconds += perf_counter() - passed
        return scores

    def conduct(self, matter: Matter, /) -> Scores:
        """Scores by conduct alone, each by the same bundle; not in the time that is compared."""
        scores = np.empty(len(matter.rows))
        for court, mine in self._deciding(matter):
            scores[mine] = court.conduct(matter.take(mine))
        return scores

    def judge(
        self,
        header: NDArray[np.void],
        matter: Matter,
        scores: Scores,
        charter: Charter = NO_CHARTER,
    ) -> list[Verdict]:
        """As a court's, each account by its bundle; those of one account in order of arrival."""
        if self._trial is None:
            return self.current.court.judge(header, matter, scores, charter)
        return [
            verdict
            for court, mine in self._deciding(matter)
            for verdict in court.judge(header, matter.take(mine), scores[mine], charter)
        ]

    def review(self, matter: Matter, scores: Scores, /) -> None:
        """Compare the bundles on a batch that is decided; tell of a canary that has failed."""
        if self._trial is None and not self._shadows:
            return
        if self._trial:
            scores = self._review_trial(self._trial, matter, scores)
        for seat in self._shadows:
            began = perf_counter()
            theirs = seat.court.score(matter)
            seconds = (self._seconds, perf_counter() - began)
            self._told(seat.bundle, self._compared(seat, (scores, theirs), matter.tier, seconds))
        self._seconds = 0.0

    def _tried(self, trial: Trial, matter: Matter) -> Mask:
        """Which events the canary decides about."""
        return trial.chooses(matter.batch.accounts)[matter.sight.account]

    def _deciding(self, matter: Matter) -> list[tuple[Court, Mask]]:
        """Which court decides about which events."""
        if self._trial is None:
            return [(self.current.court, np.ones(len(matter.rows), bool))]
        tried = self._tried(self._trial, matter)
        return [(self.current.court, ~tried), (self._trial.seat.court, tried)]

    def _review_trial(self, trial: Trial, matter: Matter, scores: Scores) -> Scores:
        """Compare on the canary's accounts; the scores that the current one gives to all."""
        tried = self._tried(trial, matter)
        its = matter.take(tried)
        began = perf_counter()
        ours = self.current.court.score(its)
        seconds = (perf_counter() - began, trial.seconds)
        found = self._compared(trial.seat, (ours, scores[tried]), its.tier, seconds)
        trial.seconds = 0.0
        self._seconds += seconds[0]
        self._told(trial.seat.bundle, found)
        trial.found.add(found)
        if reason := exceeded(trial.found, trial.bounds):
            self._failed(trial, reason)
        if trial.found.events >= trial.bounds.events:
            trial.found = Comparison()
        scores = scores.copy()
        scores[tried] = ours
        return scores

    def _compared(
        self,
        seat: Seat,
        scores: tuple[Scores, Scores],
        tier: NDArray[np.int64],
        seconds: tuple[float, float],
    ) -> Comparison:
        ours, theirs = scores
        actions = self.current.court.called(ours, tier), seat.court.called(theirs, tier)
        return compare(scores, actions, seconds)
