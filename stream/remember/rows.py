"""Rows of conduct: what each event saw its account do, as the first columns of the model's matrix.

Most features are one sum over another. Both are columns of one table, so that a batch is one
division however small it is; where the divisor is zero the value is not known (NaN).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.features import CAPABILITIES, CONDUCT_NAMES, DISTINCT_KINDS
from stream.remember.calendar import FINE, TICK_MS, Ints
from stream.remember.measures import DAILY_MEASURES, FINE_MEASURES, GAP_STEPS, MODEL_SHARDS
from stream.remember.recency import CAPS, KINDS
from stream.remember.windows import Sight

Floats = NDArray[np.float64]
DAY_MS = 86_400_000

# The sums of a Sight, flattened.
_SUMS = (
    *(f"{measure}_{window}" for window in FINE.names for measure in FINE_MEASURES),
    *(f"{measure}_{window}" for window in ("today", "week") for measure in DAILY_MEASURES),
    *(f"{kind}_{window}" for kind in KINDS for window in ("24h", "7d", "30d")),
)
# feature: dividend, divisor, and by how much more to divide
_RATIOS = {
    **{
        f"failures_ratio_{w}": (f"failures_{w}", f"requests_{w}", 1)
        for w in ("10m", "1h", "24h", "7d")
    },
    **{
        f"tokens_{side}_mean_{w}": (f"tokens_{side}_{w}", f"requests_{w}", 1)
        for side in ("in", "out")
        for w in ("1h", "24h", "30d")
    },
    **{f"tokens_out_ratio_{w}": (f"tokens_out_{w}", f"tokens_in_{w}", 1) for w in ("24h", "30d")},
    "refusals_ratio_7d": ("refusals_week", "refusals_known_week", 1),
    "batch_ratio_7d": ("batches_week", "batches_known_week", 1),
    "logprobs_ratio_7d": ("logprobs_week", "logprobs_known_week", 1),
    "elicitation_mean_7d": ("elicitation_week", "elicitation_known_week", 1_000),
    "turns_mean_7d": ("turns_week", "turns_known_week", 1),
    "tool_calls_mean_7d": ("tool_calls_week", "tool_calls_known_week", 1),
    "tools_mean_7d": ("tools_week", "tools_known_week", 1),
    "tokens_reasoning_ratio_7d": ("tokens_reasoning_week", "tokens_out_7d", 1),
    "tokens_cached_ratio_7d": ("tokens_cached_week", "tokens_in_7d", 1),
    "gaps_mean_7d": ("gap_octaves_week", "gaps_week", GAP_STEPS),
    "gaps_spread_7d": ("gap_octaves_squared_week", "gaps_week", GAP_STEPS**2),
}


def _at(names: Sequence[str], among: Sequence[str] = _SUMS) -> NDArray[np.intp]:
    return np.array([among.index(name) for name in names])


def _features(*names: str) -> NDArray[np.intp]:
    return _at(names, CONDUCT_NAMES)


_DIVIDENDS = _at([dividend for dividend, _, _ in _RATIOS.values()])
_DIVISORS = _at([divisor for _, divisor, _ in _RATIOS.values()])
_SCALES = np.array([scale for _, _, scale in _RATIOS.values()])
_COUNTED = [f"{kind}_{w}" for kind in DISTINCT_KINDS for w in ("24h", "7d", "30d")]
_MODELS = [f"model_{shard}" for shard in range(MODEL_SHARDS)]


def conduct_rows(sight: Sight) -> NDArray[np.float32]:
    """One row per counted event in the order of CONDUCT_NAMES; float32[n, conduct]."""
    parts = [_flat(part) for part in (sight.fine, sight.daily, sight.distinct)]
    sums = np.concatenate(parts, axis=1).astype(np.float64)
    rows = np.empty((len(sums), len(CONDUCT_NAMES)))
    rows[:, _features(*_RATIOS)] = _ratio(sums[:, _DIVIDENDS], sums[:, _DIVISORS] * _SCALES)
    _write_rates(rows, sums, sight)
    _write_spread(rows)
    _write_mixes(rows, sums)
    _write_variety(rows, sums)
    return rows.astype(np.float32)


def _flat(part: Ints) -> Ints:
    return part.reshape(len(part), part.shape[1] * part.shape[2])


def _ratio(part: Floats, whole: Floats) -> Floats:
    ratio: Floats = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return ratio


def _write_rates(rows: Floats, sums: Floats, sight: Sight) -> None:
    """Requests per window, and against the account's own rate since it was first seen."""
    windows = FINE.names
    requests = sums[:, _at([f"requests_{w}" for w in windows])]
    rows[:, _features(*(f"requests_count_{w}" for w in windows))] = requests
    lived = sight.clock - sight.first
    rows[:, _features("age_seen_days")] = lived[:, None] / DAY_MS
    bursts = ("10m", "1h", "24h")
    spans = np.array([FINE.windows[windows.index(w)] * TICK_MS for w in bursts])
    lived = np.clip(lived[:, None], spans, 30 * DAY_MS)
    recent = requests[:, [windows.index(w) for w in bursts]] * lived
    burst = _ratio(recent, requests[:, [windows.index("30d")]] * spans)
    rows[:, _features(*(f"requests_burst_{w}" for w in bursts))] = burst


def _write_spread(rows: Floats) -> None:
    """From the mean of squares, where the table put it, to the standard deviation."""
    mean, spread = _features("gaps_mean_7d", "gaps_spread_7d")
    rows[:, spread] = np.sqrt(np.maximum(rows[:, spread] - rows[:, mean] ** 2, 0))


def _write_mixes(rows: Floats, sums: Floats) -> None:
    shares = _shares(sums, [f"capability_{c}" for c in CAPABILITIES], "week")
    rows[:, _features(*(f"capability_{c}_share_7d" for c in CAPABILITIES))] = shares
    usual, lately = _shares(sums, _MODELS, "week"), _shares(sums, _MODELS, "today")
    rows[:, _features("capabilities_concentration_7d")] = _narrowness(shares)
    rows[:, _features("models_concentration_7d")] = _narrowness(usual)
    moved = np.abs(lately - usual).sum(axis=1, keepdims=True) / 2
    rows[:, _features("models_shift_7d")] = moved


def _shares(sums: Floats, names: Sequence[str], window: str) -> Floats:
    """Share of each name in their total; shape (n, names)."""
    counts = sums[:, _at([f"{name}_{window}" for name in names])]
    return _ratio(counts, np.broadcast_to(counts.sum(axis=1, keepdims=True), counts.shape))


def _narrowness(shares: Floats) -> Floats:
    """The Herfindahl index: 1 where all is one, 1/k where k are alike."""
    index: Floats = (shares**2).sum(axis=1, keepdims=True)
    return index


def _write_variety(rows: Floats, sums: Floats) -> None:
    counts = sums[:, _at(_COUNTED)]
    counts = np.where(counts > 0, counts, np.nan)
    names = [name.rpartition("_") for name in _COUNTED]
    rows[:, _features(*(f"{kind}_distinct_{w}" for kind, _, w in names))] = counts
    rows[:, _features("hours_distinct_24h", "hours_distinct_7d")] = sums[
        :, _at(["hours_24h", "hours_7d"])
    ]
    templates = counts[:, [_COUNTED.index("templates_7d")]]
    cap = CAPS[DISTINCT_KINDS.index("templates")]
    requests = np.minimum(sums[:, _at(["requests_7d"])], cap)
    rows[:, _features("templates_ratio_7d")] = _ratio(templates, requests)
