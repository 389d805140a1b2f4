"""What commands print: texts that people and gateways wrote stand as they wrote them."""

import pytest

from stream.commands.paper import moment, stdout, tabulate

# To rich a style, a closing tag of nothing, and a picture of a key.
TEXT = "[urgent] team:key:7 [/closed]"


def test_a_text_stands_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing in it is taken for a style, nor for an emoji."""
    stdout.print(TEXT)
    assert capsys.readouterr().out == f"{TEXT}\n"


def test_a_cell_stands_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Whole, however long it is; a number has its thousands apart."""
    tabulate(("reason", "accounts [all]"), [(TEXT + "x" * 200, 25_000)])
    told = capsys.readouterr().out
    assert "accounts [all]" in told
    assert f" {TEXT}{'x' * 200} " in told
    assert " 25,000 " in told


def test_a_time_has_its_zone() -> None:
    """To the second."""
    assert moment(1_780_272_000_999) == "2026-06-01 00:00:00 UTC"
