"""Checking IP databases in MaxMind's format (GeoLite2, DB-IP, IPinfo) before they are imported.

`stream/decode/geography.py` looks addresses up in them.

https://maxmind.github.io/MaxMind-DB/
"""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import maxminddb

from schemas.errors import ListError

# Ten times GeoLite2's database of cities: an endless tree is none.
MAX_NETWORKS: Final = 50_000_000
_SYSTEM = re.compile(r"(?:AS)?(\d{1,10})")
# What maxminddb raises on bytes that are no database or a broken one.
_BROKEN: Final = (
    *(maxminddb.InvalidDatabaseError, ValueError, LookupError, TypeError, AttributeError),
    *(ArithmeticError, RecursionError, MemoryError, OSError),
)


class Database:
    """A file of countries or systems by network."""

    def __init__(self, path: Path) -> None:
        """Open a database. Raises ListError."""
        try:
            self._reader = maxminddb.open_database(str(path))
            described = self._reader.metadata()
            self.dated: date = datetime.fromtimestamp(described.build_epoch, UTC).date()
        except _BROKEN as error:
            raise ListError(f"not a database in MaxMind's format: {error}") from error

    def count(self) -> int:
        """How many networks there are; reads every record. Raises ListError on a broken one."""
        useful = networks = 0
        try:
            for _, record in self._reader:
                networks += 1
                useful += _country(record) is not None or _system(record) is not None
                if networks > MAX_NETWORKS:
                    raise ListError(f"more than {MAX_NETWORKS:,} networks")
        except _BROKEN as error:
            raise ListError(f"a broken database: {error}") from error
        if not useful:
            raise ListError("a database that knows neither countries nor systems")
        return networks


def _country(record: Any) -> str | None:
    """GeoLite2 and DB-IP have `country.iso_code`, IPinfo `country_code` or `country`."""
    if not isinstance(record, dict):
        return None
    country = record.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else country
    for found in (record.get("country_code"), code):
        if isinstance(found, str) and len(found) == 2:
            return found.upper()
    return None


def _system(record: Any) -> int | None:
    """GeoLite2 and DB-IP have `autonomous_system_number`, IPinfo `asn` as `AS64496`."""
    if not isinstance(record, dict):
        return None
    found = record.get("autonomous_system_number", record.get("asn"))
    number = _SYSTEM.fullmatch(str(found))
    return int(number[1]) if number else None
