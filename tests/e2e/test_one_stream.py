"""One stream live, in the shadow, in replay, in a backtest and in training: the same features,
scores, rules and actions, since the same functions made them."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.features import CONDUCT_NAMES, FEATURE_NAMES
from schemas.ndjson import open_writer, read_lines
from schemas.wire import DecisionWire
from scorers.model import Model
from scorers.shipped import SHIPPED
from stream.learn.snapshots import Snapshot
from stream.lines import REQUESTS, lines
from stream.remember.packing import unpack
from stream.remember.recall import recall
from stream.remember.rows import conduct_rows
from stream.replay import replay_files
from stream.rules.backtest import Effect
from stream.rules.backtesting import backtest
from stream.rules.predicates import Predicates
from stream.rules.program import Program
from stream.training import take
from tests.e2e.live import Live, living, undated
from tests.e2e.rough import rough_requests
from tests.servers import Broker

COUNT = 1_500
RATE = 100_000.0  # as fast as the broker takes it
FLOOR = 0.9
CONDITIONS = {
    "busy": "requests_count_24h > 20",
    "sparse": "templates_ratio_7d < 0.6 AND NOT tokens_in_mean_24h > 5000",
    "silent": "hours_distinct_24h >= 2",
}
RULES = f"""
rules:
  busy:
    where: {CONDITIONS["busy"]}
    action: rate_limit
    reason: {{code: rule_busy, text: asks a lot in a day}}
    author: jo
    expires: 2099-01-01
  sparse:
    where: {CONDITIONS["sparse"]}
    score: {FLOOR}
    reason: {{code: rule_sparse, text: few templates for so many requests}}
    author: jo
    expires: 2099-01-01
  silent:
    where: {CONDITIONS["silent"]}
    action: block
    shadow: true
    reason: {{code: rule_silent, text: in the shadow}}
    author: jo
    expires: 2099-01-01
"""

on_the_embedded_pair = pytest.mark.parametrize(
    ("broker", "store_url"),
    [pytest.param("embedded", "embedded", id="embedded")],
    indirect=True,
    scope="session",
)
pytestmark = on_the_embedded_pair

_decision = msgspec.json.Decoder(DecisionWire).decode


@dataclass(frozen=True, slots=True)
class Ran:
    """What a worker made of the stream: decisions without the time of deciding, sorted; hits by
    rule, as its metric counts them; and the states that it left."""

    decisions: list[bytes]
    hits: dict[str, int]
    states: dict[str, bytes | None]


@dataclass(frozen=True, slots=True)
class Five:
    """One stream, five ways."""

    live: Ran
    shadow: Ran
    replayed: list[bytes]
    backtested: list[Effect]
    trained: Snapshot


@pytest.fixture(scope="module")
def five(broker: Broker, store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Five:
    """The stream, with repeats, stragglers and garbage in it, taken through each."""
    folder = tmp_path_factory.mktemp("five")
    requests, rules = folder / "requests.ndjson", folder / "rules.yaml"
    rules.write_text(RULES)
    with open_writer(requests) as out:
        out.writelines(line.value + b"\n" for line in rough_requests(COUNT, seed=5))
    ran = {}
    for mode in ("enforce", "shadow"):
        place = tmp_path_factory.mktemp(mode)
        with living(broker, store_url, place, f"five-{mode}", rules=rules, mode=mode) as live:
            ran[mode] = asyncio.run(_through_a_worker(live, requests))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SLUICEGATE_RULES", str(rules))
        asyncio.run(replay_files(None, requests, folder / "decisions.ndjson", every=True))
        _, effects = asyncio.run(backtest(rules, None, requests))
        trained = take(read_lines(requests), every=True)
    replayed = sorted(undated(line.strip()) for line in read_lines(folder / "decisions.ndjson"))
    return Five(ran["enforce"], ran["shadow"], replayed, effects, trained)


async def _through_a_worker(live: Live, requests: Path) -> Ran:
    worker = live.start()
    await live.send(lines(REQUESTS, read_lines(requests)), RATE)
    await live.all_done()
    hits = await _hits(worker.port)
    assert await worker.stop() == 0
    decisions = sorted(undated(value) for value in await live.values("decisions"))
    accounts = sorted({_decision(value).account_id for value in decisions})
    return Ran(decisions, hits, await live.states(accounts))


async def _hits(port: int) -> dict[str, int]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as answer,
    ):
        families = text_string_to_metric_families(await answer.text())
        samples = [s for f in families for s in f.samples]
    return {
        s.labels["rule"]: int(s.value) for s in samples if s.name == "sluicegate_rule_hits_total"
    }


def _holds(trained: Snapshot) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """Where each rule's condition is true of the rows that training sees."""
    program = Program()
    predicates = Predicates(FEATURE_NAMES, program)
    places = [predicates.add(condition) for condition in CONDITIONS.values()]
    return dict(zip(CONDITIONS, program.run(trained.features, places), strict=True))


def test_replay_decides_what_the_worker_decides(five: Five) -> None:
    """Ids, actions, scores, reasons, versions: to the byte, and the rules are in them."""
    assert five.live.decisions == five.replayed
    named = {r.value for value in five.live.decisions for r in _decision(value).reasons}
    assert {"busy", "sparse"} <= named
    assert "silent" not in named


def test_the_shadow_differs_in_the_mode_alone(five: Five) -> None:
    """It decides the same, and says that nobody is to act on it."""
    enforced = [v.replace(b'"mode":"shadow"', b'"mode":"enforce"') for v in five.shadow.decisions]
    assert all(b'"mode":"shadow"' in value for value in five.shadow.decisions)
    assert sorted(enforced) == five.live.decisions


def test_rules_hold_for_the_same_events(five: Five) -> None:
    """As the worker's metric counts them, in a backtest, and over the rows of training."""
    backtested = {effect.rule: effect.events for effect in five.backtested}
    trained = {rule: int(holds.sum()) for rule, holds in _holds(five.trained).items()}
    assert five.live.hits == five.shadow.hits == backtested == trained
    assert all(backtested.values())


def test_a_backtest_tells_whom_a_rule_decides_about(five: Five) -> None:
    """Before the rule is promoted: the accounts that it later answers."""
    [busy] = [effect for effect in five.backtested if effect.rule == "busy"]
    told = map(_decision, five.live.decisions)
    answered = {one.account_id for one in told if any(r.value == "busy" for r in one.reasons)}
    assert set(busy.stricter) == answered


def test_training_sees_the_features_that_the_worker_left(five: Five) -> None:
    """Every account's last row, to the bit, as its state in the real store recalls it."""
    last = {five.trained.accounts[a]: row for row, a in enumerate(five.trained.account.tolist())}
    assert sorted(last) == sorted(five.live.states)
    states = [five.live.states[account] for account in last]
    recalled = conduct_rows(recall(unpack(states)))
    seen = five.trained.features[list(last.values()), : len(CONDUCT_NAMES)]
    np.testing.assert_array_equal(recalled, seen)


def test_training_sees_the_scores_that_were_decided_by(five: Five) -> None:
    """Of every event the model's score of its row, or the rule's where that is higher."""
    scores = Model.load(SHIPPED).score(five.trained.features)
    raised = np.where(_holds(five.trained)["sparse"], np.maximum(scores, FLOOR), scores)
    names = [five.trained.accounts[account] for account in five.trained.account.tolist()]
    expected = Counter(zip(names, raised.tolist(), strict=True))
    told = map(_decision, five.live.decisions)
    assert Counter((one.account_id, one.score) for one in told) == expected
