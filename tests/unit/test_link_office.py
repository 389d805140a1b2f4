"""The office: a fold that says the same whenever it folds the same, and tells nobody twice."""

from collections import Counter
from itertools import count

import numpy as np
import pytest

from schemas.decisions import Action, Campaign
from stream.decide.policy import Policy
from stream.link import linker
from stream.link.membership import unseal
from stream.link.surprise import Edges, Ints, Sharing
from stream.link.touches import Touch
from stream.store import MemoryStore
from tests.unit.gates import DAY, HOUR, MINUTE, NOW, POLICY
from tests.unit.touched import Ear, honest, hours, numbered, office, ring, touch, value


def quiet(first: int, last: int) -> list[Touch]:
    """Honest accounts in each of these hours: with every hour comes a search."""
    return [touch for hour in range(first, last) for touch in honest(60, NOW + hour * HOUR)]


def story() -> list[Touch]:
    """Honest accounts, a ring that grows for hours, a younger one, and quiet days."""
    touches = [
        *honest(60),
        *ring(12, NOW + HOUR),
        *ring(8, NOW + 2 * HOUR, "s"),
        *ring(20, NOW + 4 * HOUR),
        *quiet(3, 9),
        *honest(60, NOW + 2 * DAY),
        *honest(60, NOW + 4 * DAY),
    ]
    return sorted(touches, key=lambda touch: touch.ts)


async def taken(touches: list[Touch], size: int = 7, recalled: int = 0) -> Ear:
    """What is told when touches come in chunks of `size`, the first `recalled` ones in silence."""
    ear = Ear()
    one = office(ear)
    one.recall(numbered(touches[:recalled]))
    for begin in range(recalled, len(touches), size):
        await one.take(numbered(touches[begin : begin + size], begin))
    return ear


async def test_the_same_touches_say_the_same() -> None:
    """Records and decisions are equal to the byte, however the touches were cut into chunks."""
    once, again = await taken(story(), 1), await taken(story(), 50)
    assert len(once.records) > 2
    assert once.records == again.records
    assert once.decisions == again.decisions


def begun() -> list[Touch]:
    """A ring that searches have found several times."""
    return [*honest(60), *ring(12, NOW + HOUR), *hours(5, NOW + 3 * HOUR)]


@pytest.mark.parametrize("at", [1, 61, 66, 73, 80, 95, 130, 200])
async def test_a_restart_changes_nothing(at: int) -> None:
    """One process that is followed by another, which recalls, says what one alone says."""
    touches = story()
    alone, first = await taken(touches), await taken(touches[:at])
    second = await taken(touches, recalled=at)
    assert first.records + second.records == alone.records
    assert first.decisions + second.decisions == alone.decisions


async def test_repeated_touches_invent_no_campaign() -> None:
    """A worker that was killed repeats its touches: the same accounts are answered."""
    touches = story()
    doubled = [touch for touch in touches for _ in range(2)]
    alone, twice = await taken(touches), await taken(doubled)
    assert {d.account_id for d in twice.decisions} == {d.account_id for d in alone.decisions}


async def test_a_ring_is_told_of() -> None:
    """A record names all members, and each of them gets a decision with the campaign's id."""
    ear = await taken([*honest(60), *ring(12, NOW + HOUR), *quiet(3, 7)])
    named = {account for record in ear.records for account in record.members_added}
    assert named == {f"r{n:03}" for n in range(12)}
    assert {d.account_id for d in ear.decisions} == named
    assert {d.campaign_id for d in ear.decisions} == {r.campaign_id for r in ear.records}
    assert {d.cause for d in ear.decisions} == {"campaign"}


async def test_another_policy_holds_from_the_next_chunk_on() -> None:
    """A bundle that is swapped brings the campaigns' part of its policy as well."""
    ear = Ear()
    one = office(ear)
    one.obey(Policy.model_validate(POLICY | {"version": "next"}))
    await one.take(numbered([*honest(60), *ring(12, NOW + HOUR), *quiet(3, 7)]))
    assert {decision.policy_version for decision in ear.decisions} == {"next"}
    thirteen = POLICY["campaigns"] | {"fewest": 13}
    one.obey(Policy.model_validate(POLICY | {"version": "last", "campaigns": thirteen}))
    told = len(ear.decisions)
    await one.take(numbered(quiet(7, 9), 1_000))
    assert {decision.action for decision in ear.decisions[told:]} <= {Action.ALLOW}


