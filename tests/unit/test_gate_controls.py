"""What people order holds at the gate: against scores, campaigns, and what identity asks for."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kyc.assessed import Assessed
from kyc.profile import Profile
from schemas.controls import Control, Switch, control_id
from schemas.decisions import Action, Mode
from schemas.wire import DecisionWire, encode_decision
from stream.controls.table import Controls
from stream.decide.policy import Policy
from stream.decode.hashing import KeyedHasher
from stream.govern.governor import Governor
from stream.govern.grants import MemoryGrants
from stream.know.profiles import Position
from stream.know.profiles import seal as seal_profile
from stream.link.membership import Place, seal
from stream.metrics import Metrics
from stream.store import Entry, Kind, MemoryStore
from tests.unit.gates import (
    DAY,
    HOUR,
    NOW,
    POLICY,
    ListSink,
    Raw,
    Told,
    chunk,
    court,
    gate,
    request,
)
from tests.unit.ordered import pin
from tests.unit.test_court import TWO_KINDS
from tests.unit.test_court_floors import floor

NETWORK = f"{KeyedHasher(b'pepper').network('192.0.2.1'):016x}"


class Scene:
    """A gate whose model says what the test wants, and whom people give orders."""

    def __init__(self, *controls: Control, score: float = 0.1, **policy: Any) -> None:
        self.model = Told(score, TWO_KINDS)
        self.controls = Controls()
        for control in controls:
            self.controls.take(control)
        self.store, self.sink = MemoryStore(), ListSink()
        rules = Policy.model_validate(POLICY | policy)
        self.gate = gate(
            court(self.model, **policy),
            self.sink,
            self.store,
            controls=self.controls,
            governor=Governor(rules, MemoryGrants(), self.controls, Metrics()),
        )
        self._offset = 0

    async def see(self, *requests: Raw, score: float | None = None) -> list[DecisionWire]:
        """What requests bring about."""
        self.model.value = self.model.value if score is None else score
        begun = len(self.sink.decisions)
        await self.gate.handle(chunk(*requests))
        return self.sink.decisions[begun:]

    async def act(self, ts: int, score: float | None = None, **fields: Any) -> list[Action]:
        """What the account's next request brings about."""
        self._offset += 1
        found = await self.see(request(self._offset, ts=ts, **fields), score=score)
        return [decision.action for decision in found]

    async def enlist(self, action: Action, ends: int = NOW + 9 * DAY) -> None:
        """A campaign decides about the account, and tells it."""
        await self.store.write(
            [Entry("ada", seal(floor(action, ends), Place(0, 1)))], Kind.MEMBERSHIP
        )

    async def ask(self, until: int) -> None:
        """More proof of identity is asked of the account, and told."""
        assessed = Assessed(0, 0, 0, 250_000, until, 3, 0)
        profile = seal_profile(Profile(), Position(0, 0), 0, assessed)
        await self.store.write([Entry("ada", profile)], Kind.PROFILE)


async def test_a_pin_is_told_with_its_reason() -> None:
    """Whole, as the contract has it: who said so, until when."""
    override = pin(action=Action.RATE_LIMIT)
    scene = Scene(override)
    (told,) = await scene.see(request(1))
    assert (told.action, told.cause, told.expires_at) == (Action.RATE_LIMIT, "override", NOW + DAY)
    assert [(r.code, r.text, r.value) for r in told.reasons] == [
        ("override", "a customer of ours", control_id(override))
    ]
    assert told.limits is not None
    assert scene.store.decisions["ada"] == encode_decision(told)


async def test_a_pin_is_told_once() -> None:
    """As long as it is the same."""
    scene = Scene(pin())
    assert await scene.act(NOW, 0.99) == [Action.ALLOW]
    assert await scene.act(NOW + 1) == []
    scene.controls.take(pin(action=Action.BLOCK, ts=NOW + 1))
    assert await scene.act(NOW + 2, 0.0) == [Action.BLOCK]


