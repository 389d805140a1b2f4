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

from kyc.known import Known
from stream.bundles.bounds import Bounds, exceeded
from stream.bundles.comparison import Comparison, Scores, compare
from stream.decide.charter import NO_CHARTER, Charter
from stream.decide.court import Court, Verdict
from stream.decide.policy import Policy
from stream.decide.statute import Bars, Floor
from stream.decode.batch import RequestBatch
from stream.learn.drift import Served
from stream.link.notice import NO_NOTICES, Notices
from stream.remember.windows import Sight

Rows = NDArray[np.float32]
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

    def score(self, rows: Rows, batch: RequestBatch, sight: Sight) -> Scores:
        """Scores 0-1 of feature rows, each by the bundle that decides about its account."""
        began = perf_counter()
        if self._trial is None:
            scores = self.current.court.score(rows, batch, sight)
            self._seconds += perf_counter() - began
            return scores
        tried = self._trial.chooses(batch.accounts)[sight.account]
        scores = np.empty(len(rows))
        began = perf_counter()
        scores[~tried] = self.current.court.score(rows[~tried], batch, sight)
        passed = perf_counter()
        scores[tried] = self._trial.seat.court.score(rows[tried], batch, sight)
        self._seconds += passed - began
        self._trial.seconds += perf_counter() - passed
        return scores

    def conduct(self, rows: Rows, batch: RequestBatch, sight: Sight) -> Scores:
        """Scores by conduct alone, each by the same bundle; not in the time that is compared."""
        if self._trial is None:
            return self.current.court.conduct(rows, batch, sight)
        tried = self._trial.chooses(batch.accounts)[sight.account]
        scores = np.empty(len(rows))
        for court, mine in ((self.current.court, ~tried), (self._trial.seat.court, tried)):
            scores[mine] = court.conduct(rows[mine], batch, sight)
        return scores

    def judge(
        self,
        header: NDArray[np.void],
        batch: RequestBatch,
        sight: Sight,
        rows: Rows,
        scores: Scores,
        floors: Sequence[Floor | None],
        known: Known,
        charter: Charter = NO_CHARTER,
        notices: Notices = NO_NOTICES,
    ) -> list[Verdict]:
        """As a court's, each account by its bundle; those of one account in order of arrival."""
        if self._trial is None:
            return self.current.court.judge(
                header, batch, sight, rows, scores, floors, known, charter, notices
            )
        tried = self._trial.chooses(batch.accounts)[sight.account]
        return [
            verdict
            for court, mine in ((self.current.court, ~tried), (self._trial.seat.court, tried))
            for verdict in court.judge(
                header,
                batch,
                sight.take(mine),
                rows[mine],
                scores[mine],
                floors,
                known,
                charter,
                notices,
            )
        ]

    def review(
        self, batch: RequestBatch, sight: Sight, rows: Rows, scores: Scores, known: Known
    ) -> None:
        """Compare the bundles on a batch that is decided; tell of a canary that has failed."""
        if self._trial is None and not self._shadows:
            return
        tier = known.tier(sight.account, sight.clock)
        if self._trial:
            scores = self._review_trial(self._trial, batch, sight, rows, scores, tier)
        for seat in self._shadows:
            began = perf_counter()
            theirs = seat.court.score(rows, batch, sight)
            seconds = (self._seconds, perf_counter() - began)
            self._told(seat.bundle, self._compared(seat, (scores, theirs), tier, seconds))
        self._seconds = 0.0

    def _review_trial(
        self,
        trial: Trial,
        batch: RequestBatch,
        sight: Sight,
        rows: Rows,
        scores: Scores,
        tier: NDArray[np.int64],
    ) -> Scores:
        """Compare on the canary's accounts; the scores that the current one gives to all."""
        tried = trial.chooses(batch.accounts)[sight.account]
        began = perf_counter()
        ours = self.current.court.score(rows[tried], batch, sight)
        seconds = (perf_counter() - began, trial.seconds)
        found = self._compared(trial.seat, (ours, scores[tried]), tier[tried], seconds)
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
