"""Where an address lies: its autonomous system and country, from files, never from the network.

Countries are by default those to which the five registries gave the addresses, from the package
iptocc; AS numbers of addresses that come without are not known until a MaxMind-format file of the
user's own (GeoLite2, DB-IP, IPinfo, the public-domain ip-location-db) gives them.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

import iptocc
import maxminddb
import numpy as np
from numpy.typing import NDArray

from kyc.countries import number as country_number
from kyc.lists import database
from kyc.lists.folder import Folder
from kyc.lists.kinds import Kind
from schemas.errors import ConfigurationError
from stream.settings import Settings
from stream.variables import variable

MEMO_ENTRIES: Final = 65_536
NOWHERE: Final = -1, ""

Lookup = Callable[[str], Any]


class Source(NamedTuple):
    """A database: what it says of an address (None: nothing), its name, and of when it is.

    made: None for a package, whose version tells.
    """

    find: Lookup
    name: str
    made: date | None


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
        self.knows_systems = asn is not None
        self._memo = _Memo(
            asn.find if asn else lambda _: None, country.find if country else lambda _: None
        )

    def take(self, other: "Geography") -> None:
        """Answer from another one's databases from now on."""
        self.sources, self._memo = other.sources, other._memo
        self.knows_systems = other.knows_systems

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
        up where they bring none; for countries see kyc/countries.py."""
        places = self._memo
        asn = [places[ip][0] if a is None else a for ip, a in zip(ips, asns, strict=True)]
        country = [places[ip][1] if c is None else c for ip, c in zip(ips, countries, strict=True)]
        codes = map(country_number, country)
        return np.array(asn, np.int64), np.fromiter(codes, np.int16, len(country))


def open_geography(settings: Settings) -> Geography:
    """The databases that the settings name, or else those that were imported as lists.

    Raises ConfigurationError where one cannot be read.
    """
    asn = settings.geo_asn or _imported(settings, Kind.SYSTEM_DATABASE)
    country = settings.geo_country or _imported(settings, Kind.COUNTRY_DATABASE)
    return Geography(
        _file("geo_asn", asn, database.system) if asn else None,
        _file("geo_country", country, database.country) if country else _registries(),
    )


def _imported(settings: Settings, kind: Kind) -> Path | None:
    found = Folder(settings.lists_dir).read(kind) if settings.lists_dir else None
    return found[1] if found else None


def _registries() -> Source:
    return Source(_registered, f"iptocc {version('iptocc')}", None)


def _registered(ip: str) -> str | None:
    # It does not see an IPv4 address that is written as `::ffff:192.0.2.1`.
    return iptocc.country_code(ip.rpartition(":")[2] if "." in ip else ip)


def _file(setting: str, path: Path, read: Callable[[Any], Any]) -> Source:
    try:
        reader = maxminddb.open_database(path)
    except (maxminddb.InvalidDatabaseError, OSError) as error:
        raise ConfigurationError(f"{variable(setting)}: {path}: {error}") from error
    made = datetime.fromtimestamp(reader.metadata().build_epoch, UTC).date()

    def find(ip: str) -> Any:
        try:
            return read(reader.get(ip))
        except ValueError:  # IPv6 in a database of IPv4
            return None

    return Source(find, path.name, made)
