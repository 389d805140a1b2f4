"""Orders about campaigns: what members are told, for how long, after what crash."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from schemas.controls import CampaignOrder, control_id
from schemas.decisions import Action
from stream.controls.table import Controls
from stream.link.clerk import Clerk
from stream.link.membership import unseal
from stream.link.office import Office
from stream.link.pardon import unseal_pardon
from stream.link.touches import Touch
from stream.store import MemoryStore
from tests.unit.gates import DAY, HOUR, NOW
from tests.unit.touched import Ear, honest, hours, numbered, office, ring

MEMBERS = {f"r{n:03}" for n in range(12)}
EVIDENT = Action.STEP_UP  # what the evidence of this ring comes to: it acts as others do


def begun() -> list[Touch]:
    """A ring of twelve that is found and answered."""
    return [*honest(60), *ring(12, NOW + HOUR), *hours(6, NOW + 3 * HOUR)]


def later(count: int = 12) -> list[Touch]:
    """The ring again, `count` strong, and hours in which it is looked for."""
    return [*ring(count, NOW + 20 * HOUR), *hours(6, NOW + 24 * HOUR)]


@dataclass
class Desk:
    """A linker's inside; `again` is the next process on the same topics and store."""

    store: MemoryStore = field(default_factory=MemoryStore)
    controls: Controls = field(default_factory=Controls)
    ear: Ear = field(default_factory=Ear)
    folded: list[Touch] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.office: Office = office(self.ear, self.store, controls=self.controls)

    async def take(self, touches: list[Touch]) -> None:
        await self.office.take(numbered(touches, len(self.folded)))
        self.folded += touches

    async def order(self, what: str, **fields: Any) -> CampaignOrder:
        """Order it about the one campaign, and carry it out."""
        order = self.ordered(what, **fields)
        await self.carry_out(order)
        return order

    def ordered(self, what: str, **fields: Any) -> CampaignOrder:
        told = {"author": "kim", "reason": "a partner", "ts": NOW + 9 * HOUR, "what": what}
        told |= {"kind": "campaign", "campaign_id": self.ear.records[0].campaign_id}
        return msgspec.convert(told | fields, CampaignOrder)

    async def carry_out(self, order: CampaignOrder) -> None:
        self.controls.take(order)
        self.ear.decisions.clear()
        await Clerk(self.office, self.ear).carry_out(order)

    def again(self) -> "Desk":
        """A new process that has recalled what this one was told."""
        new = Desk(self.store, self.controls, Ear(records=self.ear.records[:]))
        new.office.recall(numbered(self.folded))
        new.folded = self.folded[:]
        return new

    def told(self) -> dict[str, tuple[Action, str]]:
        """The last word about each account since the last order, and its cause."""
        return {d.account_id: (d.action, d.cause) for d in self.ear.decisions}

    def floors(self) -> set[Action]:
        """What memberships in the store say."""
        found = [unseal(self.store.memberships[account]) for account in MEMBERS]
        return {floor.standing.action for floor in found if floor}

    def ended(self) -> set[int]:
        """What memberships in the store say that they have taken back."""
        found = [unseal(self.store.memberships[account]) for account in MEMBERS]
        return {floor.ended for floor in found if floor}

    def status(self) -> str:
        return self.ear.posted[-1].status


@pytest.fixture
async def desk() -> Desk:
    """A campaign of twelve that is answered."""
    made = Desk()
    await made.take(begun())
    assert {d.account_id for d in made.ear.decisions} == MEMBERS
    assert Action.ALLOW not in made.floors()
    return made


ACT = {"action": "rate_limit", "expires_at": NOW + 5 * DAY}


async def test_a_dismissal_lets_every_member_go(desk: Desk) -> None:
    """Told, kept in the store with what it ends, recorded, and shown on the board."""
    before = {d.expires_at for d in desk.ear.decisions}
    await desk.order("dismiss")
    assert desk.told() == dict.fromkeys(MEMBERS, (Action.ALLOW, "override"))
    assert desk.floors() == {Action.ALLOW}
    assert desk.ended() == before
    assert (desk.ear.records[-1].status, desk.status()) == ("dismissed", "dismissed")
    assert {unseal_pardon(value) for value in desk.store.pardons.values()} == {
        desk.ear.records[-1].campaign_id
    }


