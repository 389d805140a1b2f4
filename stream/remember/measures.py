"""What one request adds to the sums of its account: two rows of integers.

An optional field that a provider does not send is not known, which is not zero: such measures
have a companion that counts how often they were known. Fractions are in thousandths, so that
sums are exact whatever their order.
"""

import numpy as np

from schemas.features import CAPABILITIES
from stream.decode.batch import RequestBatch
from stream.remember.calendar import Ints

FINE_MEASURES = ("requests", "failures", "tokens_in", "tokens_out")
MODEL_SHARDS = 4
_KNOWN = ("refusals", "batches", "logprobs", "elicitation", "turns", "tool_calls", "tools")
DAILY_MEASURES = (
    # one byte each in the narrowest rung, see packing.DAILY_FORM
    *(f"{name}_known" for name in _KNOWN),
    "refusals",
    "batches",
    "logprobs",
    "gaps",
    *(f"capability_{name}" for name in CAPABILITIES),
    *(f"model_{shard}" for shard in range(MODEL_SHARDS)),
    # two bytes
    "elicitation",
    "turns",
    "tool_calls",
    "tools",
    "gap_octaves",
    # three bytes
    "gap_octaves_squared",
    "tokens_reasoning",
    "tokens_cached",
)
GAP_STEPS = 4  # quarters of an octave


def fine(batch: RequestBatch) -> Ints:
    """Rows of FINE_MEASURES; shape (n, 4)."""
    failed = batch.status >= 400
    ones = np.ones(len(failed), np.int64)
    return np.stack([ones, failed, batch.tokens_in, batch.tokens_out], axis=1)


def daily(batch: RequestBatch, before: Ints) -> Ints:
    """Rows of DAILY_MEASURES; `before` is the account's clock ahead of each event, ms or -1."""
    thousandths = np.where(np.isnan(batch.elicitation), -1, np.rint(batch.elicitation * 1000))
    optional = {
        "refusals": batch.refused,
        "batches": batch.batch,
        "logprobs": batch.logprobs,
        "elicitation": thousandths,
        "turns": batch.turns,
        "tool_calls": batch.tool_calls,
        "tools": batch.tools,
    }
    columns = {name: np.maximum(values, 0) for name, values in optional.items()}
    columns |= {f"{name}_known": values >= 0 for name, values in optional.items()}
    columns |= {f"capability_{name}": batch.capability == i for i, name in enumerate(CAPABILITIES)}
    shard = batch.model % np.uint64(MODEL_SHARDS)
    columns |= {f"model_{s}": shard == s for s in range(MODEL_SHARDS)}
    columns |= {"tokens_reasoning": batch.tokens_reasoning, "tokens_cached": batch.tokens_cached}
    columns |= _gaps(batch.ts, before)
    return np.stack([columns[name].astype(np.int64) for name in DAILY_MEASURES], axis=1)


def _gaps(ts: Ints, before: Ints) -> dict[str, np.ndarray]:
    """Time since the account's latest event; an event out of order has no gap."""
    follows = (before >= 0) & (ts >= before)
    octaves = np.where(follows, quarter_octaves(np.where(follows, ts - before, 0)), 0)
    return {"gaps": follows, "gap_octaves": octaves, "gap_octaves_squared": octaves**2}


def quarter_octaves(milliseconds: Ints) -> Ints:
    """floor(4 * log2(ms + 1)) by exact comparisons: a logarithm may differ in its last bit."""
    mantissa, exponent = np.frexp((milliseconds + 1).astype(np.float64))
    quarters = sum((mantissa >= 2.0 ** (q / GAP_STEPS - 1)).astype(np.int64) for q in (1, 2, 3))
    octaves: Ints = GAP_STEPS * (exponent.astype(np.int64) - 1) + quarters
    return octaves
