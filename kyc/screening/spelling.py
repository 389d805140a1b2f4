"""How a name is written once what does not tell people apart is gone.

Every script becomes Latin letters, case and marks go, and each word gets a sound: letters that
transliterations of one name exchange (Hussein, Husayn, Hussain) are one. Words that many names
have (al, bin, de, Ltd) weigh little.
"""

import re
import unicodedata
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from anyascii import anyascii

FORMS: Final = frozenset((files("kyc.screening") / "company_forms.txt").read_text("utf-8").split())
PARTICLES: Final = frozenset((files("kyc.screening") / "particles.txt").read_text("utf-8").split())
# Of a word's weight of 1: forms and particles.
LIGHT: Final = 0.1
# Up to this a word, such as an initial, is not what a name is known by.
SLIGHT: Final = 0.25
FULL_LENGTH: Final = 4
# More words are an address or a prank; the UN's longest name has 19.
MAX_WORDS: Final = 24

_DROPPED = re.compile(r"[’'`ʻʼʿʾ´\"]")
_WORDS = re.compile(r"[a-z0-9]+")
# Arabic writes its article in one with the word.
_ARTICLE = re.compile(r"\bال")
# anyascii writes each ideograph and syllable with a capital: XiJinPing.
_SYLLABLES = re.compile(r"(?<=[a-z])(?=[A-Z])")

_SOUNDS: Final = {
    written: heard
    for heard, spellings in {
        "a": "aa",
        "av": "au aw",
        "c": "tsch tch ch cz",
        "d": "dh",
        "f": "ph",
        "g": "gh",
        "h": "kh",
        "i": "ai ay ei ey ae ie ee iy ii ij yi ye y e",
        "j": "dzh dsch dj zh",
        "k": "ck q c",
        "ks": "x",
        "t": "th",
        "u": "oe ou oo o ue",
        "v": "w",
        "x": "shch sch sh sz",
        "z": "ts tz",
    }.items()
    for written in spellings.split()
}
_SOUND = re.compile("|".join(sorted(_SOUNDS, key=len, reverse=True)))
_DOUBLED = re.compile(r"(.)\1+")
_VOWELS = str.maketrans("", "", "aeiou")


@dataclass(frozen=True, slots=True)
class Spelled:
    """A name's words, their sounds and their weights, side by side."""

    words: tuple[str, ...]
    sounds: tuple[str, ...]
    weights: tuple[float, ...]


def spell(name: str) -> Spelled:
    """A name as it is compared. Empty when it has neither letters nor digits."""
    words = tuple(_words(name))
    weights = tuple(map(_weight, words))
    if sum(weight > SLIGHT for weight in weights) < 2:
        # `Korea Trading Bank` is not any name with Korea in it.
        weights = tuple(map(_by_length, words))
    return Spelled(words, tuple(map(sound, words)), weights)


def sound(word: str) -> str:
    """What transliterations of a word have in common: `hussein` and `husayn` are `husin`."""
    return _DOUBLED.sub(r"\1", _SOUND.sub(_heard, word))


def skeleton(sound: str) -> str:
    """A sound without vowels, as scripts write that have none: `muhamid` and `mhmd` are `mhmd`."""
    return sound[:1] + sound[1:].translate(_VOWELS)


def _heard(found: "re.Match[str]") -> str:
    return _SOUNDS[found[0]]


def _words(name: str) -> list[str]:
    if not name.isascii():
        name = _ARTICLE.sub("al ", unicodedata.normalize("NFKC", _DROPPED.sub("", name)))
        name = anyascii(name)
        name = _SYLLABLES.sub(" ", name)
    return _WORDS.findall(_DROPPED.sub("", name).lower())[:MAX_WORDS]


def _weight(word: str) -> float:
    return LIGHT if word in FORMS or word in PARTICLES else _by_length(word)


def _by_length(word: str) -> float:
    """`Li` and `Kim` say less about who somebody is than `Zhang` does."""
    return min(1.0, len(word) / FULL_LENGTH)
