"""Where an address lies: its autonomous system and country, from files, never from the network.

By default the database inside the package geoip2fast, of June 2024. It names the operators of
networks without their AS numbers: an operator then gets a number of its own above all AS numbers,
which links its accounts with one another, but not with events that bring the AS number. A
MaxMind-format file of the user's own (GeoLite2, DB-IP, IPinfo) gives the numbers, and is fresh.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple

import maxminddb
import numpy as np
from numpy.typing import NDArray

from schemas.errors import ConfigurationError
from stream.settings import Settings, variable

MEMO_ENTRIES: Final = 65_536
# AS numbers have 32 bits; an operator known by name alone lies above.
OPERATORS: Final = 1 << 32
NOWHERE: Final = -1, ""

Lookup = Callable[[str], Any]


class Source(NamedTuple):
    """A database: what it says of an address (None: nothing), its name, and of when it is."""

    find: Lookup
    name: str
    made: date


class _Memo(dict[str | None, tuple[int, str]]):
    def __init__(self, asn: Lookup, country: Lookup) -> None:
        super().__init__({None: NOWHERE})
        self._asn, self._country = asn, country

    def __missing__(self, ip: str) -> tuple[int, str]:
        if len(self) >= MEMO_ENTRIES:
            self.clear()
            self[None] = NOWHERE
        asn = self._asn(ip)
        self[ip] = found = (NOWHERE[0] if asn is None else asn, self._country(ip) or "")
        return found


class Geography:
    """ASN and country of addresses; without a database, of none."""

    def __init__(self, asn: Source | None = None, country: Source | None = None) -> None:
        self.sources = tuple(source for source in (asn, country) if source)
        self._memo = _Memo(
            asn.find if asn else lambda _: None, country.find if country else lambda _: None
        )

    def locate(self, ip: str | None) -> tuple[int, str]:
        """ASN (-1: not known) and country ("": not known)."""
        return self._memo[ip]

    def columns(
        self,
        ips: Sequence[str | None],
        asns: Sequence[int | None],
        countries: Sequence[str | None],
    ) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
        """ASN (int64[n], -1: not known) and country (int16[n], 0: not known) of n events, looked
        up where they bring none; for countries see `country_code`."""
        places = self._memo
        asn = [places[ip][0] if a is None else a for ip, a in zip(ips, asns, strict=True)]
        country = [places[ip][1] if c is None else c for ip, c in zip(ips, countries, strict=True)]
        codes = map(_CODES.__getitem__, country)
        return np.array(asn, np.int64), np.fromiter(codes, np.int16, len(country))


class _Codes(dict[str, int]):
    def __missing__(self, country: str) -> int:
        first, second = (ord(letter) - 64 for letter in country)
        self[country] = code = 27 * first + second
        return code


_CODES = _Codes({"": 0})


def country_code(country: str) -> int:
    """A country of two capital letters as a number from 28 to 728; 0 for none."""
    return _CODES[country]


def open_geography(settings: Settings) -> Geography:
    """The databases that the settings name. ConfigurationError where one cannot be read."""
    asn, country = settings.geo_asn, settings.geo_country
    packaged = None if asn and country else _packaged()
    return Geography(
        _file("geo_asn", asn, _asn) if asn else packaged and packaged[0],
        _file("geo_country", country, _country) if country else packaged and packaged[1],
    )


def _packaged() -> tuple[Source, Source]:
    # Imported here: it takes 0.3 s and 110 MB, which a user's own files make needless.
    import geoip2fast  # noqa: PLC0415

    data = Path(geoip2fast.__file__).with_name("geoip2fast-asn-ipv6.dat.gz")
    database = geoip2fast.GeoIP2Fast(geoip2fast_data_file=str(data))
    made = datetime.strptime(database.source_info[-8:], "%Y%m%d").date()  # noqa: DTZ007 - a day

    def asn(ip: str) -> int | None:
        found = database.lookup(ip)
        return operator(found.asn_name) if found.asn_name and not found.is_private else None

    def country(ip: str) -> str | None:
        found = database.lookup(ip)
        return found.country_code if found.country_code.isalpha() else None

    return Source(asn, "geoip2fast", made), Source(country, "geoip2fast", made)


def operator(name: str) -> int:
    """The number of an operator of whom the name alone is known: above all AS numbers."""
    return OPERATORS + int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big")


def _file(setting: str, path: Path, read: Callable[[Any], Any]) -> Source:
    try:
        reader = maxminddb.open_database(path)
    except (maxminddb.InvalidDatabaseError, OSError) as error:
        raise ConfigurationError(f"{variable(setting)}: {path}: {error}") from error
    made = datetime.fromtimestamp(reader.metadata().build_epoch, UTC).date()

    def find(ip: str) -> Any:
        try:
            return read(reader.get(ip) or {})
        except ValueError:  # IPv6 in a database of IPv4
            return None

    return Source(find, path.name, made)


def _asn(record: dict[str, Any]) -> int | None:
    number = record.get("autonomous_system_number")
    return number if isinstance(number, int) else None


def _country(record: dict[str, Any]) -> str | None:
    code = (record.get("country") or {}).get("iso_code")
    return code if isinstance(code, str) else None
