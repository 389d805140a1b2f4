"""`sluicegate explain --decision`: what it says, and its event weighed again."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest
import yaml
from typer.testing import CliRunner, Result

from stream.cli import cli
from stream.replay import replay_files
from tests.unit.gates import NOW, request
from tests.unit.rulebooks import rule


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Requests of ada and bob, and a decision about each of them."""
    folder = tmp_path_factory.mktemp("recorded")
    requests, decisions = folder / "requests.ndjson", folder / "decisions.ndjson"
    bodies = [
        request(n, "ada" if n % 3 else "bob", ts=NOW + 60_000 * n, input_tokens=900).value or b""
        for n in range(12)
    ]
    requests.write_bytes(b"\n".join(bodies) + b"\n")
    asyncio.run(replay_files(None, requests, decisions, every=True))
    return requests, decisions


def explain(*arguments: str | Path) -> Result:
    """Run `sluicegate explain`."""
    return CliRunner().invoke(cli, ["explain", *map(str, arguments)], catch_exceptions=False)


def last_of_ada(decisions: Path) -> dict[str, object]:
    """Ada's last decision."""
    told = [msgspec.json.decode(line) for line in decisions.read_bytes().splitlines()]
    return [one for one in told if one["account_id"] == "ada"][-1]


def test_a_decision_is_told_as_it_was_recorded(recorded: tuple[Path, Path]) -> None:
    """Without requests that is all there is."""
    decision = last_of_ada(recorded[1])
    told = explain("--decision", str(decision["decision_id"]), "--decisions", recorded[1])
    assert told.exit_code == 0
    assert "ada at " in told.stdout
    assert "by request, score" in told.stdout
    assert "weighed again" not in told.stdout


def test_its_event_weighs_again_what_it_weighed(recorded: tuple[Path, Path]) -> None:
    """The very score of the decision, from the same features, and groups that add up to it."""
    requests, decisions = recorded
    decision = last_of_ada(decisions)
    identity = str(decision["decision_id"])
    told = explain(
        "--decision", identity, "--decisions", decisions, "--requests", requests, "--json"
    )
    weighed = json.loads(told.stdout)["weighed"]
    assert weighed["score"] == decision["score"]
    assert weighed["model_version"] == decision["model_version"]
    total = weighed["nothing"] + sum(group["weight"] for group in weighed["groups"])
    assert total == pytest.approx(weighed["margin"], abs=1e-3)
    parts = {part["name"]: part["value"] for g in weighed["groups"] for part in g["parts"]}
    assert parts["requests_count_24h"] == 8  # ada's of twelve


def test_people_read_groups_and_rules(
    recorded: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What adds up, by reason code, and the rules that hold, those in the shadow too."""
    rules = tmp_path / "rules.yaml"
    busy = rule("requests_count_24h > 3", action="rate_limit", shadow=True)
    rules.write_text(yaml.safe_dump({"rules": {"busy": busy}}))
    monkeypatch.setenv("SLUICEGATE_RULES", str(rules))
    requests, decisions = recorded
    identity = str(last_of_ada(decisions)["decision_id"])
    told = explain("--decision", identity, "--decisions", decisions, "--requests", requests)
    assert "request_volume: how much the account asks" in told.stdout
    assert "rule busy holds (rate_limit, in the shadow): as a test has it" in told.stdout


def test_an_event_that_is_not_recorded_is_told(recorded: tuple[Path, Path], tmp_path: Path) -> None:
    """The decision is told all the same."""
    other = tmp_path / "other.ndjson"
    other.write_bytes((request(99, "eve").value or b"") + b"\n")
    identity = str(last_of_ada(recorded[1])["decision_id"])
    told = explain("--decision", identity, "--decisions", recorded[1], "--requests", other)
    assert "its event is not among these requests" in told.stdout


def test_a_score_that_comes_out_otherwise_is_told(
    recorded: tuple[Path, Path], tmp_path: Path
) -> None:
    """Nobody takes half of a history for the whole."""
    requests, decisions = recorded
    decision = last_of_ada(decisions)
    part = tmp_path / "part.ndjson"
    bodies = requests.read_bytes().splitlines(keepends=True)
    part.write_bytes(bodies[-1])
    assert str(decision["event_id"]).encode() in bodies[-1]
    told = explain(
        "--decision", str(decision["decision_id"]), "--decisions", decisions, "--requests", part
    )
    assert f"the decision's score is {decision['score']:.6f}: a rule or a campaign" in told.stdout


def test_a_decision_that_is_not_there_is_one_line(recorded: tuple[Path, Path]) -> None:
    """And exit code 1."""
    told = explain("--decision", "nowhere", "--decisions", recorded[1])
    assert (told.exit_code, told.stderr) == (1, "there is no decision nowhere\n")


@pytest.mark.parametrize("arguments", [(), ("ada", "--decision", "x")])
def test_an_account_or_a_decision_is_asked_for(arguments: tuple[str, ...]) -> None:
    """Neither or both is wrong usage."""
    assert explain(*arguments).exit_code == 2
