"""Requests as far as the judge looks at them: whose, when, whether answered, how long."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray


class _Asked(msgspec.Struct, gc=False):
    account_id: str
    ts: int
    status: int = 200
    input_tokens: int = 0
    output_tokens: int = 0


_read = msgspec.json.Decoder(_Asked).decode


@dataclass(frozen=True, slots=True)
class Exchanges:
    """Columns of n requests, by time."""

    account: NDArray[np.int64]  # its number in the run
    ts: NDArray[np.int64]  # ms
    succeeded: NDArray[np.bool_]
    tokens: NDArray[np.int64]  # in and out

    @classmethod
    def read(cls, bodies: Sequence[bytes], numbers: Mapping[str, int]) -> "Exchanges":
        """The columns of RequestEvents. Errors: msgspec.MsgspecError, KeyError."""
        asked = [_read(body) for body in bodies]
        status = np.array([a.status for a in asked], np.int64)
        return cls(
            np.array([numbers[a.account_id] for a in asked], np.int64),
            np.array([a.ts for a in asked], np.int64),
            status // 100 == 2,
            np.array([a.input_tokens + a.output_tokens for a in asked], np.int64),
        )

    def only(self, rows: NDArray[np.bool_]) -> "Exchanges":
        """These rows of every column."""
        return Exchanges(self.account[rows], self.ts[rows], self.succeeded[rows], self.tokens[rows])
