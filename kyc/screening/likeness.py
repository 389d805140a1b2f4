"""How alike two names are: word by word, in any order, and as a whole."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from rapidfuzz.distance import OSA

from kyc.screening.spelling import Spelled, skeleton

# Words less alike than this are two words.
SAME_WORD: Final = 0.8
# `J. Doe` alone is too little for a candidate; with a middle name or a birth date it is not.
INITIAL: Final = 0.7
SAME_SOUND: Final = 0.94
SOUNDING: Final = 4
SAME_SKELETON: Final = 0.88
# What a word costs that only the longer name has, against one that both should have.
SURPLUS: Final = 1.2

_VOWELS = re.compile("[aeiou]")


@dataclass(frozen=True, slots=True)
class Pair:
    """A word of the name, the word of the list that it was taken for, and how alike they are."""

    given: str
    listed: str
    likeness: float

    def reason(self) -> str:
        """What was seen, in words."""
        if self.given == self.listed:
            return f"{self.given}: the same word"
        if len(self.given) == 1 or len(self.listed) == 1:
            return f"{self.given}: may stand for {self.listed}"
        return f"{self.given}: like {self.listed} ({self.likeness:.2f})"


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two names are, 0 to 1; which words were taken for which, which are left over."""

    score: float
    pairs: tuple[Pair, ...]
    surplus: tuple[str, ...]
    joined: bool

    def reasons(self) -> Iterator[str]:
        """What speaks for it, in words."""
        if self.joined:
            yield "alike when written as one word"
        yield from (pair.reason() for pair in self.pairs)
        if self.surplus:
            yield f"only one of the names has: {', '.join(self.surplus)}"


def compare(given: Spelled, listed: Spelled) -> Likeness:
    """Compare a name with a listed one; symmetric but for who is called given."""
    if not given.words or not listed.words:
        return Likeness(0.0, (), (), False)
    given, listed = _joined(given, listed), _joined(listed, given)
    pairs = _pairs(given, listed)
    by_words, surplus = _by_words(given, listed, pairs)
    by_letters = _by_letters(given, listed, pairs)
    told = tuple(
        Pair(given.words[i], listed.words[j], likeness)
        for likeness, i, j in pairs
        if likeness >= SAME_WORD or _initial(given.words[i], listed.words[j], likeness)
    )
    return Likeness(max(by_words, by_letters), told, surplus, by_letters > by_words)


def _joined(name: Spelled, other: Spelled) -> Spelled:
    """`abdul rahman` as `abdulrahman` where the other name has it so."""
    for place, (one, following) in enumerate(pairwise(name.words)):
        if one + following in other.words:
            at = other.words.index(one + following)
            taken = slice(place, place + 2)
            words, sounds, weights = list(name.words), list(name.sounds), list(name.weights)
            words[taken], sounds[taken] = [one + following], [other.sounds[at]]
            weights[taken] = [other.weights[at]]
            return Spelled(tuple(words), tuple(sounds), tuple(weights))
    return name


def word_likeness(given: str, listed: str, given_sound: str, listed_sound: str) -> float:
    """0 to 1: letters that differ or changed places, or the sound where it is nearer."""
    if given == listed:
        return 1.0
    if len(given) == 1 or len(listed) == 1:
        return INITIAL if given[0] == listed[0] else 0.0
    by_letters = float(OSA.normalized_similarity(given, listed))
    # In two or three letters a sound is nearly nothing: `Le`, `Li` and `Lee` are three names.
    if len(given) < SOUNDING or len(listed) < SOUNDING:
        return by_letters
    by_sound = SAME_SOUND * OSA.normalized_similarity(given_sound, listed_sound)
    if by_sound < SAME_SKELETON and not (_VOWELS.search(given) and _VOWELS.search(listed)):
        # One is of a script without vowels: the consonants are all there is to compare.
        by_sound = SAME_SKELETON * (skeleton(given_sound) == skeleton(listed_sound))
    return max(by_letters, by_sound)


_Match = tuple[float, int, int]


def _pairs(given: Spelled, listed: Spelled) -> list[_Match]:
    """Likeness and places of the words taken for one another: the likest first, each once."""
    alike = [
        (word_likeness(word, other, sound, other_sound), i, j)
        for i, (word, sound) in enumerate(zip(given.words, given.sounds, strict=True))
        for j, (other, other_sound) in enumerate(zip(listed.words, listed.sounds, strict=True))
    ]
    pairs, used_given, used_listed = [], set(), set()
    for match in sorted(alike, reverse=True):
        if match[1] not in used_given and match[2] not in used_listed:
            pairs.append(match)
            used_given.add(match[1])
            used_listed.add(match[2])
    return pairs


def _by_words(
    given: Spelled, listed: Spelled, pairs: list[_Match]
) -> tuple[float, tuple[str, ...]]:
    """The weight of the words that are alike in the weight of all; the words left over."""
    left = dict(enumerate(given.weights)), dict(enumerate(listed.weights))
    matched = weight = 0.0
    whole = 0
    for likeness, i, j in pairs:
        if likeness >= SAME_WORD or _initial(given.words[i], listed.words[j], likeness):
            both = max(given.weights[i], listed.weights[j])
            left[0][i] = left[1][j] = 0.0
            weight += both
            matched += both * likeness
            whole += min(given.weights[i], listed.weights[j]) >= 1.0
    over_given, over_listed = sum(left[0].values()), sum(left[1].values())
    # What both have left over are two different words; what one has, the other may leave out,
    # once two words are the same: one shared word is a first name.
    both = min(over_given, over_listed)
    surplus = (SURPLUS if whole > 1 else 2.0) * (over_given + over_listed - 2 * both)
    total = weight + both + surplus / 2
    words = [given.words[i] for i, w in left[0].items() if w > 0.5]
    words += [listed.words[j] for j, w in left[1].items() if w > 0.5]
    return (matched / total if total else 0.0), tuple(words)


def _initial(given: str, listed: str, likeness: float) -> bool:
    return likeness > 0 and (len(given) == 1 or len(listed) == 1)


def _by_letters(given: Spelled, listed: Spelled, pairs: list[_Match]) -> float:
    """All words in one, those that were taken for one another at the same place."""
    one = [given.words[i] for _, i, _ in pairs]
    other = [listed.words[j] for _, _, j in pairs]
    one += [word for i, word in enumerate(given.words) if i not in {p[1] for p in pairs}]
    other += [word for j, word in enumerate(listed.words) if j not in {p[2] for p in pairs}]
    return float(OSA.normalized_similarity("".join(one), "".join(other)))
