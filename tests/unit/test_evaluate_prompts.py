"""Fingerprints on texts: what is filled in, what ties, and the folder that it comes from."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.errors import ConfigurationError
from stream.evaluate.prompts import (
    SHARES,
    TOTAL,
    Texts,
    filled,
    judge_prompts,
    mixed,
    near,
    read_texts,
    same,
)

TEXTS = Texts(
    templates=[f"Grade this {n} answer step by step: {{answer}}" for n in range(3)],
    tasks=[f"task {n}" for n in range(50)],
    own=[f"own words of person {n}" for n in range(400)],
    verbatim=[f"a text that many copy {n}" for n in range(30)],
)


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def hashes(*values: int) -> Any:
    return np.array(values, np.uint64)


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("Solve {question}!", "Solve T!"),
        ("Solve {{ question | trim }}!", "Solve T!"),
        ("#Given Prompt#: <PROMPT> #Rewritten#", "#Given Prompt#: T #Rewritten#"),
        ("{% if x %}Rate {a} and {b}{% endif %}", "Rate T and T"),
        ("Solve this.", "Solve this.\n\nT"),
    ],
)
def test_every_open_place_is_filled(template: str, made: str) -> None:
    """And a template that leaves none open gets its task behind it."""
    assert filled(template, ["T"], rng()) == made


@pytest.mark.parametrize("share", SHARES)
def test_the_mix_has_the_share_that_it_is_asked_for(share: float) -> None:
    """As many prompts as people's own words allow."""
    prompts, sender = mixed(TEXTS, share, rng())
    assert len(prompts) == len(sender) <= TOTAL
    assert (sender == 0).mean() == pytest.approx(share, abs=0.01)


def test_nobodys_own_words_come_twice() -> None:
    """What ties among them ties by mistake."""
    prompts, sender = mixed(TEXTS, 0.05, rng())
    own = [p for p, who in zip(prompts, sender.tolist(), strict=True) if who == 1]
    assert len(own) == len(set(own)) > 0


def test_three_of_one_hash_tie() -> None:
    """Two may be one person twice, and 0 is no hash."""
    assert same(hashes(1, 1, 1, 2, 2, 0, 0, 0)).tolist() == [True] * 3 + [False] * 5


def test_near_hashes_tie() -> None:
    """Within so many bits of two others."""
    assert near(1)(hashes(0b1000, 0b1001, 0b1010, 0b11110000, 0)).tolist() == [
        True,
        False,
        False,
        False,
        False,
    ]


def test_a_template_ties_and_own_words_do_not(tmp_path: Path) -> None:
    """Every fingerprint at every share, from files."""
    files: dict[str, list[dict[str, Any]]] = {
        "some_templates": [{"text": text} for text in TEXTS.templates],
        "bulk_tasks": [{"q": t} for t in TEXTS.tasks] + [{"first_user": "hello"}],
        "user_a": [{"prompt": text} for text in TEXTS.own],
        "user_b": [{"act": "x", "prompt": text} for text in TEXTS.verbatim],
        "user_c": [{"instruction": "do", "input": "this"}, {"turns": ["one", "two"]}],
    }
    for name, records in files.items():
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, records)))
    assert read_texts(tmp_path).own[-2:] == ["do\nthis", "one"]
    ties = [t for t in judge_prompts(tmp_path, 1) if t.fingerprint == "template_hash"]
    assert [tie.share for tie in ties] == list(SHARES)
    assert all(tie.recall > 0.9 for tie in ties)


def test_a_folder_without_texts_is_told(tmp_path: Path) -> None:
    """Rather than figures of nothing."""
    with pytest.raises(ConfigurationError, match="no templates, tasks or ordinary prompts"):
        read_texts(tmp_path)
