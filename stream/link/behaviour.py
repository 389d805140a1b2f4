"""The behaviour signature: accounts that want the same, in the same form, at the same pace.

Each feature becomes its rank in the population, so that no unit and no other provider's habits
come in. Random hyperplanes cut the ranks of a facet into cells; accounts of one cell act alike.
Paraphrase, own lines and own cards change none of it.
"""

import numpy as np
from numpy.typing import NDArray

from schemas.features import CAPABILITIES, FEATURE_NAMES
from stream.link.kinds import FACETS, KIND

Floats = NDArray[np.float32]

FEATURES = {
    "wants": (
        *(f"capability_{name}_share_7d" for name in CAPABILITIES),
        "capabilities_concentration_7d",
        "elicitation_mean_7d",
        "tokens_reasoning_ratio_7d",
        "refusals_ratio_7d",
    ),
    "form": (
        "tokens_in_mean_30d",
        "tokens_out_mean_30d",
        "tokens_out_ratio_30d",
        "turns_mean_7d",
        "tool_calls_mean_7d",
        "tools_mean_7d",
        "templates_ratio_7d",
        "batch_ratio_7d",
        "logprobs_ratio_7d",
    ),
    "rhythm": (
        "gaps_mean_7d",
        "gaps_spread_7d",
        "hours_distinct_24h",
        "requests_count_24h",
        "requests_burst_1h",
        "requests_burst_24h",
        "failures_ratio_7d",
    ),
}
TABLES = 4  # independent sets of hyperplanes a facet: who is near meets in one of them
CELL = 10  # accounts that a cell should hold on average


def ranks(rows: NDArray[np.floating]) -> Floats:
    """Each column's rank in the population, -1 to 1; 0 where it is not known. Shape as rows."""
    ranked = np.zeros(rows.shape, np.float32)
    for column in range(rows.shape[1]):
        known = np.flatnonzero(~np.isnan(rows[:, column]))
        if len(known) < 2:
            continue
        _, at, count = np.unique(rows[known, column], return_inverse=True, return_counts=True)
        middle = np.cumsum(count) - (count - 1) / 2 - 1  # ties share the middle of their ranks
        ranked[known, column] = 2 * middle[at] / (len(known) - 1) - 1
    return ranked


def signatures(rows: NDArray[np.floating]) -> dict[int, NDArray[np.int64]]:
    """By kind, the cells of each account: (accounts, TABLES), unlike between tables.

    rows: (accounts, features) in the order of FEATURE_NAMES.
    """
    bits = max(1, int(np.log2(max(len(rows), 2) / CELL)))
    found = {}
    for facet in FACETS:
        columns = [FEATURE_NAMES.index(name) for name in FEATURES[facet]]
        found[KIND[facet]] = _cells(ranks(rows[:, columns]), bits, KIND[facet])
    return found


def _cells(ranked: Floats, bits: int, seed: int) -> NDArray[np.int64]:
    """Cut at the median of each random direction, so that every cut halves the population."""
    rng = np.random.default_rng(seed)  # the same planes in every worker and after every restart
    planes = rng.standard_normal((ranked.shape[1], TABLES * bits)).astype(np.float32)
    projected = ranked @ planes
    sides = (projected > np.median(projected, axis=0)).reshape(len(ranked), TABLES, bits)
    cells = (sides << np.arange(bits)).sum(axis=2)
    table: NDArray[np.int64] = cells + (np.arange(TABLES) << bits)
    return table
