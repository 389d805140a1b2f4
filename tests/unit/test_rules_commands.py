"""`sluicegate rules`: what it checks, lists and tries out, and how it ends."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from typer.testing import CliRunner, Result

from schemas.errors import ConfigurationError, PolicyError
from stream.cli import cli
from stream.doctor.check import Verdict
from stream.doctor.deciding import _rules
from stream.settings import load_settings
from tests.unit.gates import NOW, request
from tests.unit.rulebooks import rule


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A rule that decides, and one in the shadow that has expired."""
    return written(
        tmp_path,
        busy=rule("requests_count_1h > 1", tiers=[0, 1]),
        old=rule("requests_count_1h > 2", score=0.9, shadow=True, expires="2020-01-01"),
    )


def written(folder: Path, **rules: dict[str, Any]) -> Path:
    """A file of rules."""
    path = folder / "rules.yaml"
    path.write_text(yaml.safe_dump({"rules": rules}, sort_keys=False))
    return path


def run(*arguments: str | Path) -> Result:
    """Run `sluicegate rules`."""
    return CliRunner().invoke(cli, ["rules", *map(str, arguments)])


def test_a_file_that_is_right_is_summed_up(file: Path) -> None:
    """How many there are, how many decide, and the version that decisions will carry."""
    told = run("check", file)
    assert told.exit_code == 0
    assert "rules: 1 that decide, 1 in the shadow; version rules." in told.output


def test_a_file_that_is_wrong_is_an_error(tmp_path: Path) -> None:
    """Which the command's main tells in a line, with exit code 1."""
    told = run("check", written(tmp_path, odd=rule("requests_count_1hour > 1")))
    assert isinstance(told.exception, PolicyError)
    assert "rules.odd.where" in str(told.exception)


def test_a_list_tells_what_matters_of_a_rule(file: Path) -> None:
    """What it looks for, what follows, for whom, until when."""
    told = run("list", file)
    assert "busy: restrict in tiers 0 1, until 2099-01-01\n  where requests_count_1h > 1" in (
        told.output
    )
    assert "old: score 0.9 (shadow) in tiers 0 1 2 3, until 2020-01-01 (expired)" in told.output


def test_a_list_without_a_file_is_of_the_settings(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And without either, an error that names the setting."""
    missing = run("list")
    assert isinstance(missing.exception, ConfigurationError)
    assert "SLUICEGATE_RULES" in str(missing.exception)
    monkeypatch.setenv("SLUICEGATE_RULES", str(file))
    assert "busy: restrict" in run("list").output


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Path, Path]:
    """Three requests of ada, one of bob; and a label that says what ada is."""
    bodies = [request(n, ts=NOW + n).value or b"" for n in range(3)]
    bodies.append(request(3, "bob", ts=NOW + 3).value or b"")
    requests, labels = tmp_path / "requests.ndjson", tmp_path / "labels.ndjson"
    requests.write_bytes(b"\n".join(bodies) + b"\n")
    label = {"event_id": "l", "account_id": "ada", "ts": NOW, "label": "benign", "source": "jo"}
    labels.write_bytes(msgspec.json.encode(label) + b"\n")
    return requests, labels


def test_a_backtest_tells_whom_a_rule_would_have_met(
    tmp_path: Path, recorded: tuple[Path, Path]
) -> None:
    """As one object for a program: ada, whom nobody else would have bothered, and who is benign."""
    requests, labels = recorded
    rules = written(tmp_path, busy=rule("requests_count_1h > 1", shadow=True))
    told = run("backtest", rules, "--requests", requests, "--labels", labels, "--json")
    [busy] = json.loads(told.stdout)
    assert busy == {
        "rule": "busy",
        "shadow": True,
        "events": 2,
        "accounts": 1,
        "stricter_events": 2,
        "stricter_accounts": 1,
        "stricter": {"abusive": 0, "benign": 1, "unlabelled": 0},
        "sample": ["ada"],
    }


def test_a_backtest_is_a_table_for_people(tmp_path: Path, recorded: tuple[Path, Path]) -> None:
    """A row a rule."""
    rules = written(tmp_path, busy=rule("requests_count_1h > 1"))
    told = run("backtest", rules, "--requests", recorded[0])
    assert told.exit_code == 0
    assert "stricter" in told.output
    assert "busy" in told.output


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ({"fine": rule()}, Verdict.OK),
        ({"over": rule(expires="2020-01-01")}, Verdict.WARN),
        ({"odd": rule("x > 1")}, Verdict.FAIL),
    ],
)
def test_the_doctor_looks_at_rules(
    tmp_path: Path, rules: dict[str, dict[str, Any]], verdict: Verdict
) -> None:
    """A wrong rule ends a worker's start, an expired one deceives."""
    found = _rules(load_settings(rules=written(tmp_path, **rules)))
    assert found.verdict is verdict
    assert next(iter(rules)) in found.what or verdict is Verdict.OK
