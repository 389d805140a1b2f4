"""What people may order: bounded, told at once, ended by who ends it; the same over HTTP."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from edge.controls.staff import LiveStaff
from schemas.controls import Allowance, Override, Switch, control_id
from schemas.decisions import Action
from schemas.errors import ConfigurationError
from stream.controls.acting import Acting
from stream.controls.campaigns import OrderRefusedError
from stream.controls.governing import Governing
from stream.controls.overriding import Overriding
from stream.decide.policy import Policy
from stream.decode.hashing import KeyedHasher
from stream.settings import load_settings
from tests.unit.edges import Answer, Edge, open_edge
from tests.unit.gates import DAY, HOUR, NOW, POLICY
from tests.unit.staffed import FakeStaff, blocked

HASHER = KeyedHasher(b"pepper")
WHY = ("kim", "a customer of ours")


def overriding(staff: FakeStaff, hasher: KeyedHasher | None = HASHER) -> Overriding:
    """Who gives orders."""
    return Overriding(staff.acting, hasher)


async def test_an_override_is_on_the_topic_and_told() -> None:
    """With what stood before it: score, model and campaign."""
    staff = FakeStaff()
    staff.store.decisions["ada"] = blocked(campaign_id="c-1")
    order = await overriding(staff).set("account", "ada", Action.ALLOW, DAY, *WHY)
    assert staff.heard.orders == [order]
    [told] = staff.heard.decisions
    assert (told.action, told.cause, told.event_id) == ("allow", "override", control_id(order))
    assert (told.score, told.model_version, told.campaign_id) == (0.99, "m1", "c-1")
    assert (told.ts, told.expires_at) == (NOW, NOW + DAY)
    assert staff.store.decisions["ada"] != blocked(campaign_id="c-1")


async def test_to_order_again_says_the_same() -> None:
    """A crash between topic and telling: whoever repeats it has the same decision told."""
    staff = FakeStaff()
    order = await overriding(staff).set("account", "ada", Action.BLOCK, DAY, *WHY)
    await staff.acting.override(order)
    first, second = staff.heard.decisions
    assert first == second


async def test_an_order_is_told_by_the_policy_that_decides_by_then() -> None:
    """An edge runs for weeks: a bundle that was promoted meanwhile has another one."""
    staff = FakeStaff()
    staff.acting.obey(Policy.model_validate(POLICY | {"version": "next"}))
    await overriding(staff).set("account", "ada", Action.RATE_LIMIT, DAY, *WHY)
    assert [told.policy_version for told in staff.heard.decisions] == ["next"]


async def test_lifting_lets_go_at_once() -> None:
    """Until the account's next request, which the evidence decides about."""
    staff = FakeStaff()
    one = overriding(staff)
    await one.set("account", "ada", Action.BLOCK, DAY, *WHY)
    lifted = await one.lift("account", "ada", "lee", "a mistake")
    assert (lifted.lifted, lifted.author, lifted.ts) == (True, "lee", NOW + 1)
    assert [d.action for d in staff.heard.decisions] == ["block", "allow"]
    assert staff.controls.overrides == []
    with pytest.raises(OrderRefusedError, match="nothing is pinned"):
        await one.lift("account", "ada", "lee", "again")


@pytest.mark.parametrize(
    ("named", "refused"),
    [
        ("192.0.2.7", ""),
        ("192.0.2.0/24", ""),
        ("2001:db8::1", ""),
        ("2001:db8::/48", ""),
        ("192.0.2.0/16", "/24"),
        ("2001:db8::/64", "/48"),
        ("acme.example", "an address"),
    ],
)
async def test_a_network_is_kept_as_its_hash(named: str, refused: str) -> None:
    """Of the length that requests are compared by; its accounts are told at their requests."""
    staff = FakeStaff()
    if refused:
        with pytest.raises(OrderRefusedError, match=refused):
            await overriding(staff).set("network", named, Action.BLOCK, DAY, *WHY)
        return
    order = await overriding(staff).set("network", named, Action.BLOCK, DAY, *WHY)
    assert int(order.value, 16) == HASHER.network(named.partition("/")[0])
    assert staff.heard.decisions == []


async def test_without_a_pepper_no_network_can_be_named() -> None:
    """What is missing is told."""
    with pytest.raises(ConfigurationError, match="pepper"):
        await overriding(FakeStaff(), None).set("network", "192.0.2.7", Action.BLOCK, DAY, *WHY)


@pytest.mark.parametrize(
    ("named", "lasts"), [("ada", 0), ("ada", 91 * DAY), ("a" * 129, DAY), ("a\0b", DAY)]
)
async def test_what_cannot_hold_is_refused(named: str, lasts: int) -> None:
    """Forever, for no time, or about no account."""
    staff = FakeStaff()
    with pytest.raises(OrderRefusedError):
        await overriding(staff).set("account", named, Action.BLOCK, lasts, *WHY)
    assert staff.heard.orders == []


async def test_only_what_holds_is_listed() -> None:
    """What ends first first."""
    staff = FakeStaff()
    for name, lasts in (("bob", 2 * DAY), ("ada", DAY), ("cy", HOUR)):
        await overriding(staff).set("account", name, Action.ALLOW, lasts, *WHY)
    staff.clock = NOW + HOUR
    assert [one.value for one in overriding(staff).holding()] == ["ada", "bob"]


