"""A file of rules: what it may say, and how an error names the rule."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.errors import PolicyError
from stream.rules.rulebook import load_rulebook
from tests.unit.rulebooks import reason, rule, rulebook


def written(folder: Path, **rules: dict[str, Any]) -> Path:
    """A file of rules."""
    path = folder / "rules.yaml"
    path.write_text(yaml.safe_dump({"rules": rules}, sort_keys=False))
    return path


def test_a_file_keeps_its_order(tmp_path: Path) -> None:
    """Rules are those of the file, as it lists them."""
    found = load_rulebook(written(tmp_path, second=rule(), first=rule(score=0.9)))
    assert list(found.rules) == ["second", "first"]


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (rule("templates_distinkt_7d > 1"), "did you mean `templates_distinct_7d`"),
        (rule("requests_count_1h + 1"), "is not a condition"),
        (rule(action="allow"), "restrict"),
        (rule(action="block", score=0.9), "needs an action or a score, and not both"),
        (rule(score=1.5), "less than or equal to 1"),
        (rule(tiers=[4]), "tiers"),
        (rule(tiers=[]), "tiers"),
        (rule(reason={"code": "request_volume", "text": "t"}), "reason.code"),
        (rule(expires="soon"), "expires"),
        (rule(author=""), "author"),
        (rule(comment="x"), "comment"),
    ],
)
def test_an_error_names_the_rule(tmp_path: Path, wrong: dict[str, Any], complaint: str) -> None:
    """File, rule, place and what is wrong there."""
    path = written(tmp_path, fine=rule(), odd_one=wrong)
    with pytest.raises(PolicyError, match=rf"(?s)rules\.yaml:\n  rules\.odd_one.*{complaint}"):
        load_rulebook(path)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Nobody corrects a file one error at a time."""
    path = written(tmp_path, one=rule("x > 1"), two=rule(score=2))
    with pytest.raises(PolicyError, match=r"(?s)rules\.one\.where.*rules\.two\.score"):
        load_rulebook(path)


def test_a_name_that_stands_twice_is_an_error(tmp_path: Path) -> None:
    """PyYAML would take the last one and forget the other."""
    path = tmp_path / "rules.yaml"
    path.write_text("rules:\n  one: {}\n  one: {}\n")
    with pytest.raises(PolicyError, match="one stands twice"):
        load_rulebook(path)


def test_a_rule_ends_as_its_day_begins() -> None:
    """`expires` is the first day on which it holds no more, in UTC."""
    [one] = rulebook(one=rule(expires="2026-12-01")).rules.values()
    assert one.ends == datetime(2026, 12, 1, tzinfo=UTC).timestamp() * 1_000


def test_the_version_changes_with_what_decides() -> None:
    """Another condition is another version, the same file the same."""
    one, same, other = (rulebook(r=rule(f"requests_count_1h > {n}")) for n in (1, 1, 2))
    assert one.version == same.version != other.version


def test_a_shadow_changes_no_version() -> None:
    """What decides nothing must not change the ids of decisions."""
    alone = rulebook(r=rule())
    beside = rulebook(r=rule(), s=rule("requests_count_1h > 5", shadow=True, reason=reason("s")))
    assert beside.version == alone.version
    assert rulebook(s=rule(shadow=True)).version == ""
