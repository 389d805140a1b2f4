"""The tally of the main path: what each batch adds to the metrics, and the log of decisions."""

from collections import Counter
from collections.abc import Sequence
from time import time
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kyc.known import Known
from schemas.decisions import DeadLetter
from stream.broker.chunk import Chunk
from stream.decide.court import Verdict
from stream.decode.batch import RequestBatch
from stream.link.touches import Touch
from stream.logs import decision_changed
from stream.metrics import Metrics
from stream.remember.packing import UNKNOWN
from stream.remember.windows import Outcome, Sight

# Events of a chunk whose latency is noted: each one would cost more than scoring it.
SAMPLED: Final = 8


class Tally:
    """Counts batches that are done."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def came(
        self,
        chunks: Sequence[Chunk],
        batch: RequestBatch,
        outcome: NDArray[np.int8],
        letters: Sequence[DeadLetter],
    ) -> None:
        """What came, how late, and what of it could not be used."""
        metrics = self._metrics
        for kind, events in zip(Outcome, np.bincount(outcome, minlength=len(Outcome)), strict=True):
            metrics.events.labels(kind.name.lower()).inc(int(events))
        late = int((outcome == Outcome.LATE).sum())
        metrics.events.labels("malformed").inc(len(letters) - late)
        metrics.events.labels("clamped").inc(batch.clamped)
        metrics.batch_size.observe(sum(len(chunk.records) for chunk in chunks))
        for letter in letters:
            metrics.dead_letters.labels(letter.topic).inc()
        for chunk in chunks:
            metrics.lag.labels(chunk.topic, str(chunk.partition)).set(chunk.lag)
            for record in chunk.records[:: 1 + len(chunk.records) // SAMPLED]:
                metrics.latency_seconds.observe(time() - record.timestamp / 1_000)

    def knew(self, known: Known, sight: Sight) -> None:
        """Whom the traffic comes from: the base rate of everything else."""
        established = known.established(sight.account, sight.clock)
        unknown = known.age(sight.account, sight.clock) == UNKNOWN
        requests = self._metrics.requests.labels
        requests("established").inc(int(established.sum()))
        requests("unknown").inc(int((unknown & ~established).sum()))
        requests("unproven").inc(int((~unknown & ~established).sum()))

    def told(self, verdicts: Sequence[Verdict], touched: Sequence[Touch]) -> None:
        """What was decided, and what went to the linker."""
        for action, count in Counter(v.decision.action.value for v in verdicts).items():
            self._metrics.decisions.labels(action).inc(count)
        for verdict in verdicts:
            if verdict.changes:
                decision_changed(verdict.decision)
        self._metrics.touches.inc(len(touched))
