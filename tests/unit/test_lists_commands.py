"""`sluicegate lists`: what it imports, shows and refuses, and how it ends."""

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from stream.cli import cli
from stream.doctor.check import Verdict
from stream.doctor.sources import check_lists
from stream.settings import load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for lists that the settings name."""
    monkeypatch.setenv("SLUICEGATE_LISTS_DIR", str(tmp_path / "lists"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "lists"


def lists(*arguments: str | Path) -> Result:
    """Run `sluicegate lists`."""
    return CliRunner().invoke(cli, ["lists", *map(str, arguments)])


@pytest.fixture
def domains(tmp_path: Path) -> Path:
    """A downloaded list with one malformed row."""
    path = tmp_path / "domains.txt"
    path.write_text("a.example\nb.example\n?\n")
    return path


def test_an_import_is_told_and_shown(domains: Path) -> None:
    """Rows, date, who says so, and the first malformed row."""
    told = lists("import", "disposable_domains", domains, "--dated", "2026-11-01")
    assert told.exit_code == 0
    assert "disposable_domains: 2 rows of 2026-11-01 (says who imported it), 1 malformed" in (
        told.output
    )
    assert "line 3: no domain in it" in told.output
    shown = lists("show")
    assert "disposable_domains" in shown.output
    assert "domains.txt" in shown.output
    assert "publicsuffixlist=" in shown.output


def test_a_stale_list_is_told(domains: Path) -> None:
    """With exit code 1, so that a scheduled job can tell somebody."""
    lists("import", "tor_networks", _networks(domains), "--dated", "2020-01-01")
    told = lists("show")
    assert told.exit_code == 1
    assert "tor_networks is stale" in told.output


def test_an_update_imports_what_changed(domains: Path) -> None:
    """From where it came; the rest stays as it is."""
    lists("import", "disposable_domains", domains)
    assert "disposable_domains: unchanged" in lists("update").output
    domains.write_text("c.example\n")
    told = lists("update")
    assert told.exit_code == 0
    assert "disposable_domains: 1 rows" in told.output


def test_an_update_whose_source_is_gone_keeps_the_list(domains: Path) -> None:
    """And ends with 1."""
    lists("import", "disposable_domains", domains)
    domains.unlink()
    told = lists("update")
    assert told.exit_code == 1
    assert "the list stays as it is" in told.output
    assert "disposable_domains" in lists("show").output


def test_without_a_folder_the_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no place that everybody would expect."""
    monkeypatch.delenv("SLUICEGATE_LISTS_DIR")
    error = lists("show").exception
    assert "SLUICEGATE_LISTS_DIR" in str(error)


def test_a_name_is_screened_by_hand(tmp_path: Path) -> None:
    """Each candidate with its reasons; 1 when there is one to review, 0 when not."""
    aliases = tmp_path / "alt.csv"
    aliases.write_text('7,1,"aka","KARIMOV, Bohumil",-0-\n')
    lists("import", "ofac_names", aliases)
    told = CliRunner().invoke(cli, ["kyc", "screen", "Bohumil Karimow", "Jane Doe"])
    assert told.exit_code == 1
    assert "ofac:7  KARIMOV, Bohumil" in told.output
    assert "bohumil: the same word" in told.output
    assert "Jane Doe: no candidates" in told.output
    assert CliRunner().invoke(cli, ["kyc", "screen", "Jane Doe"]).exit_code == 0


@pytest.mark.parametrize(("option", "value"), [("--birth-date", "soon"), ("--country", "Atlantis")])
def test_evidence_that_is_none_is_refused(tmp_path: Path, option: str, value: str) -> None:
    """A slip in it would clear somebody, or not."""
    aliases = tmp_path / "alt.csv"
    aliases.write_text('7,1,"aka","KARIMOV, Bohumil",-0-\n')
    lists("import", "ofac_names", aliases)
    told = CliRunner().invoke(cli, ["kyc", "screen", "Jane Doe", option, value])
    assert value in str(told.exception)


def test_without_a_list_of_names_nobody_is_cleared() -> None:
    """It says what to do."""
    told = CliRunner().invoke(cli, ["kyc", "screen", "Jane Doe"])
    assert "no list of names" in str(told.exception)


def test_the_doctor_names_a_stale_list(domains: Path, folder: Path) -> None:
    """And a broken one."""
    lists("import", "tor_networks", _networks(domains), "--dated", "2020-01-01")
    [stale] = check_lists(load_settings(), date(2026, 11, 22))
    assert (stale.verdict, stale.what) == (Verdict.WARN, "tor_networks of 2020-01-01: stale")
    [fresh] = check_lists(load_settings(), date(2020, 1, 2))
    assert (fresh.verdict, fresh.what) == (Verdict.OK, "tor_networks")
    (folder / "tor_networks.json").write_text("{")
    [broken] = check_lists(load_settings(), date(2020, 1, 2))
    assert broken.verdict is Verdict.FAIL


def test_an_unknown_kind_is_wrong_usage(domains: Path) -> None:
    """Exit code 2, with the kinds that there are."""
    told = lists("import", "nonesuch", domains)
    assert told.exit_code == 2


def _networks(beside: Path) -> Path:
    path = beside.with_name("exits.txt")
    path.write_text("192.0.2.7\n")
    return path
