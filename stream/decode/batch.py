"""The valid requests of one chunk, as columns."""

import dataclasses
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Int8 = npt.NDArray[np.int8]
Int16 = npt.NDArray[np.int16]
Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]
Float32 = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True, slots=True)
class RequestBatch:
    """n requests of A accounts, in the order of their offsets.

    A hash is 0 where the value is not known, a count, flag or index is -1, a float NaN; a status
    that was not sent is 200 and a token count 0, as the contract says.
    """

    accounts: list[str]
    """A distinct accounts, by first appearance."""
    account: Int64
    """Index into accounts."""
    event_id: list[str]
    named: list[str]
    """The model of each request, as it was named."""
    organisation: list[str | None]
    """Of each request, None where it was not told; looked at where people order about one."""
    event: UInt64
    """xxh3_64 of event_id."""
    partition: Int64
    offset: Int64
    ts: Int64
    """Milliseconds; what lay too far ahead of the broker is clamped to the broker's time."""
    status: Int64
    tokens_in: Int64
    tokens_out: Int64
    tokens_reasoning: Int64
    tokens_cached: Int64
    max_tokens: Int64
    turns: Int64
    tool_calls: Int64
    tools: Int64
    latency: Int64
    """Milliseconds."""
    temperature: Float32
    elicitation: Float32
    stream: Int8
    logprobs: Int8
    refused: Int8
    batch: Int8
    """1 for the batch endpoint, 0 for another."""
    capability: Int8
    """Index into CAPABILITIES."""
    network: UInt64
    device: UInt64
    user_agent: UInt64
    tls: UInt64
    model: UInt64
    template: UInt64
    system: UInt64
    simhash: UInt64
    asn: Int64
    """AS number of the address; -1 where it is not known."""
    country: Int16
    """Of the address, as a number of kyc/countries.py; 0 where it is not known."""
    clamped: int
    """How many times of the chunk were clamped."""

    def __len__(self) -> int:
        return len(self.event_id)

    def take(self, rows: npt.NDArray[np.bool_] | Int64) -> Self:
        """The rows of a mask, or of indices, with the same accounts and the same count clamped."""
        taken: dict[str, Any] = {
            field.name: column[rows]
            for field in dataclasses.fields(self)
            if isinstance(column := getattr(self, field.name), np.ndarray)
        }
        chosen = np.arange(len(self))[rows].tolist()
        taken["event_id"] = [self.event_id[row] for row in chosen]
        taken["named"] = [self.named[row] for row in chosen]
        taken["organisation"] = [self.organisation[row] for row in chosen]
        return dataclasses.replace(self, **taken)
