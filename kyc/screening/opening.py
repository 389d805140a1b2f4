"""A screener over the lists of names in a folder, and subjects from what somebody typed."""

import re
from pathlib import Path
from typing import Final

from kyc.lists.entries import birth_date as birth_date_of
from kyc.lists.roll import Roll
from kyc.screening.screener import Screener, Subject
from schemas.errors import ConfigurationError, ListError

_COUNTRY: Final = re.compile("[A-Z]{2}")


def load_screener(folder: Path | None) -> Screener:
    """Raises ListError when no list of names was imported: an empty roll would clear everybody."""
    roll = Roll.load(folder)
    if not roll.version:
        raise ListError("no list of names: `sluicegate lists import un_names FILE`, for instance")
    return Screener(roll.entries)


def subject(name: str, birth_date: str | None = None, country: str | None = None) -> Subject:
    """Raises ConfigurationError on what is no birth date or no country."""
    born = birth_date_of(birth_date) if birth_date else None
    if birth_date and not born:
        raise ConfigurationError(
            f"{birth_date}: not a birth date such as 1971, 1971-03, 1971-03-02"
        )
    lives = country.upper() if country else None
    if lives and not _COUNTRY.fullmatch(lives):
        raise ConfigurationError(f"{country}: not a country of two letters, such as DE")
    return Subject(name, born, lives)
