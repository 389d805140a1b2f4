"""The command: what it says, what it writes, and how it ends."""

import gzip
import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from unittest.mock import Mock, patch

import pytest
import typer
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from schemas.documents import documents
from schemas.ndjson import read_lines
from scorers.model import Model
from stream import guard
from stream.cli import cli, main

COMMANDS = sorted(typer.main.get_command(cli).commands)  # type: ignore[attr-defined]


class Told(NamedTuple):
    """How a command ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def process(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run the command as a shell would."""
    words = [sys.executable, "-m", "stream", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def sluicegate(*arguments: str | Path, **environ: str) -> Told:
    """The same in this process, since another takes a second to begin. No setting comes from the
    machine that tests run on."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("SLUICEGATE_")}
    code, out, err = 0, io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, inherited | {"COLUMNS": "200"} | environ, clear=True),
        patch.object(sys, "argv", ["sluicegate", *map(str, arguments)]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Told(code, out.getvalue(), err.getvalue())


@pytest.mark.parametrize("names", [(), ("onnxruntime", "onnxruntime_gpu")], ids=str)
def test_a_worker_needs_exactly_one_runtime(
    names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """None cannot score, two overwrite one another; the extras are named, brackets and all."""
    installed = [SimpleNamespace(name=name) for name in names]
    monkeypatch.setattr(guard, "distributions", lambda: installed)
    monkeypatch.setattr(sys, "argv", ["sluicegate", "worker"])
    with pytest.raises(SystemExit, match="1"):
        main()
    told = " ".join(capsys.readouterr().err.split())
    assert f"{len(names)} ONNX runtimes are installed" in told
    assert "sluicegate[cpu] or sluicegate[gpu]" in told


def test_the_command_waits_for_no_library() -> None:
    """Nor fails for one that is not installed: a runtime is looked for when it is needed."""
    libraries = {"aiokafka", "faust", "onnxruntime", "sqlglot", "xgboost"}
    program = f"import stream.cli, sys; print(sorted({libraries} & sys.modules.keys()))"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout == "[]\n"


def test_what_is_not_installed_is_named_with_its_extra(tmp_path: Path) -> None:
    """Who only serves has no XGBoost."""
    program = "import sys; sys.modules['xgboost'] = None; from stream.cli import main; main()"
    words = [sys.executable, "-c", program, "train", "--out", str(tmp_path / "model")]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert told.stderr == "sluicegate: xgboost is not installed: install sluicegate[train]\n"


def test_the_commands_are_those_that_are_documented() -> None:
    """None is lost, none is hidden."""
    told = sluicegate("--help")
    assert told.returncode == 0
    assert {"demo", "doctor", "replay", "schema", "simulate"} < set(COMMANDS)
    assert all(f" {name} " in told.stdout for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    """A sentence, and exit code 0."""
    told = CliRunner().invoke(cli, [command, "--help"])
    assert told.exit_code == 0
    assert f"Usage: root {command}" in told.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("demo", "--no-such-option"),
        ("replay",),
        ("simulate", "--out", "x", "--days", "0"),
        ("simulate", "--out", "x", "--accounts", "many"),
        ("traffic", "--rate", "0"),
        ("train", "--out", "x", "--populations", "1"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...]) -> None:
    """And says what is wrong."""
    told = CliRunner().invoke(cli, arguments)
    assert told.exit_code == 2
    assert "Error" in told.output


def test_no_command_shows_the_help() -> None:
    """Whoever tries the command for the first time sees what there is."""
    told = process()
    assert told.returncode == 2
    assert "replay" in told.stdout + told.stderr


@pytest.mark.parametrize("command", ["demo", "traffic", "simulate"])
def test_an_unknown_scenario_is_named(command: str, tmp_path: Path) -> None:
    """With those that there are; exit code 1."""
    more = ("--out", tmp_path) if command == "simulate" else ()
    told = sluicegate(command, "--scenario", "nonesuch", *more)
    assert told.returncode == 1
    assert "no scenario nonesuch: there are small, demo" in told.stderr


def test_an_unknown_setting_is_named() -> None:
    """A variable with our prefix that is none of ours is a mistake."""
    told = sluicegate("doctor", SLUICEGATE_STORE_ULR="redis://127.0.0.1/0")
    assert told.returncode == 1
    assert "SLUICEGATE_STORE_ULR" in told.stderr


def test_a_worker_without_pepper_does_not_start() -> None:
    """It says how to make one."""
    told = sluicegate("worker")
    assert told.returncode == 1
    assert "SLUICEGATE_PEPPER: needed" in told.stderr


def test_a_doctor_who_finds_nothing_running_says_what_to_do() -> None:
    """Exit code 1: it can stand in a start-up script."""
    told = sluicegate(
        "doctor",
        SLUICEGATE_KAFKA_BOOTSTRAP="127.0.0.1:1",
        SLUICEGATE_STORE_URL="redis://127.0.0.1:1/0",
        SLUICEGATE_PEPPER="a pepper for this test",
    )
    assert told.returncode == 1
    assert "broker" in told.stdout
    assert "start it, or correct" in told.stdout


def test_topics_without_a_broker_end_with_1() -> None:
    """The setting is named."""
    told = sluicegate("topics", SLUICEGATE_KAFKA_BOOTSTRAP="127.0.0.1:1")
    assert told.returncode == 1
    assert "SLUICEGATE_KAFKA_BOOTSTRAP: 127.0.0.1:1" in told.stderr


def test_schemas_are_written_one_a_message(tmp_path: Path) -> None:
    """Each is a JSON Schema."""
    told = sluicegate("schema", "--out", tmp_path / "schemas")
    assert told.returncode == 0
    found = {path.stem: json.loads(path.read_text()) for path in tmp_path.glob("schemas/*.json")}
    assert found == documents()
    for document in found.values():
        Draft202012Validator.check_schema(document)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of simulated traffic."""
    folder = tmp_path_factory.mktemp("cli") / "recorded"
    told = sluicegate(
        *("simulate", "--out", folder, "--seed", "4", "--days", "0.5", "--accounts", "150")
    )
    assert told.returncode == 0, told.stderr
    assert " of 150 accounts in " in told.stderr
    return folder


def test_what_is_simulated_can_be_replayed(recorded: Path, tmp_path: Path) -> None:
    """By the fixed command line; campaigns are an empty file until they are looked for."""
    told = sluicegate(
        *("replay", "--accounts", recorded / "accounts.ndjson.gz"),
        *("--requests", recorded / "requests.ndjson.gz"),
        *("--decisions", tmp_path / "decisions.ndjson"),
        *("--campaigns", tmp_path / "campaigns.ndjson", "--all"),
    )
    assert told.returncode == 0, told.stderr
    requests = sum(1 for _ in read_lines(recorded / "requests.ndjson.gz"))
    decisions = map(json.loads, read_lines(tmp_path / "decisions.ndjson"))
    assert sum(decision["cause"] == "request" for decision in decisions) == requests
    assert f"{requests:,} requests" in told.stderr
    assert (tmp_path / "campaigns.ndjson").read_bytes() == b""
    assert (tmp_path / "decisions.ndjson.dead-letters").read_bytes() == b""


def test_a_trained_model_can_be_served(tmp_path: Path) -> None:
    """From simulated populations to a folder that the worker's setting takes."""
    small = ("--populations", "4", "--accounts", "100", "--days", "1")
    told = process("train", "--out", tmp_path / "model", *small)
    assert told.returncode == 0, told.stderr
    assert Model.load(tmp_path / "model").version in told.stderr


def test_a_model_is_never_written_over_another(tmp_path: Path) -> None:
    """The folder must not exist."""
    told = sluicegate("train", "--out", tmp_path)
    assert told.returncode == 1
    assert f"{tmp_path} exists" in told.stderr.replace("\n", "")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    """One line with the file, exit code 1."""
    told = sluicegate("replay", "--requests", tmp_path / "none", "--decisions", tmp_path / "d")
    assert told.returncode == 1
    assert str(tmp_path / "none") in told.stderr.replace("\n", "")


def test_an_error_without_a_file_tells_what_it_was(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A connection has no file's name."""
    monkeypatch.setattr(
        "stream.cli.refuse_foreign_packages", Mock(side_effect=OSError(104, "Connection reset"))
    )
    with pytest.raises(SystemExit, match="1"):
        main()
    assert capsys.readouterr().err == "sluicegate: [Errno 104] Connection reset\n"


def test_a_file_that_is_cut_off_is_named(tmp_path: Path) -> None:
    """What gzip calls an end of file is no Ctrl-D."""
    cut = tmp_path / "requests.ndjson.gz"
    cut.write_bytes(gzip.compress(b"{}\n" * 1_000)[:-20])
    told = sluicegate("replay", "--requests", cut, "--decisions", tmp_path / "d")
    assert told.returncode == 1
    assert str(cut) in told.stderr.replace("\n", "")
