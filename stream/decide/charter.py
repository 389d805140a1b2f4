"""Charter: what stands above the evidence about a batch: the mode, people's words, the governor."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.controls import Override
from schemas.decisions import Mode
from stream.controls.pinned import Pins
from stream.decode.batch import RequestBatch
from stream.govern.activity import HOUR_MS
from stream.remember.windows import Sight


@dataclass(frozen=True, slots=True)
class Charter:
    """mode: whether what is decided is acted on; pins: on whom a person's word holds; refused:
    accounts of the batch, with the hour of their clock, that the governor lets come under a
    rate_limit at most."""

    mode: Mode = "enforce"
    pins: Pins | None = None
    refused: Set[tuple[int, int]] = frozenset()

    def find(self, account: int, row: int, clock: int) -> Override | None:
        """What a person ordered about an event: its account and row in the batch, and the
        account's clock, ms."""
        return self.pins.find(account, row, clock) if self.pins else None

    def opens(self, batch: RequestBatch, sight: Sight) -> NDArray[np.bool_]:
        """Of each sight, whether a person's word may hold about its account."""
        named = np.zeros(len(batch.accounts), bool)
        if self.pins:
            named[self.pins.accounts(batch)] = True
        found: NDArray[np.bool_] = named[sight.account]
        return found

    def refuses(self, account: int, clock: int) -> bool:
        """Whether an account must not be blocked or stepped up at its clock, ms."""
        return bool(self.refused) and (account, clock // HOUR_MS) in self.refused


NO_CHARTER: Final = Charter()
