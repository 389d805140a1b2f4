"""No raw field, by its presence or its mean, tells abusive accounts from honest ones."""

from collections import Counter, defaultdict
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulate.abuse.campaigns import Campaign
from simulate.fill import FILL
from simulate.population import Population, Truth
from simulate.scenarios import SCENARIOS

DAY_MS = 86_400_000
# Enough accounts of every cohort for a rank statistic; firms' volume adds nothing to it.
_BENCH = SCENARIOS["bench"]
MIXED = replace(_BENCH, accounts=800, days=3.0, cohorts=(*_BENCH.cohorts, Campaign(share=0.15)))


@cache
def requests() -> list[dict[str, Any]]:
    return list(Population(MIXED).requests())


@cache
def truths() -> dict[str, Truth]:
    return {t.account_id: t for t in Population(MIXED).truths()}


def test_failures_are_tried_again() -> None:
    """A failed request is followed by another try of the same template and length."""
    asked = defaultdict(list)
    for e in requests():
        if {"conversation_id", "status", "template_hash"} <= e.keys():
            asked[e["conversation_id"], e["template_hash"], e["input_tokens"]].append(e["status"])
    assert any(tries[0] >= 429 and tries[-1] == 200 for tries in asked.values())


def test_launch_shifts_the_mix() -> None:
    """The new model is unused before its launch and used after it."""
    launch = MIXED.start + MIXED.launch * MIXED.days * DAY_MS
    used = [e["ts"] >= launch for e in requests() if e["model"] == "atlas-5"]
    assert used
    assert all(used)


def _auc(values: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Chance that a positive's value is above a negative's, ties counting half."""
    _, place, size = np.unique(values, return_inverse=True, return_counts=True)
    rank = (np.cumsum(size) - (size - 1) / 2)[place]
    n = int(positive.sum())
    return float((rank[positive].sum() - n * (n + 1) / 2) / (n * (len(rank) - n)))


@cache
def _seen() -> tuple[Counter[str], dict[str, Counter[str]], dict[str, Counter[str]]]:
    total: Counter[str] = Counter()
    present: dict[str, Counter[str]] = defaultdict(Counter)
    summed: dict[str, Counter[str]] = defaultdict(Counter)
    for event in requests():
        account = event["account_id"]
        total[account] += 1
        for name, value in event.items():
            present[name][account] += 1
            if isinstance(value, int | float) and name != "ts":
                summed[name][account] += value
    return total, present, summed


@pytest.mark.parametrize("name", ["input_tokens", "hash_version", *FILL])
def test_no_field_gives_abuse_away(name: str) -> None:
    """Neither a field's presence nor its mean tells abusive accounts from honest ones."""
    total, present, summed = _seen()
    accounts = list(total)
    abusive = np.array([truths()[a].abusive for a in accounts])
    share = np.array([present[name][a] / total[a] for a in accounts])
    assert 0.2 < _auc(share, abusive) < 0.8
    means = np.array([summed[name][a] / max(present[name][a], 1) for a in accounts])
    assert 0.1 < _auc(means, abusive) < 0.9


def test_no_account_field_gives_abuse_away() -> None:
    """No kind of account event, and none of its fields, belongs to one side."""
    has: dict[str, set[str]] = defaultdict(set)
    for event in Population(MIXED).account_events():
        for name in event:
            has[f"{event['type']}.{name}"].add(event["account_id"])
    abusive = np.array([t.abusive for t in truths().values()])
    for accounts in has.values():
        share = np.array([float(a in accounts) for a in truths()])
        assert 0.2 < _auc(share, abusive) < 0.8


def test_ids_tell_nothing() -> None:
    """Ids of both sides have one form."""
    forms = {(t.account_id[:4], len(t.account_id)) for t in truths().values()}
    assert forms == {("acc_", 20)}


def test_fields_are_missing_as_in_life() -> None:
    """Optional fields are filled in part, each by somebody."""
    total, present, _ = _seen()
    shares = {name: present[name].total() / total.total() for name in FILL}
    assert all(share > 0 for share in shares.values())
    assert sum(share < 0.99 for share in shares.values()) > len(FILL) / 2
