"""The curves of a report against counting by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorers.curves import precision_recall, reliability, trade_off

SCORED = st.lists(
    st.tuples(st.integers(0, 5).map(lambda tenths: tenths / 10), st.integers(0, 1)),
    min_size=2,
    max_size=40,
).filter(lambda rows: 0 < sum(label for _, label in rows) < len(rows))
# Of each row: account, score in tenths. The account's number says whether it is abusive.
ROWS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 10)), min_size=1, max_size=60).filter(
    lambda rows: {0, 1} <= {account % 2 for account, _ in rows}
)


@given(SCORED)
def test_precision_and_recall_are_shares(rows: list[tuple[float, int]]) -> None:
    """At each threshold, by counting."""
    scores, labels = np.array([s for s, _ in rows]), np.array([y for _, y in rows], np.int8)
    curve = precision_recall(scores, labels)
    for threshold, precision, recall in zip(*curve, strict=True):
        found = [label for score, label in rows if score >= threshold]
        assert precision == pytest.approx(sum(found) / len(found))
        assert recall == pytest.approx(sum(found) / labels.sum())


@given(SCORED)
def test_bins_hold_every_row_once(rows: list[tuple[float, int]]) -> None:
    """Their means, weighted, are the mean of all."""
    scores, labels = np.array([s for s, _ in rows]), np.array([y for _, y in rows], np.int8)
    found = reliability(scores, labels)
    assert found.rows.sum() == len(rows)
    assert found.rows.max() - found.rows.min() <= 1
    assert (found.score * found.rows).sum() == pytest.approx(scores.sum())
    assert (found.frequency * found.rows).sum() == pytest.approx(labels.sum())


@given(ROWS, st.integers(0, 11))
def test_what_leaks_is_what_comes_before(rows: list[tuple[int, int]], tenths: int) -> None:
    """Account by account: honest ones that ever reach the threshold, and the requests of abusive
    ones before their first row that does, or all of them."""
    requests: dict[int, list[float]] = {}
    columns = []
    for account, score in rows:
        requests.setdefault(account, []).append(score / 10)
        columns.append((score / 10, account % 2, account, 2 * len(requests[account])))
    made = {account: 2 * len(scores) + 3 for account, scores in requests.items()}
    threshold = tenths / 10
    bothered = [max(s) >= threshold for a, s in requests.items() if a % 2 == 0]
    leaked = sum(
        next((2 * n + 1 for n, s in enumerate(scores) if s >= threshold), made[a])
        for a, scores in requests.items()
        if a % 2
    )
    score, label, account, request = (np.array(column) for column in zip(*columns, strict=True))
    exchanges = np.array([made[a] for a in account.tolist()])
    found = trade_off(
        score, label.astype(np.int8), account, request, exchanges, np.array([threshold])
    )
    assert found.bothered[0] == pytest.approx(sum(bothered) / len(bothered))
    assert found.leaked[0] == pytest.approx(leaked / sum(n for a, n in made.items() if a % 2))