async def test_honest_accounts_are_left_alone() -> None:
    """Values that a few established accounts share make no campaign."""
    ear = await taken([*honest(200), *hours(5, NOW + 3 * HOUR)])
    assert ear.records == []
    assert ear.decisions == []


async def test_nobody_is_told_twice() -> None:
    """No answer of the same kind within half of its life, and none without an end."""
    ear = await taken(story())
    told = Counter((d.account_id, d.action, d.campaign_id) for d in ear.decisions)
    assert set(told.values()) == {1}
    assert all(d.expires_at > d.ts for d in ear.decisions)


async def test_a_newcomer_is_answered_at_once() -> None:
    """Between two searches, an account that shows what ties the ring is told with its touch."""
    ear = Ear()
    one = office(ear)
    begun = [*honest(60), *ring(12, NOW + HOUR), *quiet(3, 7)]
    await one.take(numbered(begun))
    ear.decisions.clear()
    await one.take([(500, next(ring(1, NOW + 7 * HOUR)))])
    own = next(ring(1)).values
    await one.take([(501, touch("new", NOW + 7 * HOUR + 1, *own))])
    assert [d.account_id for d in ear.decisions] == ["new"]
    assert ear.decisions[0].reasons[0].code == "campaign_member"


async def test_what_others_use_as_well_draws_nobody_in() -> None:
    """A ring in the guise of something popular: whoever is new there waits for a search."""
    ear = Ear()
    one = office(ear)
    own = next(ring(1)).values
    others = [touch(f"o{n}", NOW + 90 * MINUTE + n, own[n % 2]) for n in range(10)]
    await one.take(numbered([*honest(60), *ring(12, NOW + HOUR), *others, *quiet(3, 7)]))
    ear.decisions.clear()
    await one.take([(500, touch("new", NOW + 7 * HOUR, *own))])
    assert ear.decisions == []


async def test_an_established_account_is_not_drawn_in() -> None:
    """Who is established does not join between searches, whatever it shows."""
    ear = Ear()
    one = office(ear)
    begun = [*honest(60), *ring(12, NOW + HOUR), *quiet(3, 7)]
    await one.take(numbered(begun))
    ear.decisions.clear()
    own = next(ring(1)).values
    await one.take([(500, touch("old", NOW + 7 * HOUR, *own, established=True))])
    assert ear.decisions == []


async def test_what_is_told_lies_in_the_store() -> None:
    """The membership is what the gate reads, the decision what the edge reads."""
    ear, store = Ear(), MemoryStore()
    one = office(ear, store)
    await one.take(numbered([*honest(60), *ring(12, NOW + HOUR), *quiet(3, 7)]))
    last = {d.account_id: d for d in ear.decisions}
    assert set(store.memberships) == set(store.decisions) == set(last)
    for account, decision in last.items():
        floor = unseal(store.memberships[account])
        assert floor is not None
        assert floor.campaign_id == decision.campaign_id
        assert floor.standing.action is decision.action
        assert floor.standing.expires_at == decision.expires_at


async def test_records_follow_the_contract() -> None:
    """Every record reads back as what the contract says, with its ties and figures."""
    ear = await taken(story())
    assert ear.records
    for record in ear.records:
        assert Campaign.model_validate_json(record.model_dump_json(exclude_none=True)) == record
        assert {"card", "template"} <= {link.kind for link in record.links}


async def test_a_campaign_closes_when_its_ring_is_gone() -> None:
    """A day after the last member was found it is closed, and its members are free."""
    ear = Ear()
    one = office(ear)
    gone = [touch(t.account_id, NOW + 40 * DAY + n) for n, t in enumerate(ring(12))]
    later = [*honest(60, NOW + 40 * DAY), *gone, *honest(60, NOW + 42 * DAY)]
    begun = [*honest(60), *ring(12, NOW + HOUR), *quiet(3, 7)]
    await one.take(numbered([*begun, *later]))
    assert ear.records[-1].status == "closed"
    assert one.linker.register.campaign_of == {}


