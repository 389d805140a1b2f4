"""A panel: who decides about whom, never mixed, and what the bundles beside it are held against."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.decisions import Action
from schemas.wire import DecisionWire
from stream.bundles.bounds import Bounds
from stream.bundles.comparison import Comparison
from stream.bundles.panel import Panel, Seat, Trial
from stream.decide.policy import Policy
from stream.link.touches import Touch
from stream.metrics import Metrics
from tests.unit.gates import POLICY, ListSink, Raw, Told, chunk, court, gate, request

CALM, STERN = 0.1, 0.75
LAX = Bounds(events=100, actions=1.0, scores=1e9, latency=1e9)


def seat(letter: str, value: float) -> Seat:
    """A bundle whose model gives everybody one score, and whose versions tell its letter."""
    return seat_of(letter, Told(value, version=f"model-{letter}"))


def seat_of(letter: str, model: Told) -> Seat:
    """The same of a model."""
    version = f"policy-{letter}"
    policy = Policy.model_validate(POLICY | {"version": version})
    return Seat(f"bundle-{letter * 12}", court(model, every=True, version=version), policy)


@dataclass(slots=True)
class Heard:
    """What a panel tells."""

    found: dict[str, Comparison] = field(default_factory=lambda: defaultdict(Comparison))
    failures: list[str] = field(default_factory=list)

    def told(self, bundle: str, found: Comparison) -> None:
        self.found[bundle].add(found)

    def failed(self, trial: Trial, reason: str) -> None:
        self.failures.append(f"{trial.seat.bundle} {reason}")


@dataclass(slots=True)
class Touched:
    """Keeps what the linker would hear."""

    touches: list[Touch] = field(default_factory=list)

    async def send(self, touches: Sequence[Touch]) -> None:
        self.touches += touches


def requests(count: int, start: int = 0) -> list[Raw]:
    return [request(start + n, f"account-{n}") for n in range(count)]


def trial(share: float = 0.25, bounds: Bounds = LAX, value: float = STERN) -> Trial:
    return Trial(seat("b", value), share, since=1, bounds=bounds)


async def decided(panel: Panel, *chunks: list[Raw]) -> list[DecisionWire]:
    sink = ListSink()
    one = gate(panel, sink)
    for records in chunks:
        await one.handle(chunk(*records))
    return sink.decisions


def versions(decisions: list[DecisionWire]) -> set[tuple[str, str]]:
    return {(decision.model_version, decision.policy_version) for decision in decisions}


async def test_a_canary_decides_about_its_share_and_nobody_else() -> None:
    """Each decision is of one bundle, wholly: score, model and policy."""
    decisions = await decided(Panel(seat("a", CALM), trial()), requests(2_000))
    assert len(decisions) == 2_000
    assert versions(decisions) == {("model-a", "policy-a"), ("model-b", "policy-b")}
    by_candidate = [d for d in decisions if d.model_version == "model-b"]
    assert abs(len(by_candidate) / 2_000 - 0.25) < 0.05
    assert {d.score for d in by_candidate} == {STERN}
    assert {d.score for d in decisions if d.model_version == "model-a"} == {CALM}


async def test_an_account_stays_with_its_bundle() -> None:
    """However often it comes, in whichever batch, in whichever process."""
    decisions = await decided(
        Panel(seat("a", CALM), trial()), requests(300), requests(300, start=1_000)
    )
    other = await decided(Panel(seat("a", CALM), trial()), requests(300))
    by_account = defaultdict(set)
    for decision in [*decisions, *other]:
        by_account[decision.account_id].add(decision.model_version)
    assert {len(models) for models in by_account.values()} == {1}


def test_other_accounts_suffer_the_next_canary() -> None:
    """The draw hangs on the bundle as well."""
    accounts = [f"account-{n}" for n in range(1_000)]
    first, second = (
        Trial(seat(letter, 0.5), 0.5, 1, LAX).chooses(accounts) for letter in ("b", "c")
    )
    assert 0.4 < (first == second).mean() < 0.6


async def test_events_of_one_account_are_decided_in_order() -> None:
    """A canary splits a batch by account, not an account."""
    records = [request(n, f"account-{n % 7}") for n in range(70)]
    decisions = await decided(Panel(seat("a", CALM), trial(0.5)), records)
    by_account = defaultdict(list)
    for decision in decisions:
        by_account[decision.account_id].append(int(decision.event_id[1:]))
    assert all(events == sorted(events) for events in by_account.values())
    assert sum(map(len, by_account.values())) == 70


async def test_a_canary_is_compared_on_its_own_events() -> None:
    """With what the current bundle says about the very same ones."""
    heard = Heard()
    panel = Panel(seat("a", CALM), trial(), told=heard.told, failed=heard.failed)
    decisions = await decided(panel, requests(2_000))
    found = heard.found["bundle-bbbbbbbbbbbb"]
    assert found.events == sum(d.model_version == "model-b" for d in decisions)
    assert found.actions[Action.ALLOW.rank, Action.RATE_LIMIT.rank] == found.events
    assert found.gaps.sum() / found.events == pytest.approx(STERN - CALM)
    assert heard.failures == []


async def test_a_canary_beyond_its_bounds_is_told_with_the_reason() -> None:
    """By the batch that showed it, which is decided as it was scored."""
    heard = Heard()
    strict = Bounds(events=100, actions=0.01, scores=0.25, latency=1e9)
    panel = Panel(seat("a", CALM), trial(0.25, strict), told=heard.told, failed=heard.failed)
    decisions = await decided(panel, requests(2_000))
    assert versions(decisions) == {("model-a", "policy-a"), ("model-b", "policy-b")}
    assert len(heard.failures) == 1
    assert heard.failures[0].startswith("bundle-bbbbbbbbbbbb rate_limit for 100.00%")


async def test_a_panel_stays_as_it_is_until_another_takes_its_place() -> None:
    """A batch that waits for the governor is judged by whom it was scored, come what may."""
    strict = Bounds(events=100, actions=0.01, scores=0.25, latency=1e9)
    panel = Panel(seat("a", CALM), trial(0.25, strict))
    decisions = await decided(panel, requests(2_000), requests(2_000, start=5_000))
    late = [d for d in decisions if int(d.event_id[1:]) >= 5_000]
    assert {(d.model_version, d.score) for d in late} == {("model-a", CALM), ("model-b", STERN)}


async def test_a_canary_that_agrees_goes_on() -> None:
    """However many events are judged."""
    heard = Heard()
    strict = Bounds(events=100, actions=0.01, scores=0.25, latency=1e9)
    panel = Panel(seat("a", STERN), trial(0.5, strict, STERN), told=heard.told, failed=heard.failed)
    decisions = await decided(panel, *(requests(500, start=k * 1_000) for k in range(4)))
    assert heard.failures == []
    assert versions(decisions[-500:]) == {("model-a", "policy-a"), ("model-b", "policy-b")}


async def test_shadows_score_everything_and_decide_nothing() -> None:
    """With a canary beside them, too: they are held against the current bundle alone."""
    heard = Heard()
    shadows = [seat("c", STERN), seat("d", CALM)]
    panel = Panel(seat("a", CALM), trial(), shadows, told=heard.told, failed=heard.failed)
    decisions = await decided(panel, requests(1_000))
    alone = await decided(Panel(seat("a", CALM), trial()), requests(1_000))
    assert [(d.decision_id, d.action) for d in decisions] == [
        (d.decision_id, d.action) for d in alone
    ]
    stern, calm = (heard.found[f"bundle-{letter * 12}"] for letter in "cd")
    assert (stern.events, stern.differing) == (1_000, 1_000)
    assert (calm.events, calm.differing, calm.gaps.sum()) == (1_000, 0, 0.0)
    assert min(stern.seconds) > 0.0


@dataclass(slots=True)
class Meddling(Told):
    """A model during whose scoring somebody else is put in its place."""

    meddle: Callable[[], None] = lambda: None

    def score(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        self.meddle()
        return Told.score(self, rows)


async def test_a_swap_waits_for_the_batch_that_is_under_way() -> None:
    """Whoever scores a batch decides it: no decision has one's score and the other's policy."""
    model = Meddling(STERN, version="model-a")
    sink = ListSink()
    one = gate(Panel(seat_of("a", model)), sink)
    model.meddle = lambda: one.seat(Panel(seat("b", CALM)))
    await one.handle(chunk(*requests(50)))
    await one.handle(chunk(*requests(50, start=100)))
    assert versions(sink.decisions[:50]) == {("model-a", "policy-a")}
    assert {d.score for d in sink.decisions[:50]} == {STERN}
    assert versions(sink.decisions[50:]) == {("model-b", "policy-b")}
    assert {d.score for d in sink.decisions[50:]} == {CALM}


async def test_bars_hold_for_every_bundle() -> None:
    """The budget of false positives is the stream's, not a model's."""
    panel = Panel(seat("a", STERN), trial(0.5))
    panel.heed({Action.RATE_LIMIT: 0.9, Action.RESTRICT: 0.9})
    decisions = await decided(panel, requests(200))
    assert {d.action for d in decisions} == {Action.ALLOW}


def test_the_meters_count_what_would_be_done_otherwise() -> None:
    """By both actions, and by the current bundle's score."""
    metrics = Metrics()
    found = Comparison()
    found.actions[0, 4], found.bands[0, 0], found.bands[1, 0], found.gaps[0] = 3, 3, 3, 2.5
    metrics.bundles.told("b", found)
    value = metrics.registry.get_sample_value
    pair = {"bundle": "b", "current": "allow", "other": "block"}
    assert value("sluicegate_bundle_actions_total", pair) == 3
    band = {"bundle": "b", "score": "to 0.01"}
    assert value("sluicegate_bundle_differing_total", band) == 3
    assert value("sluicegate_bundle_gaps_total", band) == 2.5


async def test_a_canary_tells_the_linker_of_conduct_by_its_own_model() -> None:
    """Each account's touches have one model's score, whichever bundle decides about it."""
    outlet = Touched()
    one = gate(Panel(seat("a", CALM), trial()), ListSink(), outlet=outlet)
    await one.handle(chunk(*requests(400)))
    assert {touch.score for touch in outlet.touches} == {CALM, STERN}
    assert abs(sum(touch.score == STERN for touch in outlet.touches) / 400 - 0.25) < 0.1
