"""How odd a name looks, as a count of odd things; names of every script must come through.

An odd name is a reason to look, never proof: people are called Ng, Null and X Æ A-12.
"""

import re
import unicodedata
from typing import Final

_PLACEHOLDERS: Final = {
    *("test", "tester", "testing", "user", "username", "admin", "root", "null", "none", "nil"),
    *("asdf", "qwerty", "foo", "bar", "baz", "demo", "sample", "example", "anonymous", "anon"),
    *("unknown", "noname", "name", "firstname", "lastname", "xxx", "abc", "abcd"),
}
_FORMS: Final = {
    *("inc", "llc", "ltd", "limited", "gmbh", "ag", "sa", "sas", "sarl", "bv", "nv", "oy", "ab"),
    *("as", "srl", "spa", "plc", "corp", "corporation", "company", "co", "pty", "kk", "ug", "ou"),
    *("ooo", "pte", "sdn", "bhd"),
}
_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop")
_RUN: Final = 4
_REPEATED: Final = re.compile(r"(.)\1{3}")
_VOWELS: Final = set("aeiouy")
_CONSONANTS: Final = re.compile(r"[bcdfghjklmnpqrstvwxz]{6}")  # one more than in Hirschfeld
_SWITCH: Final = re.compile(r"(?<=[a-z])[0-9]|(?<=[0-9])[a-z]")
_SWITCHES: Final = 3
_FOREIGN: Final = re.compile(r"https?:|www\.|[@#$%^*<>{}\[\]\\|=~]")


def oddities(name: str | None) -> int | None:
    """How many odd things a person's name has, 0 to 6; None where there is none."""
    words = _words(name)
    if not words:
        return None if name is None else 1
    odd = (
        any(word in _PLACEHOLDERS for word in words),
        any(sign.isdigit() for word in words for sign in word),
        bool(_FOREIGN.search(name or "")),
        any(_REPEATED.search(word) or _is_typed_along(word) for word in words),
        any(map(_lacks_vowels, words)),
        len(words) > 1 and len(set(words)) == 1,
    )
    return sum(odd)


def firm_oddities(name: str | None) -> int | None:
    """How many odd things a business's name has, 0 to 5; None where there is none. Digits are
    fine, a legal form alone is not."""
    words = _words(name)
    if not words:
        return None if name is None else 1
    telling = [word for word in words if word not in _FORMS]
    odd = (
        not telling or not any(sign.isalpha() for word in telling for sign in word),
        bool(telling) and all(word in _PLACEHOLDERS for word in telling),
        bool(_FOREIGN.search(name or "")),
        any(_REPEATED.search(word) or _is_typed_along(word) for word in telling),
        any(map(_lacks_vowels, telling)) and len(telling) == 1 and len(telling[0]) > 2 * _RUN,
    )
    return sum(odd)


def is_unspeakable(mailbox: str) -> bool:
    """Whether the name of a mailbox can hardly be spoken: letters and digits in turns, or no
    vowels. Names of other scripts than Latin are none of it."""
    name = mailbox.casefold()
    letters = "".join(filter(str.isalpha, name))
    return (
        len(_SWITCH.findall(name)) >= _SWITCHES
        or bool(_CONSONANTS.search(name))
        or _lacks_vowels(letters)
    )


def _words(name: str | None) -> list[str]:
    return re.findall(r"\w+", (name or "").casefold())


def _is_typed_along(word: str) -> bool:
    """Four keys in a row, in either direction; `were` and `poli` are shorter than that row."""
    runs = (word[i : i + _RUN] for i in range(len(word) - _RUN + 1))
    return any(run in row or run[::-1] in row for run in runs for row in _ROWS)


def _lacks_vowels(word: str) -> bool:
    """Five Latin letters or more, and no vowel in any of them."""
    plain = unicodedata.normalize("NFKD", word)
    latin = [c for c in plain if c.isascii() and c.isalpha()]
    return len(latin) == len(word) > _RUN and not set(latin) & _VOWELS
