"""Feature rows: what each event saw, as the float32 matrix that the model reads.

Shares and means divide exact integers; where the divisor is zero the value is not known (NaN).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from schemas.features import CAPABILITIES, DISTINCT_KINDS, FEATURE_NAMES
from stream.calendar import FINE, TICK_MS, Ints
from stream.measures import DAILY_MEASURES, FINE_MEASURES, GAP_STEPS, MODEL_SHARDS
from stream.recency import CAPS, KINDS
from stream.windows import Sight

Floats = NDArray[np.float64]
DAY_MS = 86_400_000
_WEEK = FINE.names.index("7d")


def feature_rows(sight: Sight) -> NDArray[np.float32]:
    """One row per counted event in the order of FEATURE_NAMES; shape (n, features)."""
    columns = dict(_columns(sight))
    return np.stack([columns[name] for name in FEATURE_NAMES], axis=1).astype(np.float32)


def _columns(sight: Sight) -> Iterator[tuple[str, Floats]]:
    yield from _rates(sight)
    yield from _week(sight)
    yield from _variety(sight)


def _ratio(part: Ints | Floats, whole: Ints | Floats) -> Floats:
    ratio: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return ratio


def _fine(sight: Sight, measure: str, window: str) -> Ints:
    sums: Ints = sight.fine[:, FINE.names.index(window), FINE_MEASURES.index(measure)]
    return sums


def _rates(sight: Sight) -> Iterator[tuple[str, Floats]]:
    for window in FINE.names:
        yield f"requests_count_{window}", _fine(sight, "requests", window).astype(np.float64)
    for window in ("10m", "1h", "24h"):
        yield f"requests_burst_{window}", _burst(sight, window)
    for window in ("10m", "1h", "24h", "7d"):
        failures = _fine(sight, "failures", window)
        yield f"failures_ratio_{window}", _ratio(failures, _fine(sight, "requests", window))
    for window in ("1h", "24h", "30d"):
        requests = _fine(sight, "requests", window)
        yield f"tokens_in_mean_{window}", _ratio(_fine(sight, "tokens_in", window), requests)
        yield f"tokens_out_mean_{window}", _ratio(_fine(sight, "tokens_out", window), requests)
    for window in ("24h", "30d"):
        tokens_out = _fine(sight, "tokens_out", window)
        yield f"tokens_out_ratio_{window}", _ratio(tokens_out, _fine(sight, "tokens_in", window))


def _burst(sight: Sight, window: str) -> Floats:
    """Rate in the window over the account's own rate since it was first seen, 30 days at most."""
    span = FINE.windows[FINE.names.index(window)] * TICK_MS
    lived = np.clip(sight.clock - sight.first, span, 30 * DAY_MS)
    recent = _fine(sight, "requests", window) * lived
    return _ratio(recent, _fine(sight, "requests", "30d") * span)


def _week(sight: Sight) -> Iterator[tuple[str, Floats]]:
    today, week = (
        dict(zip(DAILY_MEASURES, np.moveaxis(sight.daily[:, w], 1, 0), strict=True)) for w in (0, 1)
    )
    for feature, measure in (
        ("refusals_ratio_7d", "refusals"),
        ("batch_ratio_7d", "batches"),
        ("logprobs_ratio_7d", "logprobs"),
        ("turns_mean_7d", "turns"),
        ("tool_calls_mean_7d", "tool_calls"),
        ("tools_mean_7d", "tools"),
    ):
        yield feature, _ratio(week[measure], week[f"{measure}_known"])
    yield "elicitation_mean_7d", _ratio(week["elicitation"], week["elicitation_known"] * 1000)
    tokens_in, tokens_out = (_fine(sight, f"tokens_{side}", "7d") for side in ("in", "out"))
    yield "tokens_reasoning_ratio_7d", _ratio(week["tokens_reasoning"], tokens_out)
    yield "tokens_cached_ratio_7d", _ratio(week["tokens_cached"], tokens_in)
    yield from _gaps(week)
    yield from _mixes(today, week)


def _gaps(week: dict[str, Ints]) -> Iterator[tuple[str, Floats]]:
    mean = _ratio(week["gap_octaves"], week["gaps"])
    square = _ratio(week["gap_octaves_squared"], week["gaps"])
    yield "gaps_mean_7d", mean / GAP_STEPS
    yield "gaps_spread_7d", np.sqrt(np.maximum(square - mean**2, 0)) / GAP_STEPS


def _mixes(today: dict[str, Ints], week: dict[str, Ints]) -> Iterator[tuple[str, Floats]]:
    names = [f"capability_{c}" for c in CAPABILITIES]
    shares = _shares(week, names)
    for name, share in zip(names, shares, strict=True):
        yield f"{name}_share_7d", share
    yield "capabilities_concentration_7d", (shares**2).sum(axis=0)
    models = [f"model_{shard}" for shard in range(MODEL_SHARDS)]
    usual, lately = _shares(week, models), _shares(today, models)
    yield "models_concentration_7d", (usual**2).sum(axis=0)
    yield "models_shift_7d", np.abs(lately - usual).sum(axis=0) / 2


def _shares(sums: dict[str, Ints], names: list[str]) -> Floats:
    """Share of each name in their total; shape (names, n)."""
    counts = np.stack([sums[name] for name in names])
    total = counts.sum(axis=0)
    return np.stack([_ratio(count, total) for count in counts])


def _variety(sight: Sight) -> Iterator[tuple[str, Floats]]:
    for k, kind in enumerate(DISTINCT_KINDS):
        for w, window in enumerate(("24h", "7d", "30d")):
            count = sight.distinct[:, k, w].astype(np.float64)
            yield f"{kind}_distinct_{window}", np.where(count > 0, count, np.nan)
    for w, window in enumerate(("24h", "7d")):
        yield f"hours_distinct_{window}", sight.distinct[:, KINDS.index("hours"), w].astype(float)
    templates = DISTINCT_KINDS.index("templates")
    count = sight.distinct[:, templates, 1].astype(np.float64)
    requests = np.minimum(sight.fine[:, _WEEK, 0], CAPS[templates])
    yield "templates_ratio_7d", _ratio(np.where(count > 0, count, np.nan), requests)
    yield "age_seen_days", (sight.clock - sight.first) / DAY_MS
