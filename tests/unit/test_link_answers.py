"""Answers: told once, renewed while they matter, bound to the tier, strict on evidence."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from kyc.tiers import Tier
from schemas.decisions import Action, Decision
from schemas.wire import encode_decision
from stream.controls.table import Controls
from stream.decide.policy import Policy
from stream.link.answers import Answer, Answers
from stream.link.campaigns import SETTLED, Campaign
from stream.link.ledger import Ledger
from stream.link.portrait import TRAITS
from tests.unit.gates import DAY, DECIDED_AT, HOUR, NOW, POLICY
from tests.unit.touched import touch, value

LIVES = 12 * HOUR  # of a rate_limit in that policy


@dataclass
class Case:
    """A ledger of ten accounts, and a campaign that has some of them as members."""

    ledger: Ledger = field(default_factory=Ledger)
    answers: Answers = field(
        default_factory=lambda: Answers(
            Policy.model_validate(POLICY), "rings", Controls(), lambda: DECIDED_AT
        )
    )

    def __post_init__(self) -> None:
        for number in range(10):
            self.ledger.fold(touch(f"a{number}", NOW, value("card", 7), value("template", 8)))
        self.ledger.columns["conduct"] = 1.0

    def campaign(
        self, score: float, members: int = 6, *, conduct: float = 1.0, name: str = "c"
    ) -> Campaign:
        """A campaign of the first so many accounts."""
        traits = np.zeros(len(TRAITS))
        traits[TRAITS.index("conduct")] = conduct
        campaign = Campaign(name, NOW, score, 2.0, traits)
        for _ in range(SETTLED):
            campaign.join(list(range(members)), NOW)
        campaign.keys = {0: members, 1: members}
        return campaign

    def told(self, campaign: Campaign, *accounts: int) -> list[Answer]:
        """What there is to say now about accounts."""
        campaign_of = dict.fromkeys(campaign.members, campaign)
        return self.answers.to(self.ledger, accounts or sorted(campaign.members), campaign_of)

    def act(self, account: int, ts: int, **fields: Any) -> None:
        """An account is seen again."""
        self.ledger.fold(touch(f"a{account}", ts, **fields))


def action(answers: list[Answer]) -> Action:
    """The one action of all answers."""
    (found,) = {answer.decision.action for answer in answers}
    return found


def test_every_member_is_told_once() -> None:
    """And nobody again, as long as nothing changes."""
    case = Case()
    campaign = case.campaign(0.8)
    assert [a.decision.account_id for a in case.told(campaign)] == [f"a{n}" for n in range(6)]
    assert case.told(campaign) == []


def test_who_is_no_member_is_not_told() -> None:
    """Accounts that were looked at and are free."""
    case = Case()
    assert case.told(case.campaign(0.8), 7, 8, 9) == []


def test_a_stricter_answer_is_told() -> None:
    """When the score rises over the next threshold."""
    case = Case()
    campaign = case.campaign(0.8)
    assert action(case.told(campaign)) is Action.RATE_LIMIT
    campaign.score = 0.9
    assert action(case.told(campaign)) is Action.STEP_UP


def test_an_answer_that_falls_is_told() -> None:
    """Below its threshold's share the weaker one comes, and in the end `allow`."""
    case = Case()
    campaign = case.campaign(0.9)
    case.told(campaign)
    campaign.score = 0.2
    (first, *_) = case.told(campaign)
    assert first.decision.action is Action.ALLOW
    assert first.decision.reasons == []


def test_an_answer_does_not_flap() -> None:
    """A score a little below its threshold keeps what stands."""
    case = Case()
    campaign = case.campaign(0.76)
    case.told(campaign)
    campaign.score = 0.74
    assert case.told(campaign) == []


