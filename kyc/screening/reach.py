"""Which listed words a word may stand for: near spellings, found by hash instead of comparison.

Two words within one edit of each other (a letter more, less, other, or two that changed places)
share a form with one letter left out; so do their sounds, and long sounds with two left out.
https://wolfgarbe.medium.com/1000x-faster-spelling-correction-algorithm-2012-8701fcd87a5f
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from kyc.screening.spelling import skeleton

Places = npt.NDArray[np.intp]
# One edit in two letters, two in less than seven make another word.
ONE_EDIT: Final = 3
TWO_EDITS: Final = 7
# A twelve-letter sound has 66 forms with two letters left out.
LONGEST: Final = 12


class Reach:
    """Listed words by their shortened forms."""

    def __init__(self, words: Sequence[tuple[str, str]]) -> None:
        """Index words, each with its sound."""
        keys, owners = _hashed(words)
        order = np.argsort(keys, kind="stable")
        self._owners = owners[order]
        self._keys, self._first, self._counts = np.unique(
            keys[order], return_index=True, return_counts=True
        )

    def near(self, words: Sequence[tuple[str, str]]) -> tuple[Places, Places]:
        """Pairs of a given word's place and a listed word's, both int[k], sorted."""
        keys, owners = _hashed(words)
        if not len(self._keys):
            return owners[:0], owners[:0]
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        known = self._keys[at] == keys
        at, owners = at[known], owners[known]
        listed = self._owners[spans(self._first[at], self._counts[at])]
        # As one number a pair: sorting those is six times faster than sorting rows.
        width = len(self._owners)
        pairs = np.unique(np.repeat(owners, self._counts[at]) * width + listed)
        return np.divmod(pairs, width)


def spans(first: Places, counts: Places) -> Places:
    """`[5, 9]` and `[2, 3]` give `[5, 6, 9, 10, 11]`."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    found: Places = np.arange(total) + np.repeat(first - (ends - counts), counts)
    return found


def keys(word: str, sound: str) -> set[str]:
    """The forms under which a word is found; words that were joined have a sound only."""
    if not word:
        return {sound}
    found = {word, sound, *_shortened(word, 1)}
    if len(sound) > ONE_EDIT:
        found.update(_shortened(sound, 1))
    if TWO_EDITS <= len(sound) <= LONGEST:
        found.update(_shortened(sound, 2))
    bones = skeleton(sound)
    if len(bones) > 2:
        found.add(f"={bones}")
    return found


def _shortened(word: str, letters: int) -> Iterator[str]:
    if len(word) >= ONE_EDIT:
        for kept in combinations(word, len(word) - letters):
            yield "".join(kept)


def _hashed(words: Iterable[tuple[str, str]]) -> tuple[npt.NDArray[np.int64], Places]:
    # Python's own hash is enough: the index never leaves this process.
    forms = [keys(word, sound) for word, sound in words]
    owners = np.repeat(np.arange(len(forms)), [len(found) for found in forms])
    hashes = np.fromiter((hash(key) for found in forms for key in found), np.int64, len(owners))
    return hashes, owners
