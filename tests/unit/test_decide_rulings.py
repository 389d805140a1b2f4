"""Deciding with rulings: whatever stands and whatever the score, what rules call for holds."""

from hypothesis import given
from hypothesis import strategies as st

from kyc.tiers import Tier
from schemas.decisions import Action
from stream.decide.policy import Policy
from stream.decide.statute import NO_RULING, Ruling, Standing, Statute
from tests.unit.gates import DAY, NOW, POLICY

NAMES = ("one", "two")
LAW = Policy.model_validate(POLICY)
STATUTE = Statute(LAW, ruling=NAMES)

scores = st.integers(0, 100).map(lambda n: n / 100)
tiers = st.sampled_from(Tier)
rulings = st.builds(
    lambda action, by: NO_RULING._replace(
        action=action, unproven=min(action, Action.STEP_UP), by=by
    ),
    st.sampled_from(Action),
    st.sampled_from(NAMES),
)
times = st.integers(0, 10 * DAY).map(lambda ms: NOW + ms)


def stood(score: float, tier: Tier, ruling: Ruling) -> Standing:
    """What stands after one event at NOW."""
    return STATUTE.decide(Standing(Action.ALLOW, 0, 0), score, tier, NOW, ruling=ruling)


@given(first=rulings, ruling=rulings, before=scores, score=scores, tier=tiers, ts=times)
def test_nothing_weaker_than_called_for_stands(
    first: Ruling, ruling: Ruling, before: float, score: float, tier: Tier, ts: int
) -> None:
    """Neither less than the rules call for, nor less than the score alone leads to."""
    held = stood(before, tier, first)
    new = STATUTE.decide(held, score, tier, ts, ruling=ruling)
    alone = STATUTE.decide(Standing(Action.ALLOW, 0, 0), score, tier, ts)
    assert new.at(ts) >= max(ruling.action, alone.at(ts))


@given(ruling=rulings, score=scores, tier=tiers, ts=times)
def test_what_a_rule_called_for_stands_until_its_end(
    ruling: Ruling, score: float, tier: Tier, ts: int
) -> None:
    """Whatever the score says meanwhile, nothing weaker is written before."""
    held = stood(0.0, tier, ruling)
    new = STATUTE.decide(held, score, tier, ts)
    assert new.at(ts) >= held.at(ts)
    assert new is held or new.action > held.at(ts) or new.expires_at > held.expires_at


@given(ruling=rulings, score=scores, tier=tiers, ts=times)
def test_a_rule_that_is_gone_leaves_nothing(
    ruling: Ruling, score: float, tier: Tier, ts: int
) -> None:
    """Without that rule the score alone decides, with its hysteresis."""
    held = stood(0.0, tier, ruling)
    without = Statute(LAW, ruling=set(NAMES) - {ruling.by})
    plain = Standing(held.action, 0, held.expires_at)
    assert without.decide(held, score, tier, ts).at(ts) is Statute(LAW).decide(
        plain, score, tier, ts
    ).at(ts)


@given(ruling=rulings, score=scores, tier=tiers)
def test_the_same_again_changes_nothing(ruling: Ruling, score: float, tier: Tier) -> None:
    """A rule that holds for every request writes one decision, not one each."""
    held = stood(score, tier, ruling)
    assert STATUTE.decide(held, score, tier, NOW + 1, ruling=ruling) is held
