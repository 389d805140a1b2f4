"""The edge's commands: tokens are made and listed, and without any the edge does not start."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.server import run
from edge.tokens import Keyring
from schemas.errors import ConfigurationError
from stream.cli import cli
from stream.settings import load_settings


def sluicegate(*arguments: str | Path) -> str:
    """What the command prints; it must succeed."""
    told = CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    return told.stdout


def test_a_token_is_printed_once(tmp_path: Path) -> None:
    """It opens what its scope opens, and cannot be listed."""
    file = tmp_path / "tokens"
    token = sluicegate("token", "create", "gateway-1", "--file", file).strip()
    grant = Keyring(file).grant(f"Bearer {token}".encode())
    assert grant is not None
    sluicegate("token", "create", "dashboard", "--file", file, "--scope", "read")
    assert sluicegate("token", "list", "--file", file) == "gateway-1 check\ndashboard read\n"


def test_an_unknown_scope_is_wrong_usage(tmp_path: Path) -> None:
    """Exit code 2, and no file."""
    arguments = ["token", "create", "x", "--file", str(tmp_path / "tokens"), "--scope", "root"]
    assert CliRunner().invoke(cli, arguments).exit_code == 2
    assert not (tmp_path / "tokens").exists()


def test_without_tokens_the_edge_refuses_to_start() -> None:
    """There is no edge that is open to everybody, not even on loopback."""
    with pytest.raises(ConfigurationError, match="SLUICEGATE_EDGE_TOKENS: needed"):
        run(load_settings())
