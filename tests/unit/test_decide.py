"""What shall stand after a score, given what stands."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyc.tiers import Tier
from schemas.decisions import Action
from stream.decide.policy import Policy
from stream.decide.statute import Standing, Statute
from tests.unit.gates import DAY, HOUR, NOW, POLICY

STATUTE = Statute(Policy.model_validate(POLICY))
NOTHING = Standing(Action.ALLOW, 0, 0)
LIFE = STATUTE.policy.lifetimes

scores = st.floats(0, 1)
tiers = st.sampled_from(Tier)


def decided(score: float, held: Standing = NOTHING, ts: int = NOW, **more: Any) -> Standing:
    return STATUTE.decide(held, score, more.pop("tier", Tier.UNVERIFIED), ts, **more)


def standing(action: Action, ts: int = NOW) -> Standing:
    """What stands after an action was taken at `ts`."""
    return Standing(action, STATUTE.answer(action).digest(), ts + LIFE[action])


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    action = draw(st.sampled_from(Action))
    return standing(action, NOW - draw(st.integers(0, 8 * DAY)))


@pytest.mark.parametrize(
    ("score", "action"),
    [
        (0.0, Action.ALLOW),
        (0.499, Action.ALLOW),
        (0.5, Action.RESTRICT),
        (0.7, Action.RATE_LIMIT),
        (0.85, Action.STEP_UP),
        (0.98, Action.BLOCK),
        (1.0, Action.BLOCK),
    ],
)
def test_the_strictest_action_that_is_reached_wins(score: float, action: Action) -> None:
    """A score takes the last threshold that it reaches, that threshold included."""
    assert decided(score).action is action


@pytest.mark.parametrize(
    ("tier", "action"),
    [
        (Tier.UNVERIFIED, Action.STEP_UP),
        (Tier.BASIC, Action.STEP_UP),
        (Tier.VERIFIED, Action.RATE_LIMIT),
        (Tier.ENHANCED, Action.ALLOW),
    ],
)
def test_a_better_known_account_is_treated_more_mildly(tier: Tier, action: Action) -> None:
    """Each tier has thresholds of its own."""
    assert decided(0.95, tier=tier).action is action


def test_what_a_tier_leaves_out_is_never_taken() -> None:
    """A tier without a block gets its strictest other action."""
    assert decided(1.0, tier=Tier.ENHANCED).action is Action.RATE_LIMIT


def test_an_action_lives_as_long_as_the_policy_says() -> None:
    """Counted from the event's own time."""
    assert decided(0.75).expires_at == NOW + 12 * HOUR


def test_nothing_stands_and_nothing_is_taken() -> None:
    """An ordinary event of an ordinary account changes nothing."""
    assert decided(0.1) is NOTHING


def test_an_action_is_kept_while_the_score_stays_near() -> None:
    """Down to the policy's share of the threshold: 0.8 of 0.5."""
    held = standing(Action.RESTRICT)
    assert decided(0.41, held) is held


def test_an_action_ends_when_the_score_falls_far() -> None:
    """Below the share of the threshold it is lifted at once."""
    assert decided(0.39, standing(Action.RESTRICT)).action is Action.ALLOW


def test_a_high_score_that_falls_a_little_keeps_the_stricter_action() -> None:
    """A step-up is kept down to 0.68, then it falls by a step only: 0.56 keeps a rate limit."""
    held = standing(Action.STEP_UP)
    assert decided(0.69, held) is held
    assert decided(0.67, held).action is Action.RATE_LIMIT


def test_hysteresis_takes_nothing_stricter() -> None:
    """What keeps a rate limit does not turn a restriction into one."""
    held = standing(Action.RESTRICT)
    assert decided(0.6, held) is held


def test_a_lapse_writes_nothing() -> None:
    """Past its end an action is allow already, for whoever reads it."""
    held = standing(Action.BLOCK, NOW - LIFE[Action.BLOCK])
    assert held.at(NOW) is Action.ALLOW
    assert decided(0.1, held) is held


def test_a_lapsed_action_is_not_kept_by_hysteresis() -> None:
    """After the lapse it takes the full threshold again."""
    held = standing(Action.RESTRICT, NOW - DAY)
    assert decided(0.45, held) is held


def test_an_action_holds_up_to_its_last_millisecond() -> None:
    """`expires_at` itself is past it."""
    held = standing(Action.BLOCK)
    assert held.at(held.expires_at - 1) is Action.BLOCK
    assert held.at(held.expires_at) is Action.ALLOW


def test_a_young_action_is_not_renewed() -> None:
    """Up to half of its life the same score writes nothing."""
    held = standing(Action.RESTRICT)
    assert decided(0.6, held, NOW + 12 * HOUR - 1) is held


def test_an_action_is_renewed_at_half_of_its_life() -> None:
    """The same action again, with a later end."""
    held = standing(Action.RESTRICT)
    renewed = decided(0.6, held, NOW + 12 * HOUR)
    assert renewed == Standing(held.action, held.answer, NOW + 36 * HOUR)


def test_a_changed_answer_is_written_again() -> None:
    """Other limits in the policy reach accounts that are limited already."""
    limits = {"requests_per_minute": 1, "tokens_per_minute": 1}
    stricter = Statute(Policy.model_validate(POLICY | {"limits": limits}))
    held = standing(Action.RATE_LIMIT)
    changed = stricter.decide(held, 0.75, Tier.UNVERIFIED, NOW + 1)
    assert changed.action is Action.RATE_LIMIT
    assert changed.answer != held.answer


def test_a_block_without_proof_becomes_a_step_up() -> None:
    """The next milder action takes its place."""
    assert decided(0.99, proven=False).action is Action.STEP_UP


@given(standings(), scores, tiers)
def test_deciding_again_changes_nothing(held: Standing, score: float, tier: Tier) -> None:
    """The same score at the same time finds what it needs in place."""
    once = STATUTE.decide(held, score, tier, NOW)
    assert STATUTE.decide(once, score, tier, NOW) is once


@given(standings(), scores, scores, tiers)
def test_a_higher_score_is_never_treated_more_mildly(
    held: Standing, one: float, other: float, tier: Tier
) -> None:
    """Whatever stands."""
    low, high = sorted((one, other))
    milder, stricter = (STATUTE.decide(held, s, tier, NOW).at(NOW) for s in (low, high))
    assert milder <= stricter


@given(scores, tiers)
def test_notable_scores_are_those_that_lead_to_an_action(score: float, tier: Tier) -> None:
    """Where nothing stands, the others may be passed over."""
    notable = bool(STATUTE.notable(np.array([score]), tier)[0])
    assert notable is (STATUTE.decide(NOTHING, score, tier, NOW) is not NOTHING)
