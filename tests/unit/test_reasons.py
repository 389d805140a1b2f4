"""Reasons: every feature has its code, the strongest come first, and nothing is left to chance."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.features import FEATURE_NAMES
from scorers.reasons import CODES, MOST, Reason, code_of, explain

ZEROS = np.zeros(len(FEATURE_NAMES), np.float32)


def _explain(weights: dict[str, float], values: dict[str, float] | None = None) -> list[Reason]:
    row, contributions = ZEROS.copy(), ZEROS.copy()
    for name, weight in weights.items():
        contributions[FEATURE_NAMES.index(name)] = weight
    for name, value in (values or {}).items():
        row[FEATURE_NAMES.index(name)] = value
    return explain(FEATURE_NAMES, row, contributions)


@pytest.mark.parametrize("name", FEATURE_NAMES)
def test_every_feature_has_exactly_one_code(name: str) -> None:
    """No feature is without a reason code, and none has two."""
    assert code_of(name) in CODES


def test_every_code_is_used_and_well_formed() -> None:
    """A code is snake_case, and some feature leads to it."""
    assert {code_of(name) for name in FEATURE_NAMES} == set(CODES)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in CODES)


def test_a_feature_without_a_code_is_an_error() -> None:
    """A new feature cannot slip in without a reason code."""
    with pytest.raises(KeyError, match="moon_phase has 0 reason codes"):
        code_of("moon_phase")


def test_the_strongest_reason_comes_first() -> None:
    """Order is by weight, and only what speaks for suspicion is told."""
    reasons = _explain({"age_seen_days": 0.5, "gaps_mean_7d": 1.5, "batch_ratio_7d": -2.0})
    assert [(r.code, r.weight) for r in reasons] == [("request_rhythm", 1.5), ("account_age", 0.5)]


def test_features_of_one_code_are_one_reason() -> None:
    """Weights add up, against suspicion too; the feature that weighs most is named."""
    weights = {"networks_distinct_24h": 0.25, "networks_distinct_7d": 1.0}
    weights["networks_distinct_30d"] = -0.5
    (reason,) = _explain(weights, {"networks_distinct_7d": 42})
    assert (reason.code, reason.weight, reason.value) == ("network_spread", 0.75, 42.0)
    assert "different networks in the last 7d: 42" in reason.text


def test_a_reason_tells_the_two_features_that_weigh_most() -> None:
    """The weightier first, and none that speaks against suspicion."""
    weights = {"networks_distinct_24h": 0.25, "networks_distinct_7d": 1.0}
    seen = {"networks_distinct_24h": 3, "networks_distinct_7d": 42, "networks_distinct_30d": 50}
    (reason,) = _explain(weights | {"networks_distinct_30d": -0.5}, seen)
    assert reason.text.endswith(
        "(different networks in the last 7d: 42; different networks in the last 24h: 3)"
    )


def test_no_text_is_longer_than_a_decision_takes() -> None:
    """256 characters, whatever the group and the values."""
    for name in FEATURE_NAMES:
        group = {other: 1.0 for other in FEATURE_NAMES if code_of(other) == code_of(name)}
        (reason,) = _explain(group, dict.fromkeys(group, -123_456_789.0))
        assert len(reason.text) <= 256


def test_a_code_whose_features_cancel_out_is_no_reason() -> None:
    """Nothing is told where the sum is not toward suspicion."""
    assert _explain({"gaps_mean_7d": 1.0, "gaps_spread_7d": -1.0}) == []


def test_at_most_five_reasons() -> None:
    """A person reads five, not twenty."""
    assert len(explain(FEATURE_NAMES, ZEROS, ZEROS + 1)) == MOST


def test_equal_weights_are_told_in_the_order_of_their_codes() -> None:
    """A tie has one answer."""
    reasons = _explain({"turns_mean_7d": 1.0, "age_seen_days": 1.0, "models_shift_7d": 1.0})
    assert [r.code for r in reasons] == ["account_age", "conversation_shape", "model_shift"]


def test_a_value_that_is_not_known_is_none() -> None:
    """NaN reaches neither the value nor the text."""
    (reason,) = _explain({"turns_mean_7d": 1.0}, {"turns_mean_7d": np.nan})
    assert reason.value is None
    assert reason.text.endswith("not known)")


def test_a_weight_too_small_to_print_is_no_reason() -> None:
    """What rounds to zero at six decimals is left out."""
    assert _explain({"turns_mean_7d": 4e-7}) == []


def test_large_values_are_told_in_full() -> None:
    """Tokens in the millions are not written with an exponent."""
    (reason,) = _explain({"tokens_in_mean_24h": 1.0}, {"tokens_in_mean_24h": 1_234_567})
    assert "1,234,567" in reason.text


@given(st.permutations(range(len(FEATURE_NAMES))), st.integers(0, 20))
def test_the_order_of_features_does_not_matter(order: list[int], seed: int) -> None:
    """Codes and weights are the same however the columns are laid out."""
    steps = np.random.default_rng(seed).integers(-(2**18), 2**18, len(FEATURE_NAMES))
    contributions = (steps / 2.0**18).astype(np.float32)
    names = [FEATURE_NAMES[place] for place in order]
    told = explain(FEATURE_NAMES, ZEROS, contributions)
    shuffled = explain(names, ZEROS[order], contributions[order])
    assert [(r.code, r.weight) for r in told] == [(r.code, r.weight) for r in shuffled]
