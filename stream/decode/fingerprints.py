"""Prompts to fingerprints: the text goes in, numbers come out, the text is dropped.

All of them see words only: NFKC, case-folded, without digits and signs. Each takes time linear in
the text. Change anything here, and `HASH_VERSION` changes with it.
"""

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from xxhash import xxh3_64_intdigest

from stream.decode.elicitation import elicitation
from stream.decode.words import words

HASH_VERSION = 1

# Instructions stand at either end; what lies between in a longer prompt is material.
_VIEW = 16_384
_TEMPLATE_VIEW = 4096
_TEMPLATE_MIN_WORDS = 5
_TEMPLATE_MAX_WORDS = 24
# Enough to hold 24 words of any language, and some literals between them.
_TEMPLATE_TOKENS = 64
_TEMPLATE_PROSE = 512
_LONG_LITERAL = 32  # keys, tokens, base64: the longest English words have under 30 letters
_SHINGLE = 2
_ORDER = np.uint64(0xD6E8FEB86659FD93)  # odd: tells "a b" from "b a"

# Each alternative starts with a sign of its own and stops at the next one: linear on any input.
_FILLING = re.compile(
    r"```.*?(?:```|\Z)"  # fenced code
    r"|`[^`\n]*`"
    r"|\"[^\"\n]*\"|“[^“”\n]*”|«[^«»\n]*»|「[^「」\n]*」"
    r"|'(?<!\w')[^'\n]*'(?!\w)",  # but no apostrophes
    re.DOTALL,
)
_BREAK = re.compile(r"[\n：]|:(?=\s|\Z)")

UInt64 = npt.NDArray[np.uint64]


class Fingerprints(NamedTuple):
    """What stands for a prompt; a hash of 0 says that there was too little text."""

    template: int
    simhash: int
    elicitation: float


def fingerprint(prompt: str) -> Fingerprints:
    """Return all that is kept of a prompt; of one over 16,384 characters either end is read."""
    half = _VIEW // 2
    view = prompt if len(prompt) <= _VIEW else f"{prompt[:half]}\n{prompt[-half:]}"
    normal = words(view)
    return Fingerprints(template_hash(prompt), simhash(normal), elicitation(normal))


def system_hash(system: str) -> int:
    """Hash all words of a system prompt: dates, numbers and layout do not count. 0: no words."""
    normal = words(system)
    return xxh3_64_intdigest(normal) if normal.strip() else 0


def template_hash(prompt: str) -> int:
    """Hash how a prompt begins, without numbers, quotes, code and long literals.

    A template is known by its beginning: what is filled in comes later, mostly after a colon or
    on a line of its own. So from 5 words on the first such break ends it, and 24 words do in any
    case. 0 where fewer than 5 words are left.
    """
    head: list[bytes] = []
    for part in _BREAK.split(_FILLING.sub(" ", prompt[:_TEMPLATE_VIEW])):
        prose = filter(_is_prose, part.split(maxsplit=_TEMPLATE_TOKENS)[:_TEMPLATE_TOKENS])
        head += words(" ".join(prose)[:_TEMPLATE_PROSE]).split()
        if len(head) >= _TEMPLATE_MIN_WORDS:
            return xxh3_64_intdigest(b" ".join(head[:_TEMPLATE_MAX_WORDS]))
    return 0


def _is_prose(token: str) -> bool:
    return not token.isascii() or (len(token) < _LONG_LITERAL and "://" not in token)


def simhash(normal: bytes) -> int:
    """SimHash (Charikar 2002) of `words(prompt)` over shingles of 2 words; 0: no words.

    Texts that share most of their shingles differ in few of the 64 bits, others in about 32.
    """
    hashes = _word_hashes(normal.strip())
    width = min(_SHINGLE, len(hashes))
    if not width:
        return 0
    shingles = hashes[: len(hashes) - width + 1]
    for start in range(1, width):
        shingles = shingles * _ORDER + hashes[start : len(hashes) - width + 1 + start]
    octets = _mix(shingles).astype("<u8", copy=False).view(np.uint8).reshape(-1, 8)
    votes = np.unpackbits(octets, axis=1, bitorder="little").sum(axis=0, dtype=np.uint32)
    majority = np.packbits(votes * 2 > len(shingles), bitorder="little")
    return int.from_bytes(majority.tobytes(), "little")


def _word_hashes(normal: bytes) -> UInt64:
    """One polynomial hash modulo 2^64 per word of a text with single spaces: uint64[words]."""
    if not normal:
        return np.zeros(0, np.uint64)
    codes = np.frombuffer(normal, np.uint8).astype(np.uint64)
    starts = np.concatenate(([0], np.flatnonzero(codes == ord(" ")) + 1))
    codes[starts[1:] - 1] = 0
    return np.add.reduceat(codes * _POWERS[: len(codes)], starts) * _INVERSES[starts]


def _powers(base: int) -> UInt64:
    # `words` gives at most four bytes for each of twice the characters.
    return np.multiply.accumulate(np.full(8 * (_VIEW + 1), base, np.uint64))


_BASE = 0x9E3779B97F4A7C15  # odd, so that its powers have inverses modulo 2^64
_POWERS = _powers(_BASE)
_INVERSES = _powers(pow(_BASE, -1, 2**64))


def _mix(values: UInt64) -> UInt64:
    """Spread each bit over all 64: the finaliser of splitmix64 (Steele, Lea, Flood 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
