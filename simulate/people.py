"""Made-up names, mailboxes and firms. Nobody real: first and last names are drawn apart."""

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


def _one(rng: np.random.Generator, words: tuple[str, ...]) -> str:
    return words[int(rng.integers(len(words)))]


def person(rng: np.random.Generator, country: str) -> str:
    """A full name; family name first where `country` writes it so."""
    first, last = _one(rng, _FIRST), _one(rng, _LAST)
    return f"{last} {first}" if country in {"CN", "KR", "JP", "VN"} else f"{first} {last}"


def mailbox(rng: np.random.Generator, name: str, domain: str) -> str:
    """An address as people choose them: names, dots, years, or a word and a number."""
    a, b = name.lower().split(" ", 1)
    style, number = int(rng.integers(5)), int(rng.integers(1, 9999))
    local = (f"{a}.{b}", f"{a}{b}{number % 100}", f"{a[0]}{b}", f"{a}{number}", f"{b}.{a}{number}")
    return f"{local[style]}@{domain}"


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