async def test_a_dismissal_teaches(desk: Desk) -> None:
    """Each member is benign, says who dismissed it; the same events however often."""
    order = await desk.order("dismiss")
    await desk.carry_out(order)
    first, again = desk.ear.labels[:12], desk.ear.labels[12:]
    assert first == again
    assert {label.account_id for _, label in first} == MEMBERS
    assert {(label.label, label.source) for _, label in first} == {("benign", "kim")}
    assert len({label.event_id for _, label in first}) == 12


async def test_a_dismissed_ring_stays_dismissed(desk: Desk) -> None:
    """The same evidence, and a few who join, change nothing."""
    await desk.order("dismiss")
    desk.ear.decisions.clear()
    await desk.take(later(18))
    assert desk.told() == {}
    assert desk.status() == "dismissed"


async def test_a_new_process_keeps_a_dismissal(desk: Desk) -> None:
    """It finds the pardons in the store, though it recalls the evidence alone."""
    await desk.order("dismiss")
    new = desk.again()
    await new.take(later(18))
    assert new.told() == {}
    assert new.ear.records[len(desk.ear.records) :] == []
    assert desk.floors() == {Action.ALLOW}


async def test_a_pardon_holds_under_another_id(desk: Desk) -> None:
    """A process that never saw how the ring was found gives it another id; nobody is told."""
    await desk.order("dismiss")
    new = Desk(desk.store, desk.controls)
    await new.take([*honest(60, NOW + 20 * HOUR), *later(13), *hours(9, NOW + 31 * HOUR)])
    assert len(new.office.linker.register.open) == 1
    assert new.told() == {}
    assert new.ear.records == []


async def test_a_ring_that_doubled_is_another(desk: Desk) -> None:
    """Its pardons are lifted, and all of it is answered."""
    await desk.order("dismiss")
    desk.ear.decisions.clear()
    await desk.take(later(30))
    assert set(desk.told()) == {f"r{n:03}" for n in range(30)}
    assert {action for action, _ in desk.told().values()} == {EVIDENT}
    assert desk.status() == "open"
    assert {unseal_pardon(value) for value in desk.store.pardons.values()} == {""}


async def test_who_was_erased_is_pardoned_no_more(desk: Desk) -> None:
    """Who has the name of one is another account, and a ring of mostly such another ring."""
    await desk.order("dismiss")
    desk.ear.decisions.clear()
    for number in range(7):
        await desk.office.forget(f"r{number:03}")
    await desk.take(later())
    assert desk.told() == dict.fromkeys(MEMBERS, (EVIDENT, "campaign"))


async def test_a_later_word_about_a_member_stands(desk: Desk) -> None:
    """What an account brought upon itself is not a campaign's to end."""
    held = desk.store.decisions["r003"]
    desk.store.decisions["r003"] = held.replace(b'"campaign"', b'"request"')
    await desk.order("dismiss")
    assert set(desk.told()) == MEMBERS - {"r003"}


async def test_an_act_pins_every_member(desk: Desk) -> None:
    """Those there are, until its end, with a reason that says who decides."""
    await desk.order("act", **ACT)
    assert desk.told() == dict.fromkeys(MEMBERS, (Action.RATE_LIMIT, "override"))
    assert {d.expires_at for d in desk.ear.decisions} == {NOW + 5 * DAY}
    assert {d.reasons[0].code for d in desk.ear.decisions} == {"campaign_ordered"}
    assert desk.floors() == {Action.RATE_LIMIT}


async def test_an_act_leaves_alone_who_was_met_once(desk: Desk) -> None:
    """One search may err: a person's answer is for members that are settled."""
    register = desk.office.linker.register
    [campaign] = register.open.values()
    register.enlist(campaign, [0], NOW + 9 * HOUR)
    await desk.order("act", **ACT)
    assert set(desk.told()) == MEMBERS
    await desk.order("undo", ts=NOW + 10 * HOUR)
    assert set(desk.told()) == MEMBERS


