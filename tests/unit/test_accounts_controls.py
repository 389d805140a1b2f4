"""Account events against a person's word, and against the governor."""

from typing import Any

import msgspec
import pytest

from schemas.controls import Control, Switch, control_id
from schemas.decisions import Action
from schemas.wire import DecisionWire, encode_decision
from stream.controls.reasons import ordered
from stream.controls.table import Controls
from stream.decide.policy import Policy
from stream.govern.governor import Governor, Rise
from stream.govern.grants import MemoryGrants
from stream.metrics import Metrics
from stream.store import Current, MemoryStore
from tests.unit.gates import DAY, HOUR, NOW, POLICY, ListSink, registry
from tests.unit.ordered import pin
from tests.unit.test_accounts import news, told
from tests.unit.test_identity_decisions import FIRST, SECOND, SHARED

ONE = {"accounts": 1, "requests": 0}
LATER = told(3, "login.succeeded", ts=NOW + 2 * HOUR)


def table(*controls: Control) -> Controls:
    """A table that has taken these orders."""
    one = Controls()
    for control in controls:
        one.take(control)
    return one


async def decided(*chunks: Any, **options: Any) -> list[DecisionWire]:
    """What is emitted for chunks, one after the other."""
    sink = ListSink()
    handling = registry(sink, scorer=SHARED, **options)
    for chunk in chunks:
        await handling.handle(chunk)
    return sink.decisions


async def test_a_pinned_account_is_asked_for_nothing() -> None:
    """Until the override ends: then its next request hears what its identity calls for."""
    assert await decided(news(FIRST, SECOND), controls=table(pin("ada"))) == []
    ended = table(pin("ada", expires_at=NOW))
    assert len(await decided(news(FIRST, SECOND), controls=ended)) == 1


@pytest.mark.parametrize(("value", "expected"), [("acme", 0), ("another", 1)])
async def test_who_is_pinned_by_organisation_stands_in_the_store(value: str, expected: int) -> None:
    """As its latest request was answered: account events do not say who pays."""
    override = pin(value, subject="organisation")
    [block] = await decided(news(FIRST, SECOND))
    word = msgspec.structs.replace(
        block,
        action=Action.ALLOW,
        cause="override",
        reasons=[ordered(pin("acme", subject="organisation"))],
    )
    store = MemoryStore()
    await store.decree("ada", Current(encode_decision(word), DAY))
    found = await decided(news(FIRST, SECOND), store=store, controls=table(override))
    assert len(found) == expected
    assert word.reasons[0].value == control_id(pin("acme", subject="organisation"))


async def test_the_governor_postpones_what_is_asked() -> None:
    """A rate_limit, for now; the next event asks again, and is granted."""
    policy = Policy.model_validate(POLICY | {"governor": {"fewest": ONE}})
    governor = Governor(policy, MemoryGrants(), Controls(), Metrics())
    assert await governor.refuse([Rise("cy", Action.STEP_UP, NOW, 0)]) == set()
    limited, asked = await decided(news(FIRST, SECOND), news(LATER), governor=governor)
    assert (limited.action, limited.cause) == (Action.RATE_LIMIT, "account_event")
    assert limited.reasons[0].code == "governor"
    assert (asked.action, asked.requirements) == (Action.STEP_UP, ["verify_phone"])


async def test_decisions_carry_the_mode_that_holds() -> None:
    """Without a restart."""
    shadow = Switch(mode="shadow", author="kim", reason="a drill", ts=NOW)
    [decision] = await decided(news(FIRST, SECOND), controls=table(shadow))
    assert decision.mode == "shadow"
