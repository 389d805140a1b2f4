"""A report's figures: who belongs, what they asked, what met it."""

import dataclasses

import pytest

from schemas.decisions import Action, Decision
from schemas.errors import ConfigurationError
from stream.report.answers import Conduct
from stream.report.exchanges import Account
from stream.report.figures import MOST_BUCKETS, WIDTHS, Figures
from tests.unit.gates import NOW
from tests.unit.reports import HOUR, STORY, campaign, decision, inquire, request


async def figures(**messages: object) -> Figures:
    """The figures of the one campaign of the story, with other messages."""
    return (await inquire(STORY | messages)).figures()[0]  # type: ignore[operator]


async def test_exchanges_are_those_of_members() -> None:
    """Before and after detection, with their tokens."""
    f = await figures()
    assert (f.accounts, f.active, f.exchanges) == (2, 2, 3)
    assert (f.before_detection, f.after_detection) == (1, 2)
    assert (f.tokens_in, f.tokens_out, f.tokens_reasoning) == (30, 15, 3)
    assert (f.first_seen, f.last_seen) == (NOW - HOUR, NOW + 2 * HOUR)


async def test_an_exchange_meets_the_action_that_stands() -> None:
    """Nothing before it was decided, nothing for whom nothing was decided."""
    f = await figures()
    assert f.after_by_action == {"allow": 1, "block": 1}
    assert (f.decisions, f.answered) == ({"block": 1}, 1)


async def test_what_the_gateway_refused_is_no_exchange() -> None:
    """It was asked, and not answered."""
    f = await figures(requests=[request("ada", NOW), request("ada", NOW + 1, status=429)])
    assert (f.requests, f.exchanges) == (2, 1)


async def test_a_request_that_comes_twice_counts_once() -> None:
    """The same id within ten minutes; later it is another one."""
    again = [request("ada", NOW + ts, event_id="e") for ts in (0, 600_000, 600_001)]
    assert (await figures(requests=again)).requests == 2


def test_ids_are_forgotten() -> None:
    """An account holds those of ten minutes, also after one from the future."""
    account = Account()
    account.repeats("ahead", 1 << 40)
    for ts in range(0, 3_600_000, 60_000):
        account.repeats(str(ts), ts)
    assert len(account.recent) == 11


async def test_who_was_released_counts_nowhere() -> None:
    """The latest decision names no campaign: it was wrongly linked, or is over."""
    freed = decision("ada", NOW + 2 * HOUR, "allow", campaign_id=None, reasons=[])
    f = await figures(decisions=[decision("ada", NOW), freed])
    assert (f.accounts, f.released, f.exchanges, f.decisions) == (1, 1, 1, {})


async def test_an_earlier_decision_releases_nobody() -> None:
    """What was decided before the account was found says nothing of it."""
    before = decision("ada", NOW - HOUR, "restrict", campaign_id=None)
    assert (await figures(decisions=[before])).released == 0


async def test_who_is_linked_again_is_a_member() -> None:
    """The latest decision is what counts."""
    freed = decision("ada", NOW + 1, "allow", campaign_id=None, reasons=[])
    f = await figures(decisions=[freed, decision("ada", NOW + 2)])
    assert (f.accounts, f.released) == (2, 0)


async def test_decisions_make_members() -> None:
    """A compacted topic of campaigns has forgotten who joined; decisions name the campaign."""
    f = await figures(campaigns=[campaign(NOW)], decisions=[decision("bob", NOW)])
    assert (f.accounts, f.exchanges) == (1, 1)


async def test_merged_campaigns_are_told_as_one() -> None:
    """Under the id that lives on, asked for by either."""
    older = campaign(NOW, "ada")
    younger = [
        campaign(NOW + 1, "bob", name="c-2"),
        campaign(NOW + 2, name="c-2", status="closed", merged_into="c-1"),
    ]
    messages = STORY | {"campaigns": [older, *younger]}
    for asked in (None, "c-1", "c-2"):
        (f,) = (await inquire(messages, asked)).figures()
        assert (f.campaign_id, f.merged, f.accounts) == ("c-1", ["c-2"], 2)


