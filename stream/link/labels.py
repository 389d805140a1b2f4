"""Labels as the linker heeds them: whom the bars of this stream may be calibrated on.

An account that somebody called benign is a witness of what honest accounts reach, established or
not, a member of a campaign or not; one that somebody called abusive never is. A label holds from
its own time on, by the touches' clock, so that the same touches and labels give the same bars,
live, after a restart and in a replay. Of one account the latest label holds, in whichever order
they come.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray
from pydantic import TypeAdapter

from schemas.errors import MalformedEventError
from schemas.events import LabelEvent
from schemas.wire import parse
from stream.link.ledger import Ledger
from stream.metrics import Metrics

KINDS: Final = ("abuse", "benign")

_labels: TypeAdapter[LabelEvent] = TypeAdapter(LabelEvent)

log = structlog.get_logger()


@dataclass(slots=True)
class Labels:
    """What was said of accounts. Messages may come more than once, and in any order."""

    metrics: Metrics | None = None
    _said: dict[str, tuple[int, str, bool]] = field(default_factory=dict)
    _ahead: list[tuple[int, str, str, bool]] = field(default_factory=list)  # by time: a heap
    _abusive: dict[str, bool] = field(default_factory=dict)

    def read(self, message: bytes | None) -> None:
        """Take in a message of the topic; one that cannot be read is logged and counted."""
        try:
            self.hear(parse(_labels, message or b""))
        except MalformedEventError as error:
            log.warning("linker.unreadable_label", error=str(error))
            if self.metrics:
                self.metrics.unreadable_labels.inc()

    def hear(self, label: LabelEvent) -> None:
        """Take in a label."""
        abusive = label.label == "abuse"
        heappush(self._ahead, (label.ts, label.event_id, label.account_id, abusive))

    def by(self, clock: int) -> Mapping[str, bool]:
        """Which accounts were called abusive (True) or benign by a time, ms; it never goes back."""
        while self._ahead and self._ahead[0][0] <= clock:
            ts, event_id, account, abusive = heappop(self._ahead)
            if (ts, event_id) >= self._said.get(account, (-1, ""))[:2]:
                self._said[account] = (ts, event_id, abusive)
                self._abusive[account] = abusive
        self._count()
        return self._abusive

    def _count(self) -> None:
        if self.metrics:
            abusive = sum(self._abusive.values())
            for kind, count in zip(KINDS, (abusive, len(self._abusive) - abusive), strict=True):
                self.metrics.labelled.labels(kind).set(count)


def witnesses(
    ledger: Ledger, acquainted: int, members: Collection[int], abusive: Mapping[str, bool]
) -> NDArray[np.bool_]:
    """bool[accounts]: whose highest scores tell what honest accounts reach.

    Established ones that are no members of campaigns, and whom labels call benign; all of them
    with so many requests that their scores are their own. Accounts that may have changed hands
    (hands.py) are among them: were they left out on suspicion, the honest ones of them, who score
    high, would not be counted, and the budget would be theirs.
    """
    known = ledger.columns["requests"] >= acquainted
    chosen = ledger.columns["established"] & known
    chosen[list(members)] = False
    for account, blamed in abusive.items():
        number = ledger.number.get(account)
        if number is not None:
            chosen[number] = known[number] and not blamed
    return chosen
