"""Which listed names are worth comparing with given ones; a batch is looked up at once."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process

from kyc.screening.reach import Places, Reach, spans
from kyc.screening.spelling import SLIGHT, Spelled

# Of the rarity of a name's words, this part must be found in a listed name.
SHARE: Final = 0.55
# A word that reaches more than this part of all names tells too little to search by.
COMMON: Final = 0.02
# A word that no listed name has may be another name's, or a slip of the keys.
UNFOUND: Final = 0.5
# Below this likeness of the sounds, in per cent, names are never candidates.
LIKE: Final = 70


_Words = dict[tuple[str, str], int]
_JOINED: Final = ""


class Index:
    """The words of n listed names."""

    def __init__(self, names: Sequence[Spelled]) -> None:
        """Index the names, in their order."""
        words, at, held, joined = _table(names)
        order = np.argsort(held, kind="stable")
        self._names = at[order]
        self._counts = np.bincount(held, minlength=len(words)).astype(np.intp)
        self._first = np.cumsum(self._counts) - self._counts
        self._reach = Reach(list(words))
        self._sounds = [" ".join(name.sounds) for name in names]
        rarity = np.where(joined, 0.0, np.log1p(len(names) / self._counts[held]))
        self._totals = np.bincount(at, rarity, len(names))

    def near(self, given: Sequence[Spelled]) -> tuple[Places, Places]:
        """Pairs of a given name's place and a listed name's that are worth comparing: int[k]."""
        who, listed = self._sharing(given)
        sounds = [" ".join(name.sounds) for name in given]
        likeness = process.cpdist(
            [sounds[place] for place in who.tolist()],
            [self._sounds[place] for place in listed.tolist()],
            scorer=fuzz.token_set_ratio,
            score_cutoff=LIKE,
        )
        alike = likeness >= LIKE
        return who[alike], listed[alike]

    def _sharing(self, given: Sequence[Spelled]) -> tuple[Places, Places]:
        """Pairs of names that share enough of the rarity of their words."""
        words, at, held, joined = _table(given)
        word, near = self._reach.near(list(words))
        reached = np.bincount(word, self._counts[near], len(words))[held]
        rarity = np.log1p(len(self._sounds) / np.maximum(reached, 1.0))
        found = reached > 0
        # The rarest word of each name is searched by, whatever it is, and others unless common.
        rarest = np.zeros(len(given))
        np.maximum.at(rarest, at, np.where(found & ~joined, rarity, 0.0))
        searched = (reached <= COMMON * len(self._sounds)) | (rarity == rarest[at])
        part = np.where(joined | ~searched, 0.0, np.where(found, rarity, UNFOUND * rarity))
        totals = np.bincount(at, part, len(given))
        rows = np.flatnonzero(searched & found)
        # From rows to the listed words that each reaches, and on to the names that have them.
        first = np.searchsorted(word, held[rows], "left")
        counts = np.searchsorted(word, held[rows], "right") - first
        reaching, row = near[spans(first, counts)], np.repeat(rows, counts)
        listed = self._names[spans(self._first[reaching], self._counts[reaching])]
        row = np.repeat(row, self._counts[reaching])
        pair, inverse = np.unique(at[row] * len(self._sounds) + listed, return_inverse=True)
        shared = np.bincount(inverse, rarity[row])
        who, listed = np.divmod(pair, len(self._sounds))
        enough = shared >= SHARE * np.minimum(totals[who], self._totals[listed])
        return who[enough], listed[enough]


def _table(names: Sequence[Spelled]) -> tuple[_Words, Places, Places, npt.NDArray[np.bool_]]:
    """The words of names: which there are, and per use the name, the word, and is it joined."""
    words: _Words = {}
    at, held, joined = [], [], []
    for place, name in enumerate(names):
        for word in _searched(name):
            at.append(place)
            held.append(words.setdefault(word, len(words)))
            joined.append(word[0] == _JOINED)
    return words, np.array(at, np.intp), np.array(held, np.intp), np.array(joined, np.bool_)


def _searched(name: Spelled) -> Iterator[tuple[str, str]]:
    """Words with a weight of their own (all, if there is none), and neighbours written as one."""
    whole = [weight > SLIGHT for weight in name.weights]
    for word, sound, counts in zip(name.words, name.sounds, whole, strict=True):
        if counts or not any(whole):
            yield word, sound
    for one, other in pairwise(name.sounds):
        yield _JOINED, one + other