async def test_records_that_merge_in_a_circle_end() -> None:
    """A record can say anything."""
    records = [
        campaign(NOW, "ada", merged_into="c-2"),
        campaign(NOW, "bob", name="c-2", merged_into="c-1"),
    ]
    (f,) = (await inquire(STORY | {"campaigns": records}, "c-1")).figures()
    assert f.campaign_id in {"c-1", "c-2"}


async def test_an_unknown_campaign_is_an_error() -> None:
    """Not an empty report."""
    with pytest.raises(ConfigurationError, match="no campaign c-9 in the records: there are 1"):
        await inquire(STORY, "c-9")


async def test_what_cannot_be_read_is_counted() -> None:
    """By topic, and the rest is told."""
    broken = {"raw": b"{"}
    wrong = request("ada", NOW, input_tokens=-1)
    messages = {topic: [broken, *found] for topic, found in STORY.items()}
    messages["requests"].append(wrong)
    inquiry = await inquire(messages)  # type: ignore[arg-type]
    assert inquiry.unreadable == {"campaigns": 1, "decisions": 1, "requests": 2}
    assert inquiry.figures()[0].exchanges == 3


async def test_what_is_not_known_is_told_as_such() -> None:
    """A capability or country that no event names has no name."""
    f = await figures()
    assert {s.name: s.exchanges for s in f.capabilities} == {"coding": 2, "": 1}
    assert {p.country: p.accounts for p in f.countries} == {"US": 1, "": 1}


async def test_ties_say_whether_they_are_keyed() -> None:
    """The most shared first, with the share of the record's members."""
    f = await figures(campaigns=[campaign(NOW, "ada", "bob", "cy", "di")])
    told = [(t.kind, t.keyed, t.accounts, t.share) for t in f.ties]
    assert told[0] == ("card", True, 3, 0.75)
    assert ("asn", False, 2, 0.5) in told


async def test_a_closed_campaign_keeps_its_ties() -> None:
    """The record that closes it has none."""
    over = campaign(NOW + 1, status="closed", links=[])
    f = await figures(campaigns=[*STORY["campaigns"], over])
    assert (f.status, f.recorded, len(f.ties)) == ("closed", 2, 3)


async def test_the_timeline_adds_up() -> None:
    """Every exchange is in one bucket, and everybody has joined in the last one."""
    f = await figures()
    assert sum(sum(b.exchanges.values()) for b in f.timeline) == f.exchanges
    assert [b.members for b in f.timeline] == [0, 2, 2, 2]
    assert f.timeline[-1].under == {"block": 1}


@pytest.mark.parametrize("days", [1, 45, 400, 20_000])
async def test_a_timeline_is_never_long(days: int) -> None:
    """However far apart the times are."""
    far = request("ada", NOW - days * 24 * HOUR)
    f = await figures(requests=[far, request("ada", NOW)])
    assert 1 <= len(f.timeline) <= MOST_BUCKETS + 1
    assert f.width in WIDTHS


def test_a_renewed_action_is_one_span() -> None:
    """A decision for every request needs no more memory than the changes."""
    conduct = Conduct()
    for ts in range(0, 100, 10):
        conduct.decide(Decision.model_validate(decision("ada", NOW + ts)))
    assert [dataclasses.astuple(span) for span in conduct.spans["ada"]] == [
        (NOW, NOW + 90 + 24 * HOUR, Action.BLOCK)
    ]


def test_an_action_lapses() -> None:
    """Past its end it is `allow`, and the request that brought it about was let through."""
    conduct = Conduct()
    conduct.decide(Decision.model_validate(decision("ada", NOW)))
    times = (NOW, NOW + 1, NOW + 24 * HOUR, NOW + 24 * HOUR + 1)
    found = [conduct.standing("ada", ts) for ts in times]
    assert found == [Action.ALLOW, Action.BLOCK, Action.BLOCK, Action.ALLOW]
