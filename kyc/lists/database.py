"""IP databases in MaxMind's format (GeoLite2, DB-IP, IPinfo): what a record says, and checking them
before they are imported. `stream/decode/geography.py` looks addresses up in them.

https://maxmind.github.io/MaxMind-DB/
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import maxminddb

from kyc.lists.kinds import Kind
from schemas.errors import ListError

# Ten times GeoLite2's database of cities: an endless tree is none.
MAX_NETWORKS: Final = 50_000_000
_SYSTEM: Final = re.compile(r"(?:AS)?([0-9]{1,10})")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
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

    def count(self, kind: Kind) -> int:
        """How many networks there are; reads every record. Raises ListError on a broken one, and
        where none says what a database of this kind is for."""
        useful = networks = 0
        try:
            for _, record in self._reader:
                networks += 1
                useful += READERS[kind](record) is not None
                if networks > MAX_NETWORKS:
                    raise ListError(f"more than {MAX_NETWORKS:,} networks")
        except _BROKEN as error:
            raise ListError(f"a broken database: {error}") from error
        if not useful:
            raise ListError(f"no {kind}: no record says what one would")
        return networks


def country(record: Any) -> str | None:
    """GeoLite2 and DB-IP have `country.iso_code`, ip-location-db and IPinfo `country_code` or
    `country`; two capital letters."""
    if not isinstance(record, dict):
        return None
    told = record.get("country")
    code = told.get("iso_code") if isinstance(told, dict) else told
    for found in (record.get("country_code"), code):
        if isinstance(found, str) and _COUNTRY.fullmatch(found):
            return found
    return None


def system(record: Any) -> int | None:
    """GeoLite2, DB-IP and ip-location-db have `autonomous_system_number`, IPinfo `asn` as
    `AS64496`."""
    if not isinstance(record, dict):
        return None
    found = _SYSTEM.fullmatch(str(record.get("autonomous_system_number") or record.get("asn")))
    return int(found[1]) if found and int(found[1]) < 1 << 32 else None


READERS: Final[dict[Kind, Callable[[Any], str | int | None]]] = {
    Kind.COUNTRY_DATABASE: country,
    Kind.SYSTEM_DATABASE: system,
}
