"""Which goals an evaluation misses, told in words."""

from dataclasses import replace

import pytest

from stream.evaluate.evaluation import Evaluation
from stream.evaluate.figures import Honest, Reach
from stream.evaluate.goals import missed
from stream.evaluate.rings import Detection, Membership

REACH = Reach("june", 100, 96, 96, 90, 1_000, 0.01, 0.01, 0.95, {}, 1.0, 1.0, 100, 96)
DETECTION = Detection("c", 3.0, 20.0, 0.005, [])
MEMBERSHIP = Membership(1, 1.0, 0.95, 1.0, 0.9, 0.95, [], 0)
FARM = replace(REACH, cohort="credit_farmers", tried=10, asked_early=9)
CHAT = Honest("chat", 2_000, 10, 2, 2, 2, 9_000, 9)
CI = Honest("ci", 99, 0, 0, 0, 1, 9_000, 9)
GOOD = Evaluation(
    "B-june-77",
    "sluicegate",
    None,
    attack=REACH,
    detection=DETECTION,
    membership=MEMBERSHIP,
    price=None,
    others=[FARM],
    honest=[CHAT],
    events=1,
    dead_letters=0,
    seconds=1.0,
)


def test_what_reaches_all_misses_none() -> None:
    """On the bounds, too."""
    assert missed(GOOD) == []


@pytest.mark.parametrize(
    ("evaluation", "told"),
    [
        (replace(GOOD, attack=replace(REACH, friction=94)), "94.0% of accounts, not 95%"),
        (replace(GOOD, attack=replace(REACH, prevented=0.89)), "89.0% of exchanges stopped"),
        (replace(GOOD, detection=replace(DETECTION, leaked=0.02)), "2.0% of exchanges before"),
        (replace(GOOD, detection=None), "ring not found"),
        (replace(GOOD, membership=replace(MEMBERSHIP, f1=0.85)), "F1 0.85, not 0.9"),
        (replace(GOOD, membership=replace(MEMBERSHIP, honest_acting=1)), "1 acting campaigns"),
        (replace(GOOD, others=[replace(FARM, asked_early=8)]), "80.0% of credit_farmers asked"),
        (replace(GOOD, honest=[replace(CHAT, restrict=11)]), "any friction for 0.55%"),
        (replace(GOOD, honest=[replace(CHAT, block=3)]), "a block for 0.15%"),
        (replace(GOOD, honest=[replace(CHAT, block=1), CI]), "a block for 1 of 99 in ci"),
    ],
)
def test_each_goal_can_be_missed(evaluation: Evaluation, told: str) -> None:
    """By itself, and is told with what was reached."""
    (goal,) = missed(evaluation)
    assert told in goal


def test_each_attack_has_goals_of_its_own() -> None:
    """Behaviour alone is harder than the alleged profile; a pivot counts from the launch."""
    hard = replace(REACH, cohort="paraphrased", friction=70, prevented=0.5)
    late = replace(DETECTION, leaked=0.3, hours_from_launch=25.0)
    loose = replace(MEMBERSHIP, f1=0.7)
    assert missed(replace(GOOD, attack=hard, detection=late, membership=loose)) == []
    pivot = replace(hard, cohort="pivot")
    assert missed(replace(GOOD, attack=pivot, detection=late)) == [
        "ring found 25 h after the launch"
    ]


def test_peace_has_goals_for_the_honest_only() -> None:
    """There is no ring to find."""
    assert missed(replace(GOOD, attack=None, detection=None, membership=None)) == []
