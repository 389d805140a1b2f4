"""The page about identity says what the code does."""

import re
from pathlib import Path

from kyc.signals import SIGNALS, Appeal

PAGE = (Path(__file__).parents[2] / "docs" / "kyc.md").read_text("utf-8")


def test_every_signal_has_its_row() -> None:
    """Name, direction and text, in the order of the model."""
    rows = re.findall(r"^\| `(\w+)` \| (raises|lowers|either) \| (.+) \|$", PAGE, re.MULTILINE)
    words = {1: "raises", -1: "lowers", 0: "either"}
    assert rows == [(s.name, words[int(s.direction)], s.text) for s in SIGNALS.values()]


def test_every_way_to_appeal_is_told() -> None:
    """Each sentence beside all of its signals."""
    for appeal in Appeal:
        names = ", ".join(f"`{s.name}`" for s in SIGNALS.values() if s.appeal is appeal)
        assert f"| {names} | {appeal.value} |" in PAGE
