"""`sluicegate report`: from files to pages, and a check of what was written."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from schemas.errors import ConfigurationError
from stream.commands.report import report
from stream.report.pack import RECORDS
from tests.unit.reports import STORY

FILES = ("campaigns", "decisions", "requests")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(report, [str(argument) for argument in arguments])


@pytest.fixture
def sources(tmp_path: Path) -> list[str]:
    """The options that name the files of the story."""
    options = []
    for name, messages in STORY.items():
        path = tmp_path / f"{name}.ndjson"
        path.write_text("".join(json.dumps(message) + "\n" for message in messages))
        options += [f"--{name}", str(path)]
    return options


def test_a_report_is_written_and_verified(sources: list[str], tmp_path: Path) -> None:
    """The figures on the screen, pages on the disk, and evidence that holds."""
    written = run("--out", tmp_path / "out.zip", "--evidence", *sources)
    assert written.exit_code == 0, written.output
    assert "c-1: 2 accounts, 3 exchanges, 1 before detection" in written.output
    head = written.output.split("head ")[1].strip()
    checked = run(
        "verify", tmp_path / "out.zip", "--head", head, "--requests", tmp_path / "requests.ndjson"
    )
    assert checked.exit_code == 0, checked.output
    assert "0 wrong" in checked.output


def test_one_campaign_has_no_index(sources: list[str], tmp_path: Path) -> None:
    """And without --evidence there is no chain."""
    assert run("--out", tmp_path / "out", "--campaign", "c-1", *sources).exit_code == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["c-1.html", "c-1.json", "c-1.stix.json"]
    assert run("verify", tmp_path / "out").exit_code == 1


def test_a_report_without_evidence_has_no_head(sources: list[str], tmp_path: Path) -> None:
    """What is missing is said, and no empty head is told."""
    run("--out", tmp_path / "out", *sources)
    told = run("verify", tmp_path / "out").output.splitlines()
    assert told == [f"there is no {RECORDS}: a report without --evidence", "0 records, 1 wrong"]


def test_a_changed_pack_ends_with_1(sources: list[str], tmp_path: Path) -> None:
    """And says what was changed."""
    run("--out", tmp_path / "out", "--evidence", *sources)
    with (tmp_path / "out" / RECORDS).open("ab") as file:
        file.write(b"{}\n")
    checked = run("verify", tmp_path / "out")
    assert checked.exit_code == 1
    assert "more after the end" in checked.output


def test_an_unknown_campaign_is_told(sources: list[str], tmp_path: Path) -> None:
    """`main` makes a line of it."""
    told = run("--out", tmp_path / "out", "--campaign", "c-9", *sources)
    assert isinstance(told.exception, ConfigurationError)
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_read_is_told(sources: list[str], tmp_path: Path) -> None:
    """The report is made of the rest."""
    with (tmp_path / "requests.ndjson").open("a") as file:
        file.write("no JSON\n")
    told = run("--out", tmp_path / "out", *sources)
    assert told.exit_code == 0
    assert "1 of the requests could not be read" in told.output


@pytest.mark.parametrize("left", [("--live", *FILES), FILES[:2], FILES[1:], ()])
def test_wrong_usage_ends_with_2(sources: list[str], tmp_path: Path, left: tuple[str, ...]) -> None:
    """All files, or the topics."""
    named = {name: sources[2 * at : 2 * at + 2] for at, name in enumerate(STORY)}
    options = [word for name in left for word in named.get(name, [name])]
    assert run("--out", tmp_path / "out", *options).exit_code == 2


def test_a_report_needs_a_place(sources: list[str]) -> None:
    """Nothing is written where nobody said."""
    assert run(*sources).exit_code == 2
