"""Rulings: which rules hold for which events, and what that calls for in a tier."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.decisions import Action
from schemas.features import FEATURE_NAMES
from stream.decide.policy import Policy
from stream.decide.statute import Ruling
from stream.rules.rulings import Rulings
from tests.unit.gates import NOW, POLICY
from tests.unit.rulebooks import reason, rule, rulebook

COUNT = FEATURE_NAMES.index("requests_count_1h")


def rows_of(*counts: float) -> NDArray[np.float32]:
    """A row for each number of requests in the last hour; everything else is not known."""
    rows = np.full((len(counts), len(FEATURE_NAMES)), np.nan, np.float32)
    rows[:, COUNT] = counts
    return rows


def ruled(
    *counts: float, tier: int = 0, at: int = NOW, hits: dict[str, int] | None = None, **rules: Any
) -> dict[int, Ruling]:
    """The rulings about rows in which the model calls for nothing."""
    seen = {} if hits is None else hits

    def count(name: str, events: int) -> None:
        seen[name] = seen.get(name, 0) + events

    rulings = Rulings(rulebook(**rules), Policy.model_validate(POLICY), count)
    size = len(counts)
    return rulings.of(
        rows_of(*counts), np.full(size, tier), np.full(size, at), np.zeros(size, bool)
    )


def test_a_rule_holds_where_its_condition_does() -> None:
    """Of three events the second one, called for and explained by name."""
    [(row, ruling)] = ruled(1, 9, np.nan, many=rule("requests_count_1h > 5")).items()
    assert (row, ruling.action, ruling.by) == (1, Action.RESTRICT, "many")
    assert [(r.code, r.value) for r in ruling.reasons] == [("rule_test", "many")]


def test_the_strictest_rule_wins() -> None:
    """Whatever the order of the file."""
    rules = {
        "weak": rule(reason=reason("weak")),
        "strict": rule(action="step_up", reason=reason("strict")),
        "middle": rule(action="rate_limit", reason=reason("middle")),
    }
    ruling = ruled(1, **rules)[0]
    assert (ruling.action, ruling.by) == (Action.STEP_UP, "strict")
    assert [r.code for r in ruling.reasons] == ["rule_strict", "rule_middle", "rule_weak"]


@pytest.mark.parametrize(
    ("tier", "action"),
    [(0, Action.BLOCK), (1, Action.BLOCK), (2, Action.STEP_UP), (3, Action.RATE_LIMIT)],
)
def test_a_tier_caps_what_rules_call_for(tier: int, action: Action) -> None:
    """What the policy never does to a tier, no rule does either."""
    assert ruled(1, tier=tier, r=rule(action="block"))[0].action is action


def test_where_a_tier_knows_nothing_so_weak_a_rule_gives_no_reason() -> None:
    """Tier 3 has no `restrict`: nothing is called for."""
    ruling = ruled(1, tier=3, r=rule(action="restrict"))[0]
    assert (ruling.action, ruling.reasons) == (Action.ALLOW, [])


def test_a_block_without_evidence_becomes_the_next_weaker_action() -> None:
    """As with the model."""
    assert ruled(1, r=rule(action="block"))[0].unproven is Action.STEP_UP


def test_a_rule_holds_in_its_tiers_only() -> None:
    """Tier 1 is not what it is about."""
    assert ruled(1, tier=1, r=rule(tiers=[0, 2])) == {}


def test_a_rule_ends_with_its_day_of_event_time() -> None:
    """The wall clock is not asked."""
    ends = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1_000)
    one = rule(expires="2026-01-01")
    assert ruled(1, at=ends - 1, r=one)
    assert ruled(1, at=ends, r=one) == {}


def test_a_shadow_is_counted_and_calls_for_nothing() -> None:
    """So that a rule is looked at before it acts."""
    hits: dict[str, int] = {}
    assert ruled(1, 9, 9, hits=hits, s=rule("requests_count_1h > 5", shadow=True)) == {}
    assert hits == {"s": 2}


def test_a_rule_that_never_holds_is_counted_from_zero() -> None:
    """Its series is there from the start."""
    hits: dict[str, int] = {}
    ruled(1, hits=hits, r=rule("requests_count_1h > 5"))
    assert hits == {"r": 0}


def test_a_score_is_a_floor() -> None:
    """The highest of the rules that hold, with a weight of its own log-odds."""
    ruling = ruled(1, low=rule(score=0.6), high=rule(score=0.9, reason=reason("high")))[0]
    assert (ruling.action, ruling.score) == (Action.ALLOW, 0.9)
    assert ruling.reasons[0].weight == pytest.approx(np.log(9), abs=1e-6)


def test_rules_of_one_code_are_one_reason() -> None:
    """The weightier one: two rules that say the same are not two kinds of evidence."""
    [told] = ruled(1, one=rule(score=0.6), two=rule(score=0.9))[0].reasons
    assert told.value == "two"
