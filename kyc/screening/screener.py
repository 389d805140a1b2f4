"""Screening of names against the roll: candidates for a person to review, with the reasons."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from kyc.lists.entries import Entry
from kyc.screening.evidence import BORN_ALIKE, SAME_COUNTRY, birth, place
from kyc.screening.index import Index
from kyc.screening.likeness import compare
from kyc.screening.spelling import Spelled, spell

THRESHOLD: Final = 0.86
MOST_CANDIDATES: Final = 10
# Bounds memory: a batch of common names reaches thousands of listed names each.
BATCH: Final = 500
# A name that the list itself calls of low quality must be nearly the same to count.
WEAK: Final = 0.9
MOST_EVIDENCE: Final = max(BORN_ALIKE.values()) + SAME_COUNTRY


class Subject(msgspec.Struct, frozen=True):
    """Who is screened: a name, and what else is known; dates and countries as in Entry."""

    name: str
    birth_date: str | None = None
    country: str | None = None


class Candidate(msgspec.Struct, frozen=True):
    """An entry that a subject may mean; `reasons` says in words what speaks for and against."""

    key: str
    name: str
    score: float
    reasons: tuple[str, ...]


class Screener:
    """All names of a roll, ready to be compared with."""

    def __init__(self, entries: Sequence[Entry], threshold: float = THRESHOLD) -> None:
        """Index every name of the entries; `threshold` is the score of a candidate, 0 to 1."""
        self._threshold = threshold
        listed = [(entry, name) for entry in entries for name in entry.names + entry.weak]
        spelled = [spell(name) for _, name in listed]
        kept = [place for place, name in enumerate(spelled) if name.words]
        self._listed = [listed[place] for place in kept]
        self._spelled = [spelled[place] for place in kept]
        self._index = Index(self._spelled)

    def screen(self, subjects: Sequence[Subject]) -> list[list[Candidate]]:
        """The candidates of each subject, best first, one an entry, at most ten."""
        best: list[dict[str, Candidate]] = [{} for _ in subjects]
        for start in range(0, len(subjects), BATCH):
            names = [spell(subject.name) for subject in subjects[start : start + BATCH]]
            for who, at in zip(*map(np.ndarray.tolist, self._index.near(names)), strict=True):
                found = self._candidate(subjects[start + who], names[who], at)
                if found:
                    _keep_better(best[start + who], found)
        return [_best(found) for found in best]

    def _candidate(self, subject: Subject, name: Spelled, at: int) -> Candidate | None:
        entry, listed = self._listed[at]
        alike = compare(name, self._spelled[at])
        weak = listed in entry.weak
        likeness = alike.score * (WEAK if weak else 1.0)
        if likeness + MOST_EVIDENCE < self._threshold:
            return None
        born, born_reason = birth(subject.birth_date, entry.birth_dates)
        lives, lives_reason = place(subject.country, entry.countries)
        score = min(1.0, likeness + born + lives)
        if score < self._threshold:
            return None
        told = ["a name that the list calls weak"] if weak else []
        reasons = (*alike.reasons(), *told, born_reason, lives_reason)
        return Candidate(entry.key, listed, round(score, 4), reasons)


def _keep_better(best: dict[str, Candidate], found: Candidate) -> None:
    held = best.get(found.key)
    if held is None or found.score > held.score:
        best[found.key] = found


def _best(found: dict[str, Candidate]) -> list[Candidate]:
    return sorted(found.values(), key=lambda c: (-c.score, c.key))[:MOST_CANDIDATES]
