"""The court with rules: how what they call for meets scores, standings, campaigns and evidence."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from schemas.decisions import Action
from schemas.wire import DecisionWire, ReasonWire
from stream.controls.table import Controls
from stream.decide.court import Court
from stream.decide.policy import Policy
from stream.decide.statute import Floor, Standing, Statute
from stream.govern.governor import Governor
from stream.govern.grants import MemoryGrants
from stream.link.membership import Place, seal
from stream.metrics import Metrics
from stream.rules.rulebook import Rulebook
from stream.rules.rulings import Rulings
from stream.store import Entry, Kind, MemoryStore
from tests.unit.gates import (
    DAY,
    DECIDED_AT,
    HOUR,
    MINUTE,
    NOW,
    POLICY,
    ListSink,
    Told,
    chunk,
    gate,
    request,
)
from tests.unit.rulebooks import reason, rule, rulebook

# Two requests within a minute, and then one a day later, of which it is not true any more.
BUSY = "requests_count_1m >= 2"


def ruled_court(
    model: Told,
    rules: Rulebook,
    *,
    every: bool = False,
    count: Callable[[str, int], None] = lambda *_: None,
    **policy: Any,
) -> Court:
    """A court of the policy of tests, with rules. count: is told their hits."""
    law = Policy.model_validate(POLICY | policy)
    rulings = Rulings(rules, law, count)
    return Court(
        model,  # type: ignore[arg-type]  # a stand-in with the same two methods
        Statute(law, ruling=rulings.deciding),
        every=every,
        now=lambda: DECIDED_AT,
        rulings=rulings,
    )


async def decided(
    rules: Rulebook,
    *times: int,
    model: Told | None = None,
    store: MemoryStore | None = None,
    first: int = 0,
) -> list[DecisionWire]:
    """The decisions about ada's requests at `times`."""
    sink = ListSink()
    one = gate(ruled_court(model or Told(), rules), sink, store)
    for offset, ts in enumerate(times, first):
        await one.handle(chunk(request(offset, ts=ts)))
    return sink.decisions


async def test_a_rule_decides_beside_a_model_that_sees_nothing() -> None:
    """The action, the rule's reason alone, and a policy version that tells the rules."""
    rules = rulebook(busy=rule(BUSY, action="rate_limit"))
    [told] = await decided(rules, NOW, NOW + 1, model=Told(0.1, {"requests_count_1h": 0.2}))
    assert told.action is Action.RATE_LIMIT
    assert [(r.code, r.value) for r in told.reasons] == [("rule_test", "busy")]
    assert told.policy_version == f"test{rules.version}"


async def test_a_hit_counts_once_however_often_it_is_judged() -> None:
    """The governor refuses what the rule calls for, and the batch is judged again."""
    hits = Counter[str]()
    rules, none = rulebook(r=rule(action="step_up")), {"accounts": 1e-9, "traffic": 1e-9}
    limits = {"step_up": none, "fewest": {"accounts": 0, "requests": 0}}
    court = ruled_court(Told(0.1), rules, count=lambda name, n: hits.update({name: n}))
    law, sink = Policy.model_validate(POLICY | {"governor": limits}), ListSink()
    governor = Governor(law, MemoryGrants(), Controls(), Metrics())
    await gate(court, sink, governor=governor).handle(chunk(request(0)))
    assert [told.action for told in sink.decisions] == [Action.RATE_LIMIT]
    assert hits == {"r": 1}


