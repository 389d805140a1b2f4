"""The linker under restraint: what a person said about a member, and what the governor refuses."""

import pytest

from schemas.controls import Control, Switch
from schemas.decisions import Action
from schemas.wire import encode_decision
from stream.controls.reasons import ordered
from stream.controls.table import Controls
from stream.decide.policy import Policy
from stream.govern.governor import Governor
from stream.govern.grants import MemoryGrants
from stream.link.membership import unseal
from stream.link.touches import Touch
from stream.metrics import Metrics
from stream.store import Current, Kind, MemoryStore
from tests.unit.gates import DAY, HOUR, NOW, POLICY
from tests.unit.ordered import pin
from tests.unit.test_link_office import begun
from tests.unit.touched import Ear, hours, numbered, office

SHARE = {"accounts": 0.1, "traffic": 1.0}
FIVE = {"block": SHARE, "step_up": SHARE, "fewest": {"accounts": 5, "requests": 1_000_000}}


class Scene:
    """An office under orders, and what it says."""

    def __init__(self, *controls: Control, governed: bool = False) -> None:
        self.controls, self.ear, self.store = Controls(), Ear(), MemoryStore()
        for control in controls:
            self.controls.take(control)
        rules = Policy.model_validate(POLICY | {"governor": FIVE})
        self.governor = (
            Governor(rules, MemoryGrants(), self.controls, Metrics()) if governed else None
        )
        self.open()

    def open(self) -> None:
        """Begin anew, as a process that starts."""
        self.office = office(self.ear, self.store, controls=self.controls, governor=self.governor)

    async def take(self, touches: list[Touch]) -> dict[str, Action]:
        """The last word about each account of whom anything is said."""
        heard = len(self.ear.decisions)
        await self.office.take(numbered(touches))
        return {d.account_id: d.action for d in self.ear.decisions[heard:]}


async def test_a_pinned_member_hears_nothing() -> None:
    """The answer is kept beside its state, for when the pin ends; others hear theirs."""
    alone, pinned = await Scene().take(begun()), Scene(pin("r003", expires_at=NOW + 9 * DAY))
    told = await pinned.take(begun())
    assert alone.keys() - told.keys() == {"r003"}
    assert pinned.store.decisions.keys() == told.keys()
    [sealed] = await pinned.store.load(["r003"], Kind.MEMBERSHIP)
    floor = unseal(sealed)
    assert floor is not None
    assert floor.standing.action is alone["r003"]


@pytest.mark.parametrize("holds", [True, False])
async def test_who_is_pinned_by_organisation_hears_nothing(holds: bool) -> None:
    """It stands in the store, as its latest request was answered."""
    override = pin("acme", subject="organisation", expires_at=NOW + 9 * DAY)
    first = Scene()
    await first.take(begun())
    word = next(d for d in first.ear.decisions if d.account_id == "r003")
    word.cause, word.reasons = "override", [ordered(override)]
    scene = Scene(*([override] if holds else []))
    await scene.store.decree("r003", Current(encode_decision(word), DAY))
    assert ("r003" in await scene.take(begun())) is not holds


async def test_the_governor_lets_a_share_be_answered() -> None:
    """Twelve members: five, and for the rest a rate_limit that says why; later, five more."""
    scene = Scene(governed=True)
    told = await scene.take(begun())
    strict = [name for name, action in told.items() if action > Action.RATE_LIMIT]
    limited = [d for d in scene.ear.decisions if d.action is Action.RATE_LIMIT]
    assert (len(strict), len({d.account_id for d in limited})) == (5, 7)
    assert {d.reasons[0].code for d in limited} == {"governor"}
    assert {d.limits.requests_per_minute for d in limited if d.limits} == {6}
    for name, action in told.items():
        floor = unseal(scene.store.memberships[name])
        assert floor is not None
        assert floor.standing.action is action


async def test_the_refused_are_asked_about_again() -> None:
    """In the next hour, by the next search."""
    scene = Scene(governed=True)
    first = await scene.take(begun())
    later = await scene.take(hours(3, NOW + 8 * HOUR))
    refused = {name for name, action in first.items() if action is Action.RATE_LIMIT}
    assert len(refused & later.keys()) >= 5


async def test_who_takes_over_knows_whom_the_governor_refused() -> None:
    """By the store, since the touches call for more: they are asked about again."""
    scene = Scene(governed=True)
    first = await scene.take(begun())
    scene.open()
    scene.office.recall(numbered(begun()))
    later = await scene.take(hours(3, NOW + 8 * HOUR))
    refused = {name for name, action in first.items() if action is Action.RATE_LIMIT}
    assert len(refused & later.keys()) >= 5


async def test_answers_carry_the_mode_that_holds() -> None:
    """Without a restart."""
    scene = Scene(Switch(mode="shadow", author="kim", reason="a drill", ts=NOW))
    await scene.take(begun())
    assert {d.mode for d in scene.ear.decisions} == {"shadow"}
