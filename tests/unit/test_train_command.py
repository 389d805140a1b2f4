"""From recorded traffic to a model and its page, by the commands, on terms that are kept."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scorers.drift import SUMMARY, Summary
from scorers.inputs import REQUESTS
from scorers.model import Model
from simulate.files import write
from simulate.scenarios import LONERS, SCENARIOS, Scenario
from stream.cli import cli
from stream.learn.snapshots import Snapshot


def run(*arguments: str | Path) -> str:
    """What a command says; it must end well."""
    told = CliRunner().invoke(cli, list(map(str, arguments)), catch_exceptions=False)
    assert told.exit_code == 0, told.output
    return told.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated traffic with labels, its snapshot, and a model with a page from both."""
    out = tmp_path_factory.mktemp("train")
    # Many who are abusive by themselves: all of a campaign are one group.
    alone = {cohort.name for cohort in LONERS}
    cohorts = (replace(c, share=0.15) if c.name in alone else c for c in SCENARIOS["demo"].cohorts)
    write(
        Scenario("labelled", 220, 0.8, tuple(cohorts), label_share=1.0, label_benign_share=0.8),
        out,
        suffix=".ndjson",
    )
    run(
        *("snapshot", "--requests", out / "requests.ndjson"),
        *("--accounts", out / "accounts.ndjson", "--out", out / "s.parquet"),
    )
    run(
        *("train", "--snapshots", out / "s.parquet", "--labels", out / "labels.ndjson"),
        *("--newest", "0", "--trials", "2", "--seed", "2", "--out", out / "model"),
        *("--report", out / "report.html"),
    )
    return out


def test_a_model_comes_of_a_snapshot_and_labels(folder: Path) -> None:
    """It can be served, its card says how, and its summary is of the whole snapshot."""
    model, rows = Model.load(folder / "model"), Snapshot.read(folder / "s.parquet").features
    card = json.loads((folder / "model" / "manifest.json").read_text())["training"]
    assert model.score(rows).max() > 0.5
    assert len(card["search"]["tried"]) == 2
    assert card["rows"] < len(rows)
    summary = Summary.parse((folder / "model" / SUMMARY).read_bytes(), REQUESTS.names)
    assert set(summary.counts.sum(axis=1)) == {len(rows)}


def test_recorded_folders_give_the_same_model(folder: Path, tmp_path: Path) -> None:
    """A snapshot is what a replay would have made."""
    same = "--newest", "0", "--trials", "2", "--seed", "2"
    run("train", "--data", folder, *same, "--out", tmp_path / "m")
    assert Model.load(tmp_path / "m").version == Model.load(folder / "model").version


class Outline(HTMLParser):
    """Headings, and what a page would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.plots, self.loads = 0, list[str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.plots += tag == "svg"
        self.loads += [value or "" for name, value in attrs if name in {"src", "href"}]
        assert tag != "script"


def test_the_page_needs_nothing_but_itself(folder: Path) -> None:
    """Three plots, every section, no script, nothing loaded, no number that is none."""
    page = (folder / "report.html").read_text()
    outline = Outline(page)
    assert (outline.plots, outline.loads) == (3, [])
    titles = set(re.findall("<h2>(.*?)</h2>", page))
    assert titles == {
        *("Precision and recall", "Calibration", "What a threshold costs"),
        *("False positives by cohort", "What the model looks at", "Search", "How to read this"),
    }
    assert "nan" not in page.lower().replace("finance", "")


@pytest.mark.parametrize(
    "more",
    [
        ("--snapshots", "s.parquet"),
        ("--labels", "labels.ndjson"),
        ("--snapshots", "s.parquet", "--labels", "labels.ndjson", "--data", "."),
    ],
    ids=" ".join,
)
def test_what_does_not_go_together_is_wrong_usage(folder: Path, more: tuple[str, ...]) -> None:
    """Snapshots need labels, and exclude folders."""
    given = [str(folder / word) if not word.startswith("--") else word for word in more]
    told = CliRunner().invoke(cli, ["train", "--out", str(folder / "other"), *given])
    assert told.exit_code == 2
    assert not (folder / "other").exists()


def test_a_folder_that_is_missing_is_told_before_the_work(tmp_path: Path) -> None:
    """Not after an hour of training."""
    page = tmp_path / "none" / "report.html"
    told = CliRunner().invoke(cli, ["train", "--out", str(tmp_path / "m"), "--report", str(page)])
    assert f"{page.parent}: no such folder" in str(told.exception)


def test_nothing_is_learnt_from_what_came_later(folder: Path, tmp_path: Path) -> None:
    """Before the first label there is nothing to learn from, and the error says so."""
    told = CliRunner().invoke(
        cli,
        [
            *("train", "--snapshots", str(folder / "s.parquet")),
            *("--labels", str(folder / "labels.ndjson")),
            *("--until", "2020-01-01", "--out", str(tmp_path / "m")),
        ],
    )
    assert "groups to split, found 0" in str(told.exception)