@pytest.mark.parametrize("lifted", [True, False], ids=["lifted", "over"])
async def test_its_end_returns_to_the_evidence(lifted: bool) -> None:
    """What a person said is no evidence: neither is a block kept, nor one that is due withheld."""
    for pinned, score, expected in (
        (Action.ALLOW, 0.99, [Action.BLOCK]),
        (Action.ALLOW, 0.1, []),
        (Action.BLOCK, 0.9, [Action.STEP_UP]),
        (Action.BLOCK, 0.1, [Action.ALLOW] if lifted else []),
    ):
        scene = Scene(pin(action=pinned))
        await scene.act(NOW, score)
        if lifted:
            scene.controls.take(pin(lifted=True, ts=NOW + 1))
        later = NOW + 2 if lifted else NOW + DAY
        assert await scene.act(later) == expected
        assert await scene.act(later + 1) == []


async def test_a_campaign_comes_back_at_the_end() -> None:
    """What it decided meanwhile was told to nobody."""
    scene = Scene(pin())
    await scene.enlist(Action.BLOCK)
    assert await scene.act(NOW) == [Action.ALLOW]
    assert await scene.act(NOW + DAY) == [Action.BLOCK]
    assert await scene.act(NOW + DAY + 1) == []


async def test_what_identity_asks_comes_back_at_the_end() -> None:
    """With the proof that is asked for."""
    scene = Scene(pin())
    await scene.ask(NOW + 9 * DAY)
    assert await scene.act(NOW) == [Action.ALLOW]
    (told,) = await scene.see(request(9, ts=NOW + DAY))
    assert (told.action, told.requirements) == (Action.STEP_UP, ["verify_phone"])
    assert await scene.act(NOW + DAY + 1) == []


@pytest.mark.parametrize(
    ("override", "fields"),
    [
        (pin("acme", Action.BLOCK, subject="organisation"), {"org_id": "acme"}),
        (pin(NETWORK, Action.BLOCK, subject="network"), {"ip": "192.0.2.77"}),
    ],
    ids=["organisation", "network"],
)
async def test_whoever_belongs_is_pinned(override: Control, fields: dict[str, str]) -> None:
    """As long as the account's requests come from there."""
    scene = Scene(override)
    assert await scene.act(NOW, **fields) == [Action.BLOCK]
    assert await scene.act(NOW + 1, ip="198.51.100.1", org_id="other") == [Action.ALLOW]
    assert await scene.act(NOW + 2, **fields) == [Action.BLOCK]


async def test_who_is_named_most_closely_is_pinned_so() -> None:
    """An account before its organisation, that before a network."""
    wide = pin("acme", Action.BLOCK, subject="organisation")
    wider = pin(NETWORK, Action.STEP_UP, subject="network")
    where = {"org_id": "acme", "ip": "192.0.2.77"}
    assert await Scene(pin(), wide, wider).act(NOW, **where) == [Action.ALLOW]
    assert await Scene(wide, wider).act(NOW, **where) == [Action.BLOCK]
    assert await Scene(wider).act(NOW, **where) == [Action.STEP_UP]


@settings(max_examples=80)
@given(
    st.sampled_from(Action),
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.55, 0.75, 0.9, 0.99]),
            st.sampled_from(["", "campaign", "freed", "asked"]),
            st.integers(1, 10 * HOUR),
        ),
        min_size=1,
        max_size=12,
    ),
)
async def test_nothing_else_is_told_while_pinned(
    action: Action, story: list[tuple[float, str, int]]
) -> None:
    """Whatever scores, campaigns and identity come to; and always so after the pin's end."""
    scene, ts, end = Scene(pin(action=action)), NOW, NOW + DAY
    for score, happens, later in story:
        ts += later
        if happens == "asked":
            await scene.ask(ts + DAY)
        elif happens:
            await scene.enlist(Action.BLOCK if happens == "campaign" else Action.ALLOW)
        told = await scene.act(ts, score)
        if ts < end:
            assert told in ([], [action])
    known = [d for d in scene.sink.decisions if d.ts < end]
    assert {d.cause for d in known} <= {"override"}
    assert len(known) <= 1


def switch(mode: Mode) -> Switch:
    """Somebody switches."""
    return Switch(mode=mode, author="kim", reason="a drill", ts=NOW)


