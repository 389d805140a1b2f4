"""The figures of the demo are those of what happened."""

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from schemas.decisions import Action
from stream.demo.limit import FEWEST, AccountLimit
from stream.demo.story import Story, total
from stream.evaluate.baselines import Sight
from stream.lines import ACCOUNTS, Line
from stream.metrics import Metrics
from tests.unit.gates import HOUR, NOW
from tests.unit.stories import TRUTHS, asked, campaign, decision, told


def test_what_is_sent_is_counted() -> None:
    """Requests and account events apart, since the worker counts them apart."""
    story = Story(TRUTHS)
    story.follow([Line(ACCOUNTS, 0, None, b"", NOW), asked("ada", NOW + 1), asked("bo", NOW + 2)])
    assert (story.requests, story.account_events, story.event_time) == (2, 1, NOW + 2)


def test_handled_are_all_that_a_request_can_become() -> None:
    """Clamped ones are counted among the others already."""
    metrics, story = Metrics(), Story(TRUTHS)
    for number, outcome in enumerate(
        ("counted", "replayed", "repeated", "late", "malformed", "clamped")
    ):
        metrics.events.labels(outcome).inc(10**number)
    for seconds in (0.004, 0.015, 0.018, 4):
        metrics.latency_seconds.observe(seconds)
    story.measure(_families(metrics.registry))
    assert story.handled == 11_111
    assert story.median_ms == 20


def test_a_worker_that_has_done_nothing_yet_can_be_measured() -> None:
    """Its first metrics come before its first event."""
    story = Story(TRUTHS)
    story.measure(_families(Metrics().registry))
    assert story.handled == 0


def test_a_counter_is_summed_over_its_labels() -> None:
    """Of the one counter only."""
    metrics = Metrics()
    metrics.decisions.labels("allow").inc(2)
    metrics.decisions.labels("block").inc(3)
    metrics.touches.inc(7)
    assert total(_families(metrics.registry), "sluicegate_decisions_total") == 5


def test_the_ring_is_the_largest_campaign() -> None:
    """As the simulator knows it; smaller ones and the honest are no part of it."""
    story = Story(TRUTHS)
    assert (story.ring, story.honest) == (["bo", "cy"], ["ada"])


def test_without_a_campaign_there_is_no_ring() -> None:
    """Traffic may be honest."""
    assert Story(TRUTHS[:1]).ring == []


def test_an_account_met_its_strictest_action() -> None:
    """Not the last one."""
    story = told(*(decision("bo", a) for a in (Action.RESTRICT, Action.BLOCK, Action.ALLOW)))
    assert story.strictest("bo") is Action.BLOCK
    assert story.strictest("ada") is Action.ALLOW
    assert story.met(["ada", "bo", "cy"]) == story.met(["bo"], Action.BLOCK) == 1


def test_what_lapsed_does_not_stand() -> None:
    """Nor what another decision has replaced."""
    story = told(
        decision("ada", Action.BLOCK, expires_at=NOW),
        decision("bo", Action.RESTRICT),
        decision("bo", Action.STEP_UP),
    )
    assert story.standing(["ada", "bo", "cy"]) == {Action.STEP_UP: 1}


def test_the_ring_was_found_in_the_campaign_that_names_most_of_it() -> None:
    """One that nobody has a record of is none."""
    story = told(
        decision("bo", Action.BLOCK, campaign_id="c-2"),
        decision("cy", Action.BLOCK, campaign_id="c-2"),
        decision("cy", Action.BLOCK, campaign_id="c-1"),
        decision("bo", Action.BLOCK, campaign_id="c-3"),
    )
    assert story.found() is None
    for name in ("c-1", "c-2"):
        story.record(campaign(name))
    found = story.found()
    assert found
    assert found.campaign_id == "c-2"
    assert story.members("c-1") == ["cy"]


def test_exchanges_are_requests_that_succeeded() -> None:
    """Those of the ring, until a time."""
    story = Story(TRUTHS)
    story.follow([asked("bo", NOW), asked("cy", NOW + 5), asked("cy", NOW + 6, status=500)])
    story.follow([asked("ada", NOW + 7)])
    assert (story.exchanges(NOW), story.exchanges()) == (1, 2)


def test_an_exchange_is_stopped_after_the_decision_until_it_lapses() -> None:
    """The request that brings the decision about is already through; a restriction stops none."""
    story = told(
        decision("bo", Action.BLOCK, NOW, expires_at=NOW + 10),
        decision("cy", Action.RESTRICT, NOW),
    )
    times = (NOW - 1, NOW, NOW + 1, NOW + 9, NOW + 10)
    story.follow([asked(account, ts) for ts in times for account in ("bo", "cy")])
    assert story.stopped() == 2


def test_the_freed_are_honest_and_under_nothing() -> None:
    """Whether they were let in or their action lapsed; who met nothing was not freed."""
    block = decision("ada", Action.BLOCK)
    free = decision("ada", Action.ALLOW)
    lapsed = decision("ada", Action.BLOCK, expires_at=NOW)
    assert told(block).freed() == told(free).freed() == []
    assert told(block, free).freed() == told(lapsed).freed() == ["ada"]
    assert told(decision("bo", Action.BLOCK), decision("bo", Action.ALLOW)).freed() == []


def test_who_is_asked_for_proof_is_let_in_later() -> None:
    """What was decided before the asking does not count."""
    first = decision("ada", Action.ALLOW, NOW)
    ask = decision("ada", Action.STEP_UP, NOW + 1, requirements=["verify_phone"])
    again = decision("ada", Action.ALLOW, NOW + 2)
    assert told(first, ask).let_in("ada") == (ask, None)
    assert told(first, ask, again).let_in("ada") == (ask, again)


def test_a_limit_per_account_spares_the_honest() -> None:
    """It is set by what these do, and sees whoever does more in an hour or a day."""
    honest = [f"h{n}" for n in range(FEWEST)]
    limit = AccountLimit([*honest, "loud", "quiet"], honest)
    for account in honest:
        limit.see(Sight(account, NOW))
    for n in range(9):
        limit.see(Sight("loud", NOW + n))
        limit.see(Sight("quiet", NOW + n * 25 * HOUR))
    assert limit.thresholds() == (2, 2)
    assert (limit.over(honest), limit.over(["loud"]), limit.over(["quiet"])) == (0, 1, 0)


def test_a_limit_is_not_set_by_too_few() -> None:
    """Nobody is over one that is not there."""
    limit = AccountLimit(["ada", "bo"], ["ada"])
    limit.see(Sight("ada", NOW))
    assert limit.thresholds() is None
    assert limit.over(["bo"]) == 0


def _families(registry: CollectorRegistry) -> list[Metric]:
    return list(text_string_to_metric_families(generate_latest(registry).decode()))
