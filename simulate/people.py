"""Made-up names, mailboxes and firms. Nobody real: first and last names are drawn apart."""

from collections.abc import Callable

import numpy as np

_FIRST = (
    *("Alex", "Maria", "Wei", "Priya", "Luca", "Sofia", "Jonas", "Emma", "Kenji", "Yuki", "Omar"),
    *("Leila", "Ivan", "Olga", "Carlos", "Lucia", "Minh", "Linh", "Ahmet", "Elif", "Jan", "Anna"),
    *("Pierre", "Chloe", "Raj", "Anita", "David", "Sarah", "Tom", "Grace", "Noah", "Mia"),
    *("Felix", "Nora", "Daniel", "Julia", "Mateo", "Ines", "Hugo", "Zoe"),
)
_LAST = (
    *("Miller", "Garcia", "Wang", "Sharma", "Rossi", "Silva", "Weber", "Novak", "Tanaka", "Sato"),
    *("Hassan", "Ali", "Petrov", "Ivanova", "Lopez", "Martin", "Nguyen", "Tran", "Yilmaz"),
    *("Kaya", "Jansen", "Smith", "Dubois", "Bernard", "Patel", "Gupta", "Cohen", "Brown", "Kim"),
    *("Lee", "Schmidt", "Costa", "Moreau", "Fischer", "Larsen", "Berg", "Popescu", "Horvat"),
    *("Kowalski", "Reyes"),
)
_FIRM = (
    *("Northwind", "Blue", "Harbor", "Cedar", "Signal", "Quanta", "Lumen", "Orchid", "Vertex"),
    *("Summit", "Kite", "Atlas", "Delta", "Maple", "Beacon", "Copper", "River", "Falcon", "Onyx"),
    *("Pioneer"),
)
_KIND = ("Labs", "Software", "Analytics", "Systems", "Studio", "Health", "Logistics", "Games")
_FORM = ("Inc", "GmbH", "Ltd", "LLC", "SAS", "BV")
FREE_MAIL = ("gmail.com", "outlook.com", "icloud.com", "yahoo.com", "qq.com", "proton.me", "gmx.de")

# Services of throw-away mailboxes that every list of them has.
THROW_AWAY = (
    *("mailinator.com", "guerrillamail.com", "yopmail.com", "trashmail.com", "sharklasers.com"),
    *("10minutemail.com", "maildrop.cc", "getnada.com", "tempail.com", "dispostable.com"),
    *("mailnesia.com", "spamgourmet.com", "mintemail.com", "throwawaymail.com", "33mail.com"),
)
JUNK_NAMES = ("test test", "asdf qwer", "user 1234", "xxx xxxx", "sdfg hjkl", "abc abc")


def _one(rng: np.random.Generator, words: tuple[str, ...]) -> str:
    return words[int(rng.integers(len(words)))]


def person(rng: np.random.Generator, country: str) -> str:
    """A full name; family name first where `country` writes it so."""
    first, last = _one(rng, _FIRST), _one(rng, _LAST)
    return f"{last} {first}" if country in {"CN", "KR", "JP", "VN"} else f"{first} {last}"


def mailbox(rng: np.random.Generator, name: str, domain: str, handle: str = "numbered") -> str:
    """An address made of a name and a number below a million, so that no two people get the same;
    by `handle` the number is written in digits (`numbered`), in syllables (`spoken`), in both
    (`short`), or stands alone as letters and digits without sense (`random`)."""
    a, b = name.lower().split(" ", 1)
    style, number = int(rng.integers(4)), int(rng.integers(1_000_000))
    n = _HANDLES[handle](number)
    if handle == "random":
        return f"{n}@{domain}"
    local = (f"{a}.{b}{n}", f"{a}{b}{n}", f"{a[0]}{b}{n}", f"{b}{n}.{a}")
    return f"{local[style]}@{domain}"


def _spoken(number: int) -> str:
    """A number as syllables, two digits each."""
    pairs = (number // 100**n % 100 for n in range(3))
    return "".join("bdfghjklmnprstvwxzct"[pair // 5] + "aeiou"[pair % 5] for pair in pairs)


def _random(number: int) -> str:
    signs = "bcdfghjkmnpqrstvwxz23456789"
    return "".join(signs[d] for d in np.random.default_rng(number).integers(len(signs), size=10))


_HANDLES: dict[str, Callable[[int], str]] = {
    "numbered": str,
    "spoken": _spoken,
    "short": lambda number: f"{_spoken(number // 100)[:4]}{number % 100}",
    "random": _random,
}


# Dialling code with the first digits of a mobile number, and how many digits follow.
_MOBILE = {
    "US": ("1", 10), "DE": ("4915", 9), "FR": ("336", 8), "GB": ("447", 9), "IN": ("919", 9),
    "CN": ("8613", 9), "JP": ("8190", 8), "BR": ("55119", 8), "KR": ("8210", 8), "NL": ("316", 8),
    "VN": ("849", 8), "TR": ("9053", 8), "SG": ("659", 7), "CH": ("4179", 7),
}  # fmt: skip
# Number ranges that national plans set apart for VoIP.
_VOIP = (("4456", 8), ("8150", 8), ("339", 8), ("4932", 9))


def _digits(rng: np.random.Generator, count: int) -> str:
    return str(rng.integers(2 * 10 ** (count - 1), 10**count))


def phone(rng: np.random.Generator, country: str) -> str:
    """A mobile number in E.164."""
    prefix, count = _MOBILE[country]
    return f"+{prefix}{_digits(rng, count)}"


def voip(rng: np.random.Generator, block: int) -> str:
    """A VoIP number in E.164: with a `block`, one of the hundred numbers behind its prefix."""
    owner = np.random.default_rng(block) if block else rng
    prefix, count = _VOIP[int(owner.integers(len(_VOIP)))]
    return f"+{prefix}{_digits(owner, count - 2)}{rng.integers(100):02d}"


def wording(rng: np.random.Generator, address: str) -> str:
    """Another spelling of a mailbox: a plus tag or a dot, as most mail services ignore them."""
    local, domain = address.split("@")
    if rng.random() < 0.5:
        tag = _one(rng, ("ai", "api", "dev", "test", "work"))
        return f"{local}+{tag}{rng.integers(1000)}@{domain}"
    plain = local.replace(".", "")
    dots = [plain[0]] + [("." if rng.random() < 0.3 else "") + c for c in plain[1:]]
    return f"{''.join(dots)}@{domain}"


def free_mail(rng: np.random.Generator) -> str:
    """The domain of a free mail service, the first by far the most common."""
    return FREE_MAIL[int(len(FREE_MAIL) * rng.random() ** 2.2)]


def firm_domain(rng: np.random.Generator) -> str:
    """A company's own domain, hardly ever the same twice."""
    top = ("com", "io", "ai", "de", "co")[int(rng.integers(5))]
    return f"{_one(rng, _FIRM).lower()}{_one(rng, _KIND).lower()}{rng.integers(1, 99_999)}.{top}"


def business_name(rng: np.random.Generator) -> str:
    return f"{_one(rng, _FIRM)} {_one(rng, _KIND)} {_one(rng, _FORM)}"


def birth_date(rng: np.random.Generator) -> str:
    """YYYY-MM-DD of an adult."""
    return f"{rng.integers(1955, 2007)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"
