"""The policy file: what is wrong in it is named, with its place."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.decisions import Action
from schemas.errors import PolicyError
from stream.decide.policy import load_policy
from tests.unit.gates import DAY, HOUR, MINUTE, POLICY

TIERS: dict[int, dict[str, float]] = POLICY["thresholds"]


def written(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text, "utf-8")
    return path


def refused(folder: Path, **changed: Any) -> str:
    """The complaint about a policy with those parts changed; None takes one out."""
    policy = {name: value for name, value in (POLICY | changed).items() if value is not None}
    path = written(folder, yaml.safe_dump(policy))
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_the_shipped_policy_loads() -> None:
    """It has a version, which goes into every decision."""
    assert load_policy().version


@pytest.mark.parametrize(
    ("text", "milliseconds"), [("5m", 5 * MINUTE), ("12h", 12 * HOUR), ("30d", 30 * DAY)]
)
def test_lifetimes_carry_their_unit(tmp_path: Path, text: str, milliseconds: int) -> None:
    """Minutes, hours and days."""
    lifetimes = POLICY["lifetimes"] | {"block": text}
    path = written(tmp_path, yaml.safe_dump(POLICY | {"lifetimes": lifetimes}))
    assert load_policy(path).lifetimes[Action.BLOCK] == milliseconds


@pytest.mark.parametrize("name", sorted(POLICY))
def test_every_part_is_needed(tmp_path: Path, name: str) -> None:
    """What is missing is named."""
    assert f"  {name}: " in refused(tmp_path, **{name: None})


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"threshold": {}}, "  threshold: Extra inputs"),
        ({"version": ""}, "  version: "),
        ({"thresholds": TIERS | {4: {}}}, "  thresholds.4"),
        ({"thresholds": {t: TIERS[t] for t in (0, 1, 3)}}, "  thresholds: .*none for tier 2"),
        ({"thresholds": TIERS | {1: {"warn": 0.5}}}, "  thresholds.1.warn"),
        ({"thresholds": TIERS | {1: {"allow": 0.5}}}, "  thresholds.1.allow"),
        ({"thresholds": TIERS | {2: {"block": 1.1}}}, "  thresholds.2.block: "),
        ({"thresholds": TIERS | {2: {"block": 0}}}, "  thresholds.2.block: "),
        ({"thresholds": TIERS | {2: {"block": float("nan")}}}, "  thresholds.2.block: "),
        (
            {"thresholds": TIERS | {0: {"restrict": 0.9, "block": 0.8}}},
            "  thresholds: .*tier 0: a stricter action has a lower threshold",
        ),
        ({"campaigns": POLICY["campaigns"] | {"fewest": 1}}, "  campaigns.fewest: "),
        ({"budget": {"friction": 0.005}}, "  budget.block: "),
        ({"hysteresis": 0}, "  hysteresis: "),
        ({"hysteresis": 1.01}, "  hysteresis: "),
        ({"lifetimes": POLICY["lifetimes"] | {"block": 7}}, '  lifetimes.block: .*such as "30m"'),
        ({"lifetimes": POLICY["lifetimes"] | {"block": "0d"}}, "  lifetimes.block: "),
        ({"lifetimes": POLICY["lifetimes"] | {"block": "1w"}}, "  lifetimes.block: "),
        ({"lifetimes": {"block": "7d"}}, "  lifetimes: .*no lifetime for allow, restrict"),
        ({"block_evidence": {"kinds": 0, "weight": 0.25}}, "  block_evidence.kinds: "),
        ({"block_evidence": {"kinds": 2, "weight": -1}}, "  block_evidence.weight: "),
        ({"restrictions": ["no_fun"]}, "  restrictions.0: "),
        ({"restrictions": []}, "  restrictions: "),
        ({"limits": {"requests_per_minute": 6}}, "  limits.tokens_per_minute: "),
        ({"requirements": ["verify_shoe_size"]}, "  requirements.0: "),
        ({"requirements": []}, "  requirements: "),
    ],
    ids=str,
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, changed: dict[str, Any], complaint: str
) -> None:
    """An unknown name, a value out of range, an order that makes no sense."""
    assert re.search(complaint, refused(tmp_path, **changed))


def test_every_wrong_place_is_told_at_once(tmp_path: Path) -> None:
    """Nobody has to mend a file one error at a time."""
    told = refused(tmp_path, hysteresis=2, version=None)
    assert "  hysteresis: " in told
    assert "  version: " in told


@pytest.mark.parametrize("text", ["", "a list? [", "- 1", "thresholds: {0: [}", "\x00"])
def test_a_file_that_is_no_policy_is_named(tmp_path: Path, text: str) -> None:
    """Empty, not a mapping, not even YAML."""
    path = written(tmp_path, text)
    with pytest.raises(PolicyError, match=str(path)):
        load_policy(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("version: a\nends: 2027-02-30", "line 2, column 7"),
        (f"version: a\nends: {'9' * 5_000}", "line 2, column 7"),
        ("? [a]\n: 1", "unhashable key"),
        ("[" * 3_000, "nested too deeply"),
        ("", "the file: "),
    ],
    ids=["day", "number", "name", "depth", "empty"],
)
def test_what_no_file_may_hold_is_an_error_with_its_place(
    tmp_path: Path, text: str, complaint: str
) -> None:
    """A day that no month has, a number or a depth that Python refuses."""
    with pytest.raises(PolicyError, match=complaint):
        load_policy(written(tmp_path, text))


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    """Bytes that are no text."""
    path = tmp_path / "policy.yaml"
    path.write_bytes(b"version: \xff")
    with pytest.raises(PolicyError, match=str(path)):
        load_policy(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The path is in the message."""
    with pytest.raises(PolicyError, match=r"none\.yaml"):
        load_policy(tmp_path / "none.yaml")
