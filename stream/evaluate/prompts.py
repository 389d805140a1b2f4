"""Fingerprints on real texts: which prompts of a filled template tie together, which by mistake."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.errors import ConfigurationError
from schemas.ndjson import read_lines
from stream.decode.fingerprints import fingerprint

SHARES = (0.05, 0.1, 0.25, 0.5, 0.75, 1.0)  # of the prompts, the attack's
TOTAL = 1_000
_TEMPLATES = 12  # that one attack uses
_VERBATIM = 0.2  # of the ordinary prompts, those that many people send word for word
FEWEST = 3  # prompts that tie together; two may be one person twice

# `{question}`, `{{ instruction }}`, `<PROMPT>`: what a published template leaves open.
_OPEN = re.compile(r"\{\{?[^{}%\n]{1,60}\}\}?|<[A-Z]{3,20}>")
_LOGIC = re.compile(r"\{%[^{}]{1,80}%\}")

UInt64 = NDArray[np.uint64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Texts:
    """What prompts are made of."""

    templates: list[str]
    tasks: list[str]  # what templates are filled with
    own: list[str]  # one person's words each
    verbatim: list[str]  # texts that unrelated people copy, the popular ones first


@dataclass(frozen=True, slots=True)
class Tie:
    """How well one fingerprint ties an attack's prompts together, at one share of it."""

    share: float
    fingerprint: str
    precision: float | None  # of the prompts that tie, the attack's; None where none ties
    recall: float  # of the attack's prompts, those that tie
    own: int  # prompts in people's own words that tie by mistake
    verbatim: int  # copied ones that tie: rightly, and yet no attack


def read_texts(folder: Path) -> Texts:
    """Texts of a folder of NDJSON files; docs/benchmarks.md says which.

    Raises ConfigurationError where a kind is missing, OSError.
    """
    ordinary = list(_records(folder, "user_*"))
    texts = Texts(
        templates=[record["text"] for record in _records(folder, "*templates*")],
        tasks=[r.get("q") or r["first_user"] for r in _records(folder, "bulk_*")],
        own=[_words(record) for record in ordinary if "act" not in record],
        verbatim=[_words(record) for record in ordinary if "act" in record],
    )
    if not all((texts.templates, texts.tasks, texts.own, texts.verbatim)):
        raise ConfigurationError(f"{folder}: no templates, tasks or ordinary prompts")
    return texts


def _records(folder: Path, pattern: str) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob(f"{pattern}.jsonl")):
        yield from map(msgspec.json.decode, read_lines(path))


def _words(record: dict[str, Any]) -> str:
    """The first message of a person."""
    if "turns" in record:
        return str(record["turns"][0])
    if "instruction" in record:
        return f"{record['instruction']}\n{record.get('input', '')}"
    return str(record["prompt"])


def filled(template: str, tasks: list[str], rng: np.random.Generator) -> str:
    """A template with a task in every open place, or behind it where none is left open."""
    plain = _LOGIC.sub("", template)
    made, places = _OPEN.subn(lambda _: _drawn(tasks, rng), plain)
    return made if places else f"{plain}\n\n{_drawn(tasks, rng)}"


def _drawn(texts: list[str], rng: np.random.Generator) -> str:
    return texts[int(rng.integers(len(texts)))]


def mixed(texts: Texts, share: float, rng: np.random.Generator) -> tuple[list[str], NDArray[Any]]:
    """TOTAL prompts at most, and who sent each: 0 the attack, 1 own words, 2 copied words.

    Nobody's own words come twice, so that a small folder gives fewer prompts.
    """
    ordinary = min(round(TOTAL * (1.0 - share)), int(len(texts.own) / (1.0 - _VERBATIM)))
    total = round(ordinary / (1.0 - share)) if share < 1.0 else TOTAL
    copied = round(ordinary * _VERBATIM)
    used = rng.choice(len(texts.templates), min(_TEMPLATES, len(texts.templates)), replace=False)
    attack = [
        filled(texts.templates[int(rng.choice(used))], texts.tasks, rng)
        for _ in range(total - ordinary)
    ]
    own = rng.choice(len(texts.own), ordinary - copied, replace=False).tolist()
    # The popularity of what is copied, as of most things: a power law.
    weight = 1.0 / np.arange(1, len(texts.verbatim) + 1)
    popular = rng.choice(len(texts.verbatim), copied, p=weight / weight.sum()).tolist()
    prompts = [*attack, *(texts.own[n] for n in own), *(texts.verbatim[n] for n in popular)]
    return prompts, np.repeat((0, 1, 2), (len(attack), len(own), copied))


def same(hashes: UInt64) -> Bools:
    """Which hashes are those of FEWEST prompts or more; 0 is too little text."""
    _, place, count = np.unique(hashes, return_inverse=True, return_counts=True)
    return np.asarray((count[place] >= FEWEST) & (hashes != 0))


def near(bits: int) -> Callable[[UInt64], Bools]:
    """Which SimHashes lie within so many bits of at least FEWEST − 1 others."""

    def tied(hashes: UInt64) -> Bools:
        known = hashes[hashes != 0]
        close = [(np.bitwise_count(known ^ h) <= bits).sum() for h in hashes]
        return np.asarray((np.array(close) >= FEWEST) & (hashes != 0))

    return tied


def judge_prompts(folder: Path, seed: int) -> list[Tie]:
    """Every fingerprint at every share. Errors: as read_texts."""
    texts = read_texts(folder)
    return [
        tie
        for share in SHARES
        for tie in _ties(
            share, *mixed(texts, share, np.random.default_rng((seed, int(100 * share))))
        )
    ]


def _ties(share: float, prompts: list[str], sender: NDArray[Any]) -> Iterator[Tie]:
    found = [fingerprint(prompt) for prompt in prompts]
    template = np.array([f.template for f in found], np.uint64)
    simhash = np.array([f.simhash for f in found], np.uint64)
    yield _tie(share, "template_hash", same(template), sender)
    for bits in (3, 8, 12):
        yield _tie(share, f"prompt_simhash ±{bits}", near(bits)(simhash), sender)
    either = same(template) | near(3)(simhash)
    yield _tie(share, "template_hash or ±3", either, sender)


def _tie(share: float, name: str, tied: Bools, sender: NDArray[Any]) -> Tie:
    attack, own, copied = (int((tied & (sender == who)).sum()) for who in range(3))
    return Tie(
        share=share,
        fingerprint=name,
        precision=attack / int(tied.sum()) if tied.any() else None,
        recall=attack / max(1, int((sender == 0).sum())),
        own=own,
        verbatim=copied,
    )