async def test_more_is_allowed_for_a_while() -> None:
    """And taken back before."""
    staff = FakeStaff()
    governing = Governing(staff.acting)
    await governing.allow(0.5, 0.6, HOUR, *WHY)
    assert governing.allowance() is not None
    await governing.restore("lee", "over")
    assert governing.allowance() is None
    with pytest.raises(OrderRefusedError):
        await governing.restore("lee", "over")
    with pytest.raises(OrderRefusedError):
        await governing.allow(0.5, 0.6, 4 * DAY, *WHY)


@pytest.fixture
def edge(tmp_path: Path) -> Edge:
    """An edge of a staff in memory."""
    return open_edge(tmp_path)


async def post(edge: Edge, path: str, body: Any, scope: str = "act") -> Answer:
    """A JSON body."""
    given = {"content-type": "application/json"}
    return await edge.request("POST", path, scope, given, [json.dumps(body).encode()])


PIN = {"subject": "account", "name": "ada", "action": "block", "reason": "fraud", "days": 1}


async def test_it_is_pinned_and_lifted_over_http(edge: Edge) -> None:
    """By the name of the token that asks."""
    pinned = await post(edge, "/v1/overrides", PIN)
    assert (pinned.status, pinned.json()["author"]) == (200, "act")
    listed = await edge.get("/v1/overrides", "read")
    assert [(one["value"], one["action"]) for one in listed.json()] == [("ada", "block")]
    why = {"subject": "account", "name": "ada", "reason": "a mistake"}
    assert (await post(edge, "/v1/overrides/lift", why)).status == 200
    assert (await post(edge, "/v1/overrides/lift", why)).status == 409
    assert [type(order) for order in edge.staff.heard.orders] == [Override, Override]


@pytest.mark.parametrize(
    ("path", "body", "scope", "status"),
    [
        ("/v1/overrides", PIN, "read", 403),
        ("/v1/overrides", PIN | {"days": 91}, "act", 422),
        ("/v1/overrides", PIN | {"action": "ban"}, "act", 422),
        ("/v1/overrides", PIN | {"reason": ""}, "act", 422),
        ("/v1/overrides", PIN | {"subject": "network", "name": "here"}, "act", 409),
        ("/v1/mode", {"mode": "shadow", "reason": "a drill"}, "act", 403),
        ("/v1/mode", {"mode": "off", "reason": "a drill"}, "admin", 422),
        ("/v1/governor", {"reason": "a ring"}, "act", 403),
        ("/v1/governor", {"reason": "a ring", "accounts": 2}, "admin", 422),
    ],
)
async def test_who_may_not_or_what_cannot_be_is_refused(
    edge: Edge, path: str, body: Any, scope: str, status: int
) -> None:
    """And nothing is ordered."""
    assert (await post(edge, path, body, scope)).status == status
    assert edge.staff.heard.orders == []


async def test_the_kill_switch_is_turned_over_http(edge: Edge) -> None:
    """By an admin; whoever has a token may look."""
    assert (await edge.get("/v1/mode", "read")).json()["mode"] == "enforce"
    turned = await post(edge, "/v1/mode", {"mode": "shadow", "reason": "a drill"}, "admin")
    assert (turned.status, turned.json()["author"]) == (200, "admin")
    assert (await edge.get("/v1/mode", "read")).json()["mode"] == "shadow"
    assert isinstance(edge.staff.heard.orders[0], Switch)


async def test_more_is_allowed_over_http(edge: Edge) -> None:
    """For hours."""
    more = {"reason": "a ring", "accounts": 0.5, "hours": 2}
    told = (await post(edge, "/v1/governor", more, "admin")).json()
    assert (told["accounts"], told["traffic"], told["expires_at"]) == (0.5, 1.0, NOW + 2 * HOUR)
    assert isinstance(edge.staff.heard.orders[0], Allowance)
    assert (await edge.get("/v1/governor", "read")).json() == told


async def test_what_was_allowed_is_taken_back_over_http(edge: Edge) -> None:
    """By an admin, once; then the policy's shares hold."""
    why = {"reason": "it is over"}
    await post(edge, "/v1/governor", why, "admin")
    assert (await post(edge, "/v1/governor/restore", why, "act")).status == 403
    assert (await post(edge, "/v1/governor/restore", why, "admin")).status == 200
    assert (await edge.get("/v1/governor", "read")).json() is None
    assert (await post(edge, "/v1/governor/restore", why, "admin")).status == 409


async def test_a_broker_that_is_away_is_asked_once_for_all_who_wait() -> None:
    """Each of them would wait for the ones before it; who asks later tries again."""
    staff, asked = LiveStaff(load_settings()), []

    async def away() -> Acting:
        asked.append(1)
        await asyncio.sleep(0)
        raise ConfigurationError("the broker does not answer")

    staff._open = away  # type: ignore[method-assign]  # a broker that is away, at once
    waiting = await asyncio.gather(*(staff.acting() for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in waiting] == [ConfigurationError] * 5
    assert len(asked) == 1
    with pytest.raises(ConfigurationError):
        await staff.governing()
    assert len(asked) == 2
    await staff.close()
