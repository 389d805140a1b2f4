"""A text as a fingerprint sees it: its words, and nothing of its layout."""

import re
import unicodedata

# Lower case; digits, signs and spaces of ASCII become a space; other bytes of UTF-8 stay.
_LETTERS = bytes(
    code if code >= 128 else ord(chr(code).lower()) if chr(code).isalpha() else 32
    for code in range(256)
)
# What is neither a letter nor ASCII, in UTF-8.
_SIGN = re.compile(
    rb"\xc2[\x80-\xbf]|\xc3[\x97\xb7]"  # Latin-1: no-break space, inverted marks, × and ÷
    rb"|\xd8[\x8c\x9b\x9f]|\xd9[\xa0-\xad]|\xdb[\xb0-\xb9]|\xe0\xa5[\xa4-\xaf]"  # Arabic, Hindi
    rb"|\xe2[\x80-\xaf][\x80-\xbf]"  # punctuation, symbols, dingbats
    rb"|\xe3\x80[\x80-\xbf]"  # punctuation of East Asia
    rb"|\xf0\x9f[\x80-\xbf]{2}"  # emoji
)
# From U+3040 to U+D7AF (kana, han, hangul) there are no spaces: each sign is a word.
_IDEOGRAPH = re.compile(rb"[\xe3-\xed]")
_WORD = re.compile(rb"[\xe3-\xed][\x80-\xbf]{2}|[^\xe3-\xed ]+")
# Canonical ordering sorts a run of combining marks in quadratic time: 3 s for 64 KiB of them.
_CHUNK = 64


def words(text: str) -> bytes:
    """Return the words in UTF-8, case-folded (NFKC), a space before, between and after them.

    Linear in the text; no more than four bytes for each of twice its characters.
    """
    if text.isascii():
        return b" %b " % b" ".join(text.encode().translate(_LETTERS).split())
    letters = _SIGN.sub(b" ", _fold(text).encode().translate(_LETTERS))
    apart = letters.isascii() or not _IDEOGRAPH.search(letters)
    spaced = letters.split() if apart else _WORD.findall(letters)
    return b" %b " % b" ".join(spaced)


def _fold(text: str) -> str:
    chunks = (text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK))
    folded = "".join([unicodedata.normalize("NFKC", chunk) for chunk in chunks]).casefold()
    return folded[: 2 * len(text)]  # one sign may stand for 18 letters
