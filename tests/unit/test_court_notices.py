"""What an account shares is told in words, and blocks nobody who does nothing."""

import pytest

from schemas.decisions import Action
from stream.link.kinds import KIND
from stream.link.membership import Place
from stream.link.notice import Notice, Notices, seal
from tests.unit.gates import request
from tests.unit.test_court import actions, judged

SHARED = {"shared_surprise_max_30d": 2.0}
IDENTITY = {"age_account_days": 1.0}
CONDUCT = {"elicitation_mean_7d": 0.5}


def test_the_reason_tells_whom_the_value_is_shared_with() -> None:
    """In place of the feature's name and value."""
    notice = Notice(KIND["card"], 12, 11, 6.5, 2, 0.75, 1.5)
    notices = Notices([seal(notice, Place(0, 1))])
    (verdict,) = judged([0.6], request(0), weights=SHARED, notices=notices)
    (reason,) = verdict.decision.reasons
    assert reason.code == "shared_values"
    assert reason.text == "12 accounts share this card, 11 of them unproven"


def test_without_a_notice_the_feature_is_told() -> None:
    """The linker's word lapsed between two batches."""
    (verdict,) = judged([0.6], request(0), weights=SHARED)
    assert "most surprising shared value" in verdict.decision.reasons[0].text


@pytest.mark.parametrize(
    ("weights", "action"),
    [
        (SHARED | IDENTITY, Action.STEP_UP),
        (SHARED | CONDUCT, Action.BLOCK),
        (IDENTITY | CONDUCT, Action.BLOCK),
    ],
    ids=["who and with whom", "conduct and with whom", "conduct and who"],
)
def test_a_block_needs_conduct(weights: dict[str, float], action: Action) -> None:
    """A new account on a crowded network has done nothing yet."""
    assert actions(judged([0.99], request(0), weights=weights)) == [action]
