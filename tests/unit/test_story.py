"""What the demo tells is what happened."""

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from schemas.decisions import Action
from schemas.wire import DecisionWire
from simulate.population import Truth
from stream.metrics import Metrics
from stream.replay import ACCOUNTS, REQUESTS, Line
from stream.story import Story
from tests.unit.gates import DECIDED_AT, NOW


def truth(account: str, cohort: str, campaign: str | None) -> Truth:
    return Truth(account, cohort, campaign is not None, campaign, begins=None, innocent=0.0)


TRUTHS = {
    "ada": truth("ada", "developers", None),
    "bo": truth("bo", "campaign", "c1"),
    "cy": truth("cy", "campaign", "c1"),
}


def decision(account: str, action: Action) -> DecisionWire:
    return DecisionWire(
        decision_id="d",
        account_id=account,
        event_id="e",
        cause="request",
        ts=NOW,
        decided_at=DECIDED_AT,
        action=action,
        score=0.5,
        kyc_tier=0,
        kyc_score=0.0,
        reasons=[],
        model_version="m",
        policy_version="p",
        mode="enforce",
        expires_at=NOW,
    )


def shown(renderable: object) -> str:
    console = Console(width=120)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def row(story: Story, cohort: str) -> list[str]:
    """The summary's line about a cohort."""
    line = next(line for line in shown(story.summary()).splitlines() if cohort in line)
    return line.replace("│", " ").split()


def test_requests_are_counted_as_they_are_sent() -> None:
    """Account events are sent too, but the worker handles requests only."""
    story = Story(TRUTHS)
    topics = (ACCOUNTS, REQUESTS, REQUESTS)
    story.follow([Line(t, n, None, b"", NOW + n) for n, t in enumerate(topics)])
    assert (story.requests, story.event_time) == (2, NOW + 2)


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


def test_the_summary_counts_accounts_by_their_strictest_action() -> None:
    """Not by the last one, and those without any as allowed."""
    story = Story(TRUTHS)
    for action in (Action.RESTRICT, Action.BLOCK, Action.ALLOW):
        story.note(decision("bo", action))
    story.note(decision("ada", Action.RESTRICT))
    assert row(story, "campaign") == ["campaign", "abusive", "2", "1", "1"]
    assert row(story, "developers") == ["developers", "honest", "1", "1"]
    assert story.decisions.total() == 4


def test_the_picture_shows_the_latest_decisions_and_why() -> None:
    """A decision without reasons says that nothing speaks against the account."""
    story = Story(TRUTHS)
    story.follow([Line(REQUESTS, 0, None, b"", NOW)])
    story.note(decision("ada", Action.ALLOW))
    text = shown(story.picture())
    assert "nothing speaks against it now" in text
    assert "ada" in text


def _families(registry: CollectorRegistry) -> list[object]:
    return list(text_string_to_metric_families(generate_latest(registry).decode()))