async def test_a_merged_campaign_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rings that turn out to be one: the older id lives on, the younger one is closed."""
    search, searches = linker.rings, count()

    def joined(edges: Edges, shared: Sharing, accounts: int) -> list[Ints]:
        found = search(edges, shared, accounts)
        late = next(searches) > 6 and len(found) > 1
        return [np.sort(np.concatenate(found))] if late else found

    monkeypatch.setattr(linker, "rings", joined)
    rings = [*ring(12, NOW + HOUR), *ring(12, NOW + 2 * HOUR, "s")]
    ear = await taken([*honest(60), *rings, *hours(9, NOW + 3 * HOUR)])
    old, young = (record.campaign_id for record in ear.records[:2])
    last = {record.campaign_id: record for record in ear.records}
    assert (last[old].status, last[old].accounts) == ("open", 24)
    assert (last[young].status, last[young].merged_into) == ("closed", old)
    assert {d.account_id for d in ear.decisions if d.campaign_id == old} == {
        t.account_id for t in rings
    }


async def test_bars_come_with_every_search() -> None:
    """Workers hear what established accounts reach, members of campaigns left out."""
    ear = Ear()
    one = office(ear)
    touches = [*honest(600), *ring(12, NOW + HOUR)]
    high = [touch(t.account_id, t.ts, *t.values, score=0.9, peak=0.9) for t in touches[600:]]
    await one.take(numbered([*touches[:600], *high, *honest(600, NOW + 3 * HOUR)]))
    assert ear.bars[-1][Action.RESTRICT] == pytest.approx(0.1)


async def test_nothing_is_told_for_no_touches() -> None:
    """An empty chunk is no news."""
    ear = Ear()
    await office(ear).take([])
    assert (ear.decisions, ear.records, ear.bars) == ([], [], [])


async def test_two_kinds_of_value_are_needed() -> None:
    """Accounts that share a card alone are no ring."""
    card = [touch(f"c{n}", NOW + HOUR + n, value("card", 7)) for n in range(12)]
    ear = await taken([*honest(60), *card, *hours(5, NOW + 3 * HOUR)])
    assert ear.records == []


def cleared() -> list[Touch]:
    """A ring that is answered; then hundreds of established accounts show what tied it."""
    own = next(ring(1)).values
    crowd = [touch(f"p{n}", NOW + 8 * HOUR + n, *own, established=True) for n in range(300)]
    return [*honest(60), *ring(12, NOW + HOUR), *quiet(3, 7), *crowd, *quiet(9, 12), *quiet(40, 43)]


async def test_who_is_found_no_more_is_let_go() -> None:
    """What tied it has become a product: every member is told that it is allowed again."""
    ear, store = Ear(), MemoryStore()
    await office(ear, store).take(numbered(cleared()))
    last = {d.account_id: d for d in ear.decisions}
    assert len(last) == 12
    assert {(d.action, d.campaign_id, d.cause) for d in last.values()} == {
        (Action.ALLOW, None, "campaign")
    }
    floors = [unseal(store.memberships[account]) for account in last]
    assert {floor.standing.action for floor in floors if floor} == {Action.ALLOW}


async def test_a_later_word_about_a_member_stands() -> None:
    """What the account brought upon itself since then is not a campaign's to end."""
    ear, store = Ear(), MemoryStore()
    one, touches = office(ear, store), numbered(cleared())
    answered = next(n for n, (_, t) in enumerate(touches) if t.ts >= NOW + 8 * HOUR)
    await one.take(touches[:answered])
    store.decisions["r003"] = store.decisions["r003"].replace(b'"campaign"', b'"request"')
    ear.decisions.clear()
    await one.take(touches[answered:])
    assert {d.account_id for d in ear.decisions} == {f"r{n:03}" for n in range(12) if n != 3}