async def test_an_act_holds_for_who_joins(desk: Desk) -> None:
    """Nobody is told twice, who joins is told the same, in this process and in the next one."""
    await desk.order("act", **ACT)
    desk.ear.decisions.clear()
    for one in (desk, desk.again()):
        one.ear.decisions.clear()
        await one.take(later(14))
        assert one.told() == dict.fromkeys(("r012", "r013"), (Action.RATE_LIMIT, "override"))


async def test_an_act_ends_by_its_time(desk: Desk) -> None:
    """Then the evidence decides."""
    await desk.order("act", action="restrict", expires_at=NOW + 21 * HOUR)
    desk.ear.decisions.clear()
    await desk.take(later())
    assert desk.told() == dict.fromkeys(MEMBERS, (EVIDENT, "campaign"))


async def test_an_undone_act_restores_what_the_evidence_says(desk: Desk) -> None:
    """At once, whatever was ordered meanwhile."""
    before = {d.account_id: d.action for d in desk.ear.decisions}
    await desk.order("act", **ACT)
    await desk.order("undo", ts=NOW + 10 * HOUR)
    assert desk.told() == {name: (action, "campaign") for name, action in before.items()}


async def test_an_undone_act_lets_go_whom_no_evidence_holds(desk: Desk) -> None:
    """A campaign that has faded below every threshold is told to be allowed."""
    await desk.order("act", **ACT)
    for campaign in desk.office.linker.register.open.values():
        campaign.score = 0.0
    await desk.order("undo", ts=NOW + 10 * HOUR)
    assert desk.told() == dict.fromkeys(MEMBERS, (Action.ALLOW, "override"))


async def test_who_is_hardly_met_any_more_is_let_go(desk: Desk) -> None:
    """With the others, whom the evidence holds: what was pinned does not stay."""
    await desk.order("act", **ACT)
    [campaign] = desk.office.linker.register.open.values()
    campaign.members[desk.office.linker.ledger.number["r003"]].met = 0
    await desk.order("undo", ts=NOW + 10 * HOUR)
    assert desk.told().pop("r003") == (Action.ALLOW, "override")
    assert set(desk.told()) == MEMBERS


async def test_an_undone_dismissal_holds_again(desk: Desk) -> None:
    """The evidence decides, and the pardons are gone."""
    await desk.order("dismiss")
    await desk.order("undo", ts=NOW + 10 * HOUR)
    assert set(desk.told().values()) == {(EVIDENT, "campaign")}
    assert desk.status() == "open"
    assert {unseal_pardon(value) for value in desk.store.pardons.values()} == {""}


@pytest.mark.parametrize(
    ("what", "fields"),
    [("dismiss", {}), ("act", ACT), ("undo", {}), ("act", ACT | {"action": "block"})],
)
async def test_an_order_is_carried_out_again_with_the_same_ids(
    desk: Desk, what: str, fields: dict[str, Any]
) -> None:
    """By the same process or by the next one, which was killed after it had told everybody."""
    order = await desk.order(what, **fields)
    once = {d.decision_id: d.action for d in desk.ear.decisions}
    new = desk.again()
    new.store.decisions = {
        a: d.replace(b'"override"', b'"campaign"') for a, d in new.store.decisions.items()
    }
    await new.carry_out(order)
    assert {d.decision_id: d.action for d in new.ear.decisions} == once
    assert len(once) == 12
    assert {d.event_id for d in new.ear.decisions} == {control_id(order)}


async def test_an_order_about_no_campaign_does_nothing(desk: Desk) -> None:
    """It may have been closed meanwhile."""
    await desk.order("dismiss", campaign_id="c-0000000000000000")
    assert desk.told() == {}
    assert desk.ear.labels == []


async def test_thousands_are_told_in_batches(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """No call of the store or the broker is larger than a batch."""
    monkeypatch.setattr("stream.link.office.BATCH", 5)
    sizes: list[int] = []

    async def noted(_: Ear, decisions: Sequence[object], __: object) -> None:
        sizes.append(len(decisions))

    monkeypatch.setattr(Ear, "emit", noted)
    await desk.order("dismiss")
    assert sum(sizes) == 12
    assert max(sizes) == 5
