"""The governor: no more than the share, the same for the same events, and a person is called."""

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from schemas.controls import Allowance
from schemas.decisions import Action
from schemas.wire import DecisionWire, ReasonWire
from stream.controls.table import Controls
from stream.decide.policy import Policy
from stream.govern.activity import Active, activity
from stream.govern.governor import Governor, Rise
from stream.govern.grants import MemoryGrants
from stream.metrics import Metrics
from stream.remember.windows import Sight
from tests.unit.gates import DAY, HOUR, NOW, POLICY

SHARES = {"accounts": 0.1, "traffic": 0.5}
LIMITS = {"block": SHARES, "step_up": SHARES, "fewest": {"accounts": 2, "requests": 10}}


def governor(controls: Controls | None = None, metrics: Metrics | None = None) -> Governor:
    """A governor of a tenth, in memory."""
    policy = Policy.model_validate(POLICY | {"governor": LIMITS})
    return Governor(policy, MemoryGrants(), controls or Controls(), metrics or Metrics())


def sight(*seen: tuple[int, int]) -> Sight:
    """Events by their account's clock before and after them."""
    before, clock = np.array(seen or np.zeros((0, 2)), np.int64).T
    none = np.zeros(len(seen), np.int64)
    return Sight(none, none, clock, none, before, none, none, none, none, none)


def rises(count: int, ts: int = NOW, action: Action = Action.BLOCK) -> list[Rise]:
    """So many accounts that are to come under an action."""
    return [Rise(f"a{n}", action, ts, 1) for n in range(count)]


async def refused(one: Governor, asked: list[Rise]) -> set[str]:
    """Who is refused."""
    return {name for name, _ in await one.refuse(asked)}


def test_an_account_is_active_once_a_day() -> None:
    """In the hour of its first request of the day; each request counts in its hour."""
    midnight = NOW - NOW % DAY
    seen = [(-1, midnight), (midnight, midnight + 1), (midnight + 1, midnight + HOUR)]
    seen += [(midnight - 1, midnight + 2)]
    hour = midnight // HOUR
    assert activity(sight(*seen)) == {hour: Active(2, 3), hour + 1: Active(0, 1)}
    assert activity(sight()) == {}


async def test_batches_that_are_seen_at_once_are_counted_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One waits for the store while the next one begins a later hour."""
    one, told, begun = governor(), list[dict[int, Active]](), asyncio.Event()
    waits = asyncio.Event()

    async def slow(_: MemoryGrants, seen: dict[int, Active]) -> None:
        told.append(seen)
        begun.set()
        await waits.wait()

    monkeypatch.setattr(MemoryGrants, "add", slow)
    midnight = NOW - NOW % DAY
    one.see(sight((-1, midnight)))
    one.see(sight((-1, midnight + HOUR)))
    first = asyncio.create_task(one.settle())
    await begun.wait()
    one.see(sight((-1, midnight + 2 * HOUR)))
    second = asyncio.create_task(one.settle())
    waits.set()
    await asyncio.gather(first, second)
    hour = midnight // HOUR
    assert told == [{hour: Active(1, 1)}, {hour + 1: Active(1, 1)}]


async def test_beyond_the_share_they_are_refused() -> None:
    """A tenth of yesterday's fifty, and those who were first stay granted."""
    one = governor()
    one.see(sight(*[(-1, NOW - DAY)] * 50, (-1, NOW)))
    assert await refused(one, rises(8)) == {"a5", "a6", "a7"}
    assert await refused(one, rises(8)) == {"a5", "a6", "a7"}
    assert await refused(one, rises(8, NOW + HOUR)) == {"a5", "a6", "a7"}


@pytest.mark.parametrize("action", [Action.ALLOW, Action.RESTRICT, Action.RATE_LIMIT])
async def test_what_is_no_stricter_is_never_refused(action: Action) -> None:
    """The governor bounds who is kept out."""
    assert await governor().refuse(rises(100, action=action)) == set()


async def test_another_policy_has_other_shares() -> None:
    """A bundle that is swapped brings its governor's as well."""
    one = governor()
    one.see(sight(*[(-1, NOW - DAY)] * 50, (-1, NOW)))
    wider = LIMITS | {"block": SHARES | {"accounts": 0.2}}
    one.obey(Policy.model_validate(POLICY | {"governor": wider}))
    assert await refused(one, rises(11)) == {"a10"}


async def test_a_person_is_called_once_an_hour() -> None:
    """An error in the log that says what to do; the metric counts each refusal."""
    metrics = Metrics()
    one = governor(metrics=metrics)
    with capture_logs() as logs:
        for _ in range(3):
            await one.refuse(rises(5))
        await one.refuse(rises(5, NOW + HOUR))
    called = [line for line in logs if line["event"] == "governor.reached"]
    assert [line["log_level"] for line in called] == ["error", "error"]
    assert "sluicegate mode shadow" in called[0]["remedy"]
    refused = metrics.registry.get_sample_value("sluicegate_governed_total", {"action": "block"})
    assert refused == 12


async def test_a_person_may_allow_more() -> None:
    """For a while, for a campaign that is one."""
    controls = Controls()
    more = Allowance(
        accounts=1.0, traffic=1.0, author="kim", reason="a ring", ts=NOW, expires_at=NOW + HOUR
    )
    controls.take(more)
    one = governor(controls)
    one.see(sight(*[(-1, NOW - DAY)] * 50, (-1, NOW)))
    assert await one.refuse(rises(50)) == set()
    assert len(await one.refuse(rises(50, NOW + 2 * HOUR))) == 45


async def test_a_refused_decision_is_a_rate_limit() -> None:
    """With the reason first, the policy's limits, and an end of its own."""
    one = governor()
    await one.refuse(rises(2))
    block = DecisionWire(
        decision_id="d",
        account_id="late",
        event_id="e",
        cause="campaign",
        ts=NOW,
        decided_at=NOW,
        action=Action.BLOCK,
        score=0.99,
        kyc_tier=0,
        kyc_score=0.0,
        reasons=[ReasonWire("campaign_member", "acts together", 9.0, 2.0)],
        model_version="m",
        policy_version="p",
        mode="enforce",
        expires_at=NOW + 7 * DAY,
    )
    told = await one.govern(block)
    assert (told.action, told.expires_at) == (Action.RATE_LIMIT, NOW + 12 * HOUR)
    assert [reason.code for reason in told.reasons] == ["governor", "campaign_member"]
    assert told.limits is not None
    assert told.limits.requests_per_minute == 6
    assert block.action is Action.BLOCK


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=120),
    st.integers(0, 200),
    st.integers(1, 30),
)
async def test_never_more_than_the_share(asking: list[int], active: int, size: int) -> None:
    """Whoever asks, in whatever batches, over however many hours: and the cut changes nothing."""
    told = [Rise(f"a{n}", Action.BLOCK, NOW + i * HOUR // 20, 1) for i, n in enumerate(asking)]
    outcomes: list[set[tuple[str, int]]] = []
    for step in (size, 1):
        one = governor()
        one.see(sight(*[(-1, NOW - DAY)] * active, (-1, NOW)))
        found: set[tuple[str, int]] = set()
        for begin in range(0, len(told), step):
            some = told[begin : begin + step]
            found |= await one.refuse(some)
        outcomes.append(found)
    assert outcomes[0] == outcomes[1]
    asked_all = {(rise.account, rise.ts // HOUR) for rise in told}
    most = max(2, active // 10)
    for hour in {hour for _, hour in asked_all}:
        granted = {name for name, at in asked_all - outcomes[0] if at == hour}
        assert len(granted) <= min(most, max(10, active // 2))