def test_an_active_member_is_renewed() -> None:
    """Once half of the answer's life is over."""
    case = Case()
    campaign = case.campaign(0.8)
    (first,) = case.told(campaign, 0)
    case.act(0, NOW + LIVES // 2 - 1)
    assert case.told(campaign, 0) == []
    case.act(0, NOW + LIVES // 2)
    (again,) = case.told(campaign, 0)
    assert again.decision.expires_at > first.decision.expires_at
    assert again.decision.decision_id != first.decision.decision_id


def test_who_stays_away_is_not_renewed() -> None:
    """Its answer lapses; when it comes back in the ring it is told at once."""
    case = Case()
    campaign = case.campaign(0.8)
    case.told(campaign, 0)
    case.act(9, NOW + 2 * LIVES)
    assert case.told(campaign, 0) == []
    case.act(0, NOW + 2 * LIVES)
    assert action(case.told(campaign, 0)) is Action.RATE_LIMIT


@pytest.mark.parametrize(
    ("tier", "expected"),
    [(0, Action.BLOCK), (1, Action.STEP_UP), (2, Action.STEP_UP), (3, Action.RATE_LIMIT)],
)
def test_the_tier_bounds_the_answer(tier: int, expected: Action) -> None:
    """The better somebody is known, the milder: by the policy's thresholds for campaigns."""
    case = Case()
    case.act(0, NOW, tier=tier)
    (found,) = case.told(case.campaign(0.98), 0)
    assert found.decision.action is expected
    assert found.decision.kyc_tier == Tier(tier)


def test_a_block_needs_conduct() -> None:
    """Members that act like everybody are asked for proof instead."""
    case = Case()
    assert action(case.told(case.campaign(0.98, conduct=0.49))) is Action.STEP_UP
    case = Case()
    assert action(case.told(case.campaign(0.98, conduct=0.5))) is Action.BLOCK


def test_a_block_needs_the_member_to_act_strangely_itself() -> None:
    """Who was found among others, and acts like everybody, is asked for proof; so is who is
    established."""
    case = Case()
    case.ledger.columns["conduct"][0] = 0.49
    case.ledger.columns["established"][1] = True
    told = [answer.decision.action for answer in case.told(case.campaign(0.98), 0, 1, 2)]
    assert told == [Action.STEP_UP, Action.STEP_UP, Action.BLOCK]


def test_a_block_needs_what_ties_the_ring() -> None:
    """Who only acts as its members do is asked for proof."""
    case = Case()
    campaign = case.campaign(0.98)
    campaign.members[0].tied = False
    told = [answer.decision.action for answer in case.told(campaign, 0, 1)]
    assert told == [Action.STEP_UP, Action.BLOCK]


def test_a_small_campaign_is_not_acted_on() -> None:
    """Fewer members than the policy says."""
    case = Case()
    assert case.told(case.campaign(0.98, members=5)) == []
    assert len(case.told(case.campaign(0.98, members=6))) == 6


def test_another_campaign_is_another_answer() -> None:
    """A member that comes under another id is told so, with the same action."""
    case = Case()
    case.told(case.campaign(0.8))
    again = case.told(case.campaign(0.8, name="d"))
    assert {answer.decision.campaign_id for answer in again} == {"d"}
    assert action(again) is Action.RATE_LIMIT


def test_reasons_tell_the_ring_and_the_ties() -> None:
    """How many others, and what is shared with how many of them."""
    (found, *_) = Case().told(Case().campaign(0.8))
    told = [(reason.code, reason.value) for reason in found.decision.reasons]
    assert told == [("campaign_member", 6.0), ("shared_card", 6.0), ("shared_template", 6.0)]
    assert "5 other accounts" in found.decision.reasons[0].text


@pytest.mark.parametrize("score", [0.61, 0.8, 0.9, 0.99])
def test_answers_follow_the_contract(score: float) -> None:
    """Each decision reads as the contract's, and the floor says the same."""
    answers = Case().told(Case().campaign(score))
    assert answers
    for answer in answers:
        read = Decision.model_validate_json(encode_decision(answer.decision))
        assert (read.cause, read.campaign_id, read.mode) == ("campaign", "c", "enforce")
        assert (read.ts, read.decided_at) == (NOW, DECIDED_AT)
        assert answer.floor.standing.action is read.action
        assert answer.floor.standing.expires_at == read.expires_at


def test_the_same_answer_has_the_same_id() -> None:
    """Worked out again after a crash it is the same decision."""
    first, again = (Case().told(Case().campaign(0.8)) for _ in range(2))
    assert [a.decision for a in first] == [a.decision for a in again]


def test_days_later_the_answer_has_another_id() -> None:
    """Two answers of one account are two decisions."""
    case = Case()
    campaign = case.campaign(0.8)
    (first,) = case.told(campaign, 0)
    case.act(0, NOW + DAY)
    (again,) = case.told(campaign, 0)
    assert first.decision.decision_id != again.decision.decision_id
