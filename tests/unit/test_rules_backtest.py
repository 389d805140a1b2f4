"""A backtest: what rules met, and where they would have called for more than what was decided."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.errors import MalformedEventError
from stream.decide.policy import Policy
from stream.lines import ACCOUNTS, REQUESTS, lines
from stream.replay import replay
from stream.rules.backtest import Backtest, read_truth, split
from stream.store import MemoryStore
from tests.unit.gates import MINUTE, NOW, POLICY, Told, court, gate, registry, request
from tests.unit.rulebooks import rule, rulebook

BUSY = "requests_count_1m >= 2"


async def backtested(model: Told, **rules: dict[str, Any]) -> Backtest:
    """Three requests of ada within a minute, and one of bob, past rules."""
    found = Backtest(Policy.model_validate(POLICY), rulebook(**rules))
    store = MemoryStore()
    one = gate(court(model, every=True), found, store, witness=found.witness)  # type: ignore[arg-type]
    told = [request(n, ts=NOW + n).value for n in range(3)]
    told.append(request(3, "bob", ts=NOW + MINUTE).value)
    handlers = {REQUESTS: one.handle, ACCOUNTS: registry(found, store).handle}  # type: ignore[arg-type]
    await replay(lines(REQUESTS, [body for body in told if body]), handlers)
    return found


async def test_a_rule_is_told_with_its_events_and_accounts() -> None:
    """Ada's second and third requests, and nothing of bob's."""
    [effect] = (await backtested(Told(), busy=rule(BUSY))).effects
    assert (effect.events, list(effect.accounts)) == (2, ["ada"])
    assert (effect.stricter_events, list(effect.stricter)) == (2, ["ada"])


async def test_what_was_decided_anyway_is_nothing_new() -> None:
    """A score that leads to as much leaves the rule nothing to change."""
    [effect] = (await backtested(Told(0.6), busy=rule(BUSY, action="restrict"))).effects
    assert (effect.events, effect.stricter_events, effect.stricter) == (2, 0, {})


async def test_a_rule_that_calls_for_more_is_told_as_such() -> None:
    """Beyond what the score has led to."""
    [effect] = (await backtested(Told(0.6), busy=rule(BUSY, action="rate_limit"))).effects
    assert list(effect.stricter) == ["ada"]


@pytest.mark.parametrize(("score", "stricter"), [(0.6, []), (0.8, ["ada"])])
async def test_a_score_is_held_against_the_thresholds(score: float, stricter: list[str]) -> None:
    """The model's 0.6 restricts already; 0.8 would limit the rate."""
    [effect] = (await backtested(Told(0.6), busy=rule(BUSY, score=score))).effects
    assert list(effect.stricter) == stricter


async def test_one_rule_is_not_taken_for_a_block() -> None:
    """By itself it steps up: where that stands already it changes nothing."""
    [effect] = (await backtested(Told(0.9), busy=rule(BUSY, action="block"))).effects
    assert effect.stricter == {}


async def test_a_shadow_is_looked_at_like_the_others() -> None:
    """It is what one wants to know about."""
    [effect] = (await backtested(Told(), busy=rule(BUSY, shadow=True))).effects
    assert effect.shadow
    assert list(effect.stricter) == ["ada"]


def test_truth_is_read_from_labels_and_from_the_simulator(tmp_path: Path) -> None:
    """The latest label of an account holds."""
    told = [
        {"account_id": "a", "ts": 2, "label": "benign", "source": "jo", "event_id": "2"},
        {"account_id": "a", "ts": 1, "label": "abuse", "source": "jo", "event_id": "1"},
        {"account_id": "b", "abusive": True, "cohort": "ring"},
    ]
    path = tmp_path / "labels.ndjson"
    path.write_bytes(b"\n".join(map(msgspec.json.encode, told)))
    truth = read_truth(path)
    assert truth == {"a": False, "b": True}
    assert split(["a", "b", "c"], truth) == (1, 1, 1)


@pytest.mark.parametrize("line", [b"{", b'{"account_id":"a"}', b'{"account_id":"a","label":"x"}'])
def test_a_line_that_says_nothing_is_an_error(line: bytes, tmp_path: Path) -> None:
    """With its file and its number, empty lines counted."""
    path = tmp_path / "labels.ndjson"
    path.write_bytes(b'{"account_id":"a","label":"abuse"}\n\n' + line)
    with pytest.raises(MalformedEventError, match=f"{path}:3: "):
        read_truth(path)
