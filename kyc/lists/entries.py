"""An entry of a list of names: whom it means, by names and by what else is known."""

import re
from datetime import date

import msgspec

# Longest name that is compared; the longest of the UN's list has 199 characters.
MAX_NAME = 256
MAX_NAMES = 200
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:T.*)?")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One person or organisation.

    `person` is None where the list does not say. `weak` names are those that the list itself
    calls of low quality. Dates are `1971`, `1971-03` or `1971-03-02`; countries ISO 3166-1
    alpha-2. Empty means not known.
    """

    key: str
    names: tuple[str, ...]
    weak: tuple[str, ...] = ()
    person: bool | None = None
    birth_dates: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()


def tidy(names: list[str]) -> tuple[str, ...]:
    """Names without surplus spaces, empty ones and repetitions, cut to what is compared."""
    trimmed = (" ".join(name.split())[:MAX_NAME].strip() for name in names)
    return tuple(dict.fromkeys(name for name in trimmed if name))[:MAX_NAMES]


def birth_date(text: str) -> str | None:
    """A date of birth as a year, a month or a day; None for what is none."""
    found = _DATE.fullmatch(text.strip())
    if not found:
        return None
    year, month, day = (int(part) if part else 1 for part in found.groups())
    try:
        date(year, month, day)
    except ValueError:
        return None
    return "-".join(part for part in found.groups() if part)
