"""What an e-mail address tells of itself: its mailbox, its spelling, and whom it imitates."""

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA

# Dots mean nothing there, and one mailbox has both names.
_DOTLESS: Final = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
# Signs that pass for a Latin letter in an address bar (Unicode TS 39, the common ones).
_LOOKS: Final = str.maketrans("0134578ıасеіјорѕухԁɡһκνοατ", "oieastbiaceijopsyxdghkvoat")
_PAIRS: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("l", "i"))
# Two names of four letters differ by one letter everywhere: qq.com, aol.com.
_SHORT: Final = 5


class Address(NamedTuple):
    """An address taken apart; mailbox: without tag and meaningless dots, lower case."""

    mailbox: str
    domain: str
    local: str
    tagged: bool


def address(email: str) -> Address:
    """Take an address apart. What has no `@` is a mailbox without a domain."""
    local, at, domain = email.strip().lower().rpartition("@")
    if not at:
        return Address(domain, "", "", False)
    plain, plus, _ = local.partition("+")
    tagged = bool(plus and plain)
    bare = plain or local
    home = _DOTLESS.get(domain)
    whole = f"{bare.replace('.', '')}@{home}" if home else f"{bare}@{domain}"
    return Address(whole, home or domain, bare, tagged)


def passes_for(domain: str, famous: Collection[str]) -> bool:
    """Whether a domain passes for a famous one: by look-alike signs, or by one slip of a key."""
    if not domain or domain in famous:
        return False
    seen = skeleton(domain)
    return any(seen == skeleton(model) or _is_one_slip(domain, model) for model in famous)


@lru_cache(maxsize=4_096)
def skeleton(domain: str) -> str:
    """A domain as the eye takes it in: two with one skeleton look alike."""
    spelled = unicodedata.normalize("NFKD", _decoded(domain))
    plain = "".join(c for c in spelled if not unicodedata.combining(c)).translate(_LOOKS)
    for pair, look in _PAIRS:
        plain = plain.replace(pair, look)
    return plain


def _decoded(domain: str) -> str:
    if not re.search(r"(^|\.)xn--", domain):
        return domain
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:
        return domain


def _is_one_slip(domain: str, famous: str) -> bool:
    name = famous.partition(".")[0]
    return len(name) >= _SHORT and OSA.distance(domain, famous, score_cutoff=1) == 1
