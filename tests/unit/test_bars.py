"""Bars keep the budget of false positives, whatever scores look like; first, little happens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decisions import Action
from stream.decide.bars import AT_FIRST, FIRST_ASK, NEVER, ask_bar, bars
from stream.decide.policy import Budget

BUDGET = Budget(friction=0.02, block=0.005)


@pytest.mark.parametrize("accounts", [0, 1, 48])
def test_too_few_tell_nothing(accounts: int) -> None:
    """Before one account in the budget's share is there: the bars of the first hours."""
    assert bars(np.linspace(0, 1, accounts), BUDGET) is AT_FIRST


def test_at_first_nobody_is_blocked_by_a_score() -> None:
    """Nor asked for proof."""
    assert AT_FIRST[Action.BLOCK] == AT_FIRST[Action.STEP_UP] == NEVER


def test_the_block_comes_last() -> None:
    """It needs more accounts than friction does; until then it is never."""
    found = bars(np.linspace(0, 1, 120), BUDGET)
    assert found[Action.RESTRICT] < 1
    assert found[Action.BLOCK] == NEVER


def test_stricter_actions_have_higher_bars() -> None:
    """Restrict as rate_limit, then step_up, then block."""
    found = bars(np.random.default_rng(1).random(5_000), BUDGET)
    rising = [found[action] for action in list(Action)[1:]]
    assert rising == sorted(rising)


@given(
    st.lists(st.floats(0, 1), min_size=50, max_size=400),
    st.sampled_from([0.01, 0.02, 0.05, 0.2]),
)
def test_no_more_than_the_budget_are_at_the_bar(scores: list[float], share: float) -> None:
    """Of the very accounts that set it, ties included."""
    found = bars(np.array(scores), Budget(friction=share, block=share))
    if found is not AT_FIRST:
        reached = sum(score >= found[Action.RESTRICT] for score in scores)
        assert reached <= share * (len(scores) + 1)


@pytest.mark.parametrize("shape", ["uniform", "beta", "steps"])
def test_the_budget_holds_for_accounts_not_seen(shape: str) -> None:
    """Over many exchangeable draws, others like them stay within it on average, but for the share
    of one account."""
    rng = np.random.default_rng(4)

    def draw(size: tuple[int, ...]) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
        if shape == "steps":
            return rng.integers(0, 30, size) / 30
        return rng.random(size) if shape == "uniform" else rng.beta(0.3, 8, size)

    seen, others = draw((400, 500)), draw((400, 2_000))
    budget = Budget(friction=0.02, block=0.01)
    found = [bars(row, budget) for row in seen]
    for action, share in ((Action.RESTRICT, 0.02), (Action.STEP_UP, 0.01), (Action.BLOCK, 0.01)):
        reached = [(row >= bar[action]).mean() for row, bar in zip(others, found, strict=True)]
        # The mean of 400 draws scatters by about 0.0003.
        assert np.mean(reached) <= share + 0.001


PEAKS = st.lists(st.integers(1, 40), min_size=1, max_size=300)


@given(PEAKS, st.sampled_from([0.01, 0.03, 0.2, 1.0]))
def test_the_bar_of_asking_is_the_lowest_that_keeps_the_budget(
    peaks: list[int], share: float
) -> None:
    """By trying every bar there is: one peak lower, and too many would be asked."""
    allowed = int(share * (len(peaks) + 1))
    found = ask_bar(np.array(peaks) / 40, share)
    if not 0 < allowed <= len(peaks):
        assert found == FIRST_ASK
        return
    kept = [bar for bar in range(1, 42) if sum(peak >= bar for peak in peaks) < max(allowed, 1)]
    assert (min(kept) - 1) / 40 < found <= min(kept) / 40


def test_accounts_of_unknown_sign_ups_are_no_witnesses() -> None:
    """What was not seen of them may have been higher: they lower no bar."""
    known = np.linspace(0.1, 0.9, 60)
    assert ask_bar(np.append(known, np.zeros(900)), 0.02) == ask_bar(known, 0.02)