async def test_what_a_rule_called_for_stands_until_its_end() -> None:
    """Its condition holds no more, and nothing is taken back before the lifetime is over."""
    rules = rulebook(busy=rule(BUSY, action="rate_limit"))
    told = await decided(rules, NOW, NOW + 1, NOW + HOUR, NOW + 2 * HOUR, NOW + DAY, NOW + 2 * DAY)
    assert [(d.action, d.expires_at) for d in told] == [(Action.RATE_LIMIT, NOW + 1 + DAY // 2)]


async def test_a_rule_that_still_holds_renews() -> None:
    """Once half of the life is over, as a score does."""
    at = (NOW, NOW + 1, NOW + 2, NOW + DAY // 4 + MINUTE, NOW + DAY // 4 + MINUTE + 1)
    told = await decided(rulebook(busy=rule(BUSY, action="rate_limit")), *at)
    assert [d.ts for d in told] == [at[1], at[4]]


async def test_a_rule_that_is_gone_takes_its_action_with_it() -> None:
    """Who withdraws a bad rule frees those whom it caught, at their next request."""
    store = MemoryStore()
    await decided(rulebook(busy=rule(BUSY, action="step_up")), NOW, NOW + 1, store=store)
    [told] = await decided(rulebook(), NOW + HOUR, store=store, first=2)
    assert told.action is Action.ALLOW


async def test_the_stricter_of_score_and_rule_wins() -> None:
    """A score that calls for more is not weakened, and names its own reasons too."""
    model = Told(0.9, {"requests_count_1h": 2.0})
    [told] = await decided(rulebook(r=rule(action="restrict")), NOW, model=model)
    assert told.action is Action.STEP_UP
    assert [r.code for r in told.reasons] == ["request_volume", "rule_test"]


async def test_a_rule_and_a_score_that_take_turns_do_not_flap() -> None:
    """The same action by the one and then by the other is one decision."""
    rules = rulebook(busy=rule(BUSY, action="restrict"))
    told = await decided(rules, NOW, NOW + 1, NOW + HOUR, NOW + HOUR + 1, model=Told(0.6))
    assert [d.action for d in told] == [Action.RESTRICT]


async def test_one_rule_alone_does_not_block() -> None:
    """A block needs two kinds of evidence: it is a step-up."""
    [told] = await decided(rulebook(r=rule(action="block")), NOW)
    assert told.action is Action.STEP_UP


async def test_reasons_of_a_model_that_calls_for_nothing_are_no_evidence() -> None:
    """Every honest account has some group of features that weighs a little."""
    model = Told(0.1, {"requests_count_1h": 2.0, "gaps_mean_7d": 2.0})
    [told] = await decided(rulebook(r=rule(action="block")), NOW, model=model)
    assert (told.action, [r.code for r in told.reasons]) == (Action.STEP_UP, ["rule_test"])


@pytest.mark.parametrize("other", [rule(action="rate_limit", reason=reason("other"))])
async def test_two_rules_of_two_codes_block(other: dict[str, Any]) -> None:
    """Both are named, the weightier first."""
    [told] = await decided(rulebook(r=rule(action="block"), other=other), NOW)
    assert told.action is Action.BLOCK
    assert [r.code for r in told.reasons] == ["rule_test", "rule_other"]


async def test_a_rule_and_a_suspicious_model_block() -> None:
    """The model is the second kind of evidence."""
    model = Told(0.7, {"requests_count_1h": 2.0})
    [told] = await decided(rulebook(r=rule(action="block")), NOW, model=model)
    assert told.action is Action.BLOCK


async def test_a_score_of_a_rule_is_held_against_the_thresholds() -> None:
    """It raises the score that is decided by and told."""
    [told] = await decided(rulebook(r=rule(score=0.75)), NOW, model=Told(0.2))
    assert (told.action, told.score) == (Action.RATE_LIMIT, 0.75)
    assert [r.code for r in told.reasons] == ["rule_test"]


async def test_a_stricter_campaign_stands_over_a_rule() -> None:
    """Of campaign and rule the stricter one is what stands; the campaign's is told already."""
    store = MemoryStore()
    floor = Floor(
        "c",
        Standing(Action.STEP_UP, 1, NOW + DAY),
        0.9,
        [ReasonWire("campaign_member", "", 1.0, 1)],
    )
    await store.write([Entry("ada", seal(floor, Place(0, 0)))], Kind.MEMBERSHIP)
    assert await decided(rulebook(r=rule(action="rate_limit")), NOW, store=store) == []


async def test_a_stricter_rule_stands_over_a_campaign() -> None:
    """And the decision names the campaign still."""
    store = MemoryStore()
    floor = Floor(
        "c",
        Standing(Action.RESTRICT, 1, NOW + DAY),
        0.9,
        [ReasonWire("campaign_member", "", 1.0, 1)],
    )
    await store.write([Entry("ada", seal(floor, Place(0, 0)))], Kind.MEMBERSHIP)
    [told] = await decided(rulebook(r=rule(action="step_up")), NOW, store=store)
    assert (told.action, told.campaign_id) == (Action.STEP_UP, "c")
    assert [r.code for r in told.reasons] == ["rule_test"]


async def test_shadows_change_no_decision() -> None:
    """Ids, versions, actions: all as without them."""
    model = Told(0.9, {"requests_count_1h": 2.0})
    shadow = rulebook(s=rule(action="block", shadow=True))
    assert await decided(shadow, NOW, model=model) == await decided(rulebook(), NOW, model=model)


async def test_the_id_of_a_decision_changes_with_the_rules() -> None:
    """Another rulebook, another policy."""
    [one] = await decided(rulebook(r=rule("requests_count_1h > 0")), NOW)
    [other] = await decided(rulebook(r=rule("requests_count_1h > 0.5")), NOW)
    assert one.decision_id != other.decision_id


async def test_bars_keep_the_rules() -> None:
    """What the linker publishes about scores leaves rules as they were."""
    sink = ListSink()
    court = ruled_court(Told(), rulebook(r=rule(action="restrict")))
    court.heed(dict.fromkeys(Action, np.inf))
    await gate(court, sink).handle(chunk(request(0)))
    assert [d.action for d in sink.decisions] == [Action.RESTRICT]
