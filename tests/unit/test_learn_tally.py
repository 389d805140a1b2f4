"""What labels say, against one another and against what was decided."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from stream.cli import cli
from stream.learn.tally import Conflict, Delay, Findings, Tally, Voice
from stream.report.sources import FileSource, Topic
from tests.unit.snaps import DAY, NOW, label, written


def decision(account: str, day: float, action: str, score: float = 0.6, days: float = 7) -> Any:
    """As much of a decision as is looked at."""
    ts = int(NOW + day * DAY)
    told = {"account_id": account, "ts": ts, "expires_at": int(ts + days * DAY)}
    return told | {"action": action, "score": score}


async def found(folder: Path, **events: Sequence[Any]) -> Findings:
    """What is found in these events, by topic."""
    paths: dict[Topic, Path] = {
        topic: written(folder / topic, told)  # type: ignore[misc]  # the topics of this module
        for topic, told in events.items()
    }
    tally = Tally()
    await tally.read(FileSource(paths))
    return tally.findings()


async def test_every_source_is_counted(tmp_path: Path) -> None:
    """Labels, and what it said last of each account; the same label twice is one."""
    told = [
        label("a", 1),
        label("a", 1),
        label("a", 2, "benign"),
        label("b", 1, source="billing"),
        label("b", 2, source="review"),
    ]
    findings = await found(tmp_path, labels=told)
    assert (findings.labels, findings.accounts) == (4, 2)
    assert findings.voices == [Voice("review", 3, 1, 1), Voice("billing", 1, 1, 0)]


async def test_sources_that_disagree_are_named(tmp_path: Path) -> None:
    """By the last word of each: one that changed its mind agrees again."""
    told = [
        label("a", 1),
        label("a", 2, "benign", source="appeal"),
        label("b", 1),
        label("b", 2, "benign", source="appeal"),
        label("b", 3, "benign"),
    ]
    findings = await found(tmp_path, labels=told)
    assert findings.conflicts == [Conflict("a", {"review": "abuse", "appeal": "benign"})]


async def test_labels_are_held_against_what_stood(tmp_path: Path) -> None:
    """When the last label came: not what was decided later, nor what had lapsed."""
    told = [
        *(label(name, 5) for name in ("caught", "late", "lapsed", "never")),
        *(label(name, 5, "benign") for name in ("wronged", "spared", "freed")),
    ]
    decided = [
        decision("caught", 1, "block", 0.97),
        decision("late", 6, "block", 0.97),
        decision("lapsed", 1, "restrict", days=2),
        decision("wronged", 4, "rate_limit", 0.7),
        decision("freed", 3, "rate_limit", 0.7),
        decision("freed", 3, "allow", 0.2),
        decision("nobody", 3, "block"),
    ]
    findings = await found(tmp_path, labels=told, decisions=decided)
    assert findings.stood == {
        "abuse": {"block": 1, "none": 3},
        "benign": {"rate_limit": 1, "allow": 1, "none": 1},
    }
    assert findings.scored == {
        "abuse": {"0.9 and above": 1, "below 0.9": 1, "no decision": 2},
        "benign": {"below 0.9": 2, "no decision": 1},
    }
    assert findings.missed == ["lapsed", "late", "never"]
    assert findings.wronged == ["wronged"]


async def test_delays_run_from_what_is_first_known(tmp_path: Path) -> None:
    """An account event, or a decision, to the first label; nothing is known of the others, or
    only later."""
    told = [label("a", 5), label("a", 9), label("b", 3), label("c", 4, "benign"), label("d", 1)]
    told.append(label("e", 1))
    signed_up = [
        {"account_id": a, "ts": NOW + day * DAY} for a, day in (("a", 1), ("b", 2), ("e", 8))
    ]
    findings = await found(
        tmp_path, labels=told, decisions=[decision("c", 3, "restrict")], accounts=signed_up
    )
    assert findings.delays == {"abuse": Delay(2, 2.5, 3.7), "benign": Delay(1, 1.0, 1.0)}


async def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    """Of each topic; the rest is told."""
    bad = {"account_id": "a"}
    findings = await found(
        tmp_path, labels=[label("a", 1), bad], decisions=[bad, bad], accounts=[bad]
    )
    assert findings.unreadable == {"labels": 1, "decisions": 2, "accounts": 1}
    assert findings.accounts == 1


def run(*arguments: str | Path) -> str:
    """What the command says."""
    told = CliRunner().invoke(cli, ["labels", *map(str, arguments)], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    return told.stdout


def test_the_command_tells_people_and_programs(tmp_path: Path) -> None:
    """The accounts that it names are bounded; as JSON there is all of it."""
    events = [label(f"a{n:02}", 1) for n in range(30)]
    path = written(tmp_path / "labels", events)
    said = run("--labels", path, "--show", 2)
    assert "30 labels of 30 accounts" in said
    assert "abusive, and none stood: 30. a00, a01 and 28 more" in said
    assert len(json.loads(run("--labels", path, "--json"))["missed"]) == 30


@pytest.mark.parametrize("topic", ["decisions", "accounts"])
def test_files_without_labels_are_wrong_usage(topic: str, tmp_path: Path) -> None:
    """There would be nothing to tell."""
    path = written(tmp_path / "file", [])
    assert CliRunner().invoke(cli, ["labels", f"--{topic}", str(path)]).exit_code == 2