async def test_a_switch_holds_from_the_next_batch_on() -> None:
    """What stood is told again under it, so that who acts on decisions hears of it."""
    scene = Scene()
    (block,) = await scene.see(request(1), score=0.99)
    scene.controls.take(switch("shadow"))
    (again,) = await scene.see(request(2, ts=NOW + 1))
    assert [(d.action, d.mode) for d in (block, again)] == [
        (Action.BLOCK, "enforce"),
        (Action.BLOCK, "shadow"),
    ]
    assert again.expires_at == block.expires_at
    assert await scene.see(request(3, ts=NOW + 2)) == []
    scene.controls.take(switch("enforce"))
    (back,) = await scene.see(request(4, ts=NOW + 3))
    assert (back.action, back.mode) == (Action.BLOCK, "enforce")


@pytest.mark.parametrize("what", ["campaign", "identity"])
async def test_what_others_told_is_told_again_under_a_switch(what: str) -> None:
    """A campaign's decision, and what identity asks for."""
    scene = Scene(switch("shadow"))
    await (scene.enlist(Action.STEP_UP) if what == "campaign" else scene.ask(NOW + DAY))
    (told,) = await scene.see(request(1))
    assert (told.action, told.mode) == (Action.STEP_UP, "shadow")
    assert await scene.see(request(2, ts=NOW + 1)) == []


async def test_a_switch_is_nothing_to_whom_nothing_stands_about() -> None:
    """Nobody is told that nothing stands any more."""
    scene = Scene()
    assert await scene.act(NOW) == []
    scene.controls.take(switch("shadow"))
    assert await scene.act(NOW + 1) == []


SHARE = {"accounts": 0.1, "traffic": 1.0}
GOVERNED = {"block": SHARE, "step_up": SHARE, "fewest": {"accounts": 5, "requests": 1_000}}


def everybody(ts: int, count: int = 40) -> list[Raw]:
    """A request of each account."""
    return [request((ts - NOW) // 1_000 * 100 + n, f"a{n}", ts=ts) for n in range(count)]


async def test_a_policy_gone_wrong_blocks_its_share() -> None:
    """The rest get a rate_limit that says why; in the next hour as many again."""
    scene = Scene(score=0.99, governor=GOVERNED)
    first = await scene.see(*everybody(NOW))
    assert [d.action for d in first].count(Action.BLOCK) == 5
    limited = [d for d in first if d.action is Action.RATE_LIMIT]
    assert len(limited) == 35
    assert {d.reasons[0].code for d in limited} == {"governor"}
    assert await scene.see(*everybody(NOW + 1_000)) == []
    second = await scene.see(*everybody(NOW + HOUR))
    assert [d.action for d in second] == [Action.BLOCK] * 5
    assert not {d.account_id for d in second} & {d.account_id for d in first if d not in limited}


async def test_what_stands_is_not_weakened() -> None:
    """Who was to prove more and is to be blocked now goes on being asked."""
    few = GOVERNED | {"fewest": {"accounts": 0, "requests": 0}}
    scene = Scene(governor=GOVERNED | {"block": SHARE}, score=0.9)
    assert await scene.act(NOW) == [Action.STEP_UP]
    strict = Scene(governor=few)
    strict.store.states = scene.store.states
    assert await strict.act(NOW + 1, 0.99) == []


async def test_a_repeated_batch_is_refused_alike() -> None:
    """A crash before the write: the very same decisions."""
    scene = Scene(score=0.99, governor=GOVERNED)
    first = await scene.see(*everybody(NOW))
    scene.store.states.clear()
    assert await scene.see(*everybody(NOW)) == first


async def test_cutting_a_batch_changes_nothing() -> None:
    """Whoever comes first is first, in one batch or in many; over hours, too."""
    told = [everybody(NOW + n * HOUR // 3)[:: n % 3 + 1] for n in range(8)]
    whole, parts = (Scene(score=0.99, governor=GOVERNED) for _ in range(2))
    once = await whole.see(*(r for some in told for r in some))
    again = [d for some in told for r in some for d in await parts.see(r)]
    assert [(d.account_id, d.ts, d.action) for d in once] == [
        (d.account_id, d.ts, d.action) for d in again
    ]
