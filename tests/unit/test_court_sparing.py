"""What an account shares takes no action about it by its own score, and goes on being told."""

import pytest

from schemas.decisions import Action
from tests.unit.gates import request
from tests.unit.test_court import actions, judged

SHARED = 6.5


@pytest.mark.parametrize(
    ("alone", "expected"),
    [(0.1, []), (0.6, [Action.RESTRICT]), (0.9, [Action.STEP_UP]), (1.0, [Action.STEP_UP])],
)
def test_actions_go_by_the_score_without_what_is_shared(
    alone: float, expected: list[Action]
) -> None:
    """And never by more than the whole score."""
    assert actions(judged([0.9], request(0), links=SHARED, alone=alone)) == expected


def test_who_shares_nothing_is_scored_as_a_whole() -> None:
    """There is no other score to go by."""
    assert actions(judged([0.9], request(0), alone=0.1)) == [Action.STEP_UP]


def test_the_whole_score_is_told() -> None:
    """With what is shared among its reasons: a person is to see all that was weighed."""
    weights = {"shared_surprise_max_30d": 2.0, "elicitation_mean_7d": 0.5}
    (verdict,) = judged([0.9], request(0), weights=weights, links=SHARED, alone=0.6)
    assert verdict.decision.score == 0.9
    assert [reason.code for reason in verdict.decision.reasons] == [
        "shared_values",
        "reasoning_extraction",
    ]
