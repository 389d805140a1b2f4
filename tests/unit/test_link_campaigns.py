"""The register of campaigns: who is a member of what, and which id lives on."""

import numpy as np
import pytest

from stream.link.campaigns import FADING, SETTLED, Campaign, Register, campaign_id
from tests.unit.gates import NOW


def opened(register: Register, name: str, *members: int, at: int = NOW) -> Campaign:
    """A campaign with its members, in the register."""
    campaign = Campaign(name, at, 0.9, 2.0, np.zeros(1))
    register.begin(campaign)
    register.enlist(campaign, list(members), at)
    return campaign


def matches(register: Register, *ring: int) -> list[str]:
    """The ids of the campaigns that a ring is."""
    return [campaign.campaign_id for campaign in register.match(np.array(ring))]


def test_a_ring_is_the_campaign_that_it_mostly_holds() -> None:
    """Half of the campaign, or half of the ring; less is something else."""
    register = Register()
    opened(register, "a", *range(10))
    assert matches(register, *range(5, 30)) == ["a"]
    assert matches(register, 0, 1, 100, 101) == ["a"]
    assert matches(register, 0, *range(100, 103)) == []


def test_campaigns_match_the_oldest_first() -> None:
    """A ring that holds two of them is both."""
    register = Register()
    opened(register, "old", 1, 2, 3, 4)
    opened(register, "young", 5, 6, 7, 8)
    assert matches(register, 8, 7, 6, 5, 4, 3, 2, 1) == ["old", "young"]


def test_the_older_campaign_lives_on() -> None:
    """With all members, under its id; the younger one is closed and says into what it went."""
    register = Register()
    old = opened(register, "old", 1, 2)
    young = opened(register, "young", 3, 4)
    register.merge(old, young)
    assert set(old.members) == {1, 2, 3, 4}
    assert list(register.open) == ["old"]
    assert (young.closed, young.merged_into) == (True, "old")
    assert {register.campaign_of[account] for account in (1, 2, 3, 4)} == {old}


def test_merged_members_stay_settled() -> None:
    """Who was found again and again in the younger one need not wait anew."""
    register = Register()
    old, young = opened(register, "old", 1, 2), opened(register, "young", 3, 4)
    old.searches = 50
    for _ in range(SETTLED):
        young.searches += 1
        register.enlist(young, [3], NOW)
    register.merge(old, young)
    assert old.settled() == [3]


def test_one_search_settles_nobody() -> None:
    """It may err: a member is settled when several searches have found it."""
    register = Register()
    campaign = opened(register, "a", 1)
    sizes = []
    for _ in range(SETTLED):
        sizes.append(len(campaign.settled()))
        register.enlist(campaign, [1], NOW)
    assert sizes[0] == 0
    assert campaign.settled() == [1]


def test_who_is_found_now_and_then_is_not_settled() -> None:
    """Most searches since it was first there must have found it."""
    register = Register()
    campaign = opened(register, "a", 1, 2)
    for search in range(20):
        campaign.searches += 1
        register.enlist(campaign, [1, 2] if search % 4 == 0 else [1], NOW)
    assert campaign.settled() == [1]


@pytest.mark.parametrize(("tied", "of_ten", "settled"), [(True, 5, True), (False, 5, False)])
def test_who_shows_what_ties_the_ring_is_found_less_often(
    tied: bool, of_ten: int, settled: bool
) -> None:
    """Half of the searches are enough; who only acts alike has to be in most of them."""
    campaign = Campaign("c", NOW, 0.9, 2.0, np.zeros(1))
    for search in range(10):
        campaign.searches += 1
        campaign.join([1] if search < of_ten else [2], NOW + search)
    campaign.members[1].tied = tied
    campaign.members[1].since = 0
    assert campaign.is_settled(1) is settled


def test_nobody_is_in_two_campaigns() -> None:
    """Whoever is a member stays where it is."""
    register = Register()
    first = opened(register, "first", 1, 2, 3)
    second = opened(register, "second", 3, 4, 5)
    assert set(second.members) == {4, 5}
    assert register.campaign_of[3] is first


def test_a_member_is_found_again() -> None:
    """When it was found last is what counts."""
    register = Register()
    campaign = opened(register, "a", 1, 2)
    register.enlist(campaign, [1, 2, 3], NOW + 5)
    assert {account: stay.last for account, stay in campaign.members.items()} == {
        1: NOW + 5,
        2: NOW + 5,
        3: NOW + 5,
    }


def test_a_released_member_is_free() -> None:
    """It may join another campaign."""
    register = Register()
    first = opened(register, "first", 1, 2)
    register.release(first, [1])
    second = opened(register, "second", 1, 3)
    assert set(first.members) == {2}
    assert register.campaign_of[1] is second


def test_a_closed_campaign_frees_its_members() -> None:
    """It still says whom it had."""
    register = Register()
    campaign = opened(register, "a", 1, 2)
    register.close(campaign)
    assert register.campaign_of == {}
    assert register.open == {}
    assert set(campaign.members) == {1, 2}
    assert matches(register, 1, 2) == []


@pytest.mark.parametrize("other", [("b", NOW), ("a", NOW + 1), ("a1", NOW)])
def test_an_id_names_one_campaign(other: tuple[str, int]) -> None:
    """The same account and time make the same id, others another."""
    assert campaign_id("a", NOW) == campaign_id("a", NOW)
    assert campaign_id("a", NOW) != campaign_id(*other)


def test_a_member_on_probation_settles_later() -> None:
    """Found as often as the others, it has to stay as long as is asked of it."""
    register = Register()
    campaign = opened(register, "a", 1, 2)
    campaign.members[2].probation = 10
    for search in range(1, 11):
        campaign.searches = search
        assert campaign.settled() == ([1] if search >= SETTLED else [])
        register.enlist(campaign, [1, 2], NOW + search)
    assert campaign.settled() == [1, 2]


def test_a_search_counts_once_however_many_rings_of_a_campaign_it_finds() -> None:
    """Who is in one part of it has not been missed in the other; the score is the best part's."""
    campaign = opened(Register(), "a", 1, 2)
    campaign.score = 1.0
    for score in (0.5, 0.7, 0.6):
        campaign.meet(NOW + 1, score, 0.0, np.zeros(1))
    assert (campaign.searches, campaign.score) == (1, FADING)


@pytest.mark.parametrize(("part", "left", "faded"), [(3, 7, False), (5, 5, False), (6, 10, True)])
def test_a_harmless_part_leaves_and_a_harmless_whole_fades(
    part: int, left: int, faded: bool
) -> None:
    """Honest accounts that were swept in are a ring of their own in a later search."""
    register = Register()
    campaign = opened(register, "a", *range(10))
    register.doubt(campaign, np.array([*range(part), 50]))
    assert len(campaign.members) == left
    assert campaign.score == (0.9 * FADING if faded else 0.9)
    assert register.freed() == list(range(10 - left))


def test_who_is_let_go_of_is_told_once() -> None:
    """Released, or of a campaign that closed; not who lives on in an older one."""
    register = Register()
    old, young, gone = (
        opened(register, "old", 1, 2),
        opened(register, "young", 3, 4),
        opened(register, "gone", 5, 6),
    )
    register.merge(old, young)
    assert register.freed() == []
    register.release(old, [2])
    register.close(gone)
    assert register.freed() == [2, 5, 6]
    assert register.freed() == []
