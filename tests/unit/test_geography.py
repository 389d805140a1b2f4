"""Where addresses lie: from the package, or from the user's own files; never made up."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kyc.countries import name, number
from schemas.errors import ConfigurationError
from stream.decode.geography import (
    Geography,
    Source,
    open_geography,
)
from stream.settings import load_settings
from tests.mmdb import write_database

BUILT = 1_767_225_600  # 2026-01-01


@pytest.fixture
def own(tmp_path: Path) -> Geography:
    """Databases of two networks."""
    asn = {"192.0.2.0/24": {"autonomous_system_number": 64_500}}
    country = {"192.0.2.0/25": {"country": {"iso_code": "FR"}}, "198.51.100.0/24": {"city": "x"}}
    return open_geography(
        load_settings(
            geo_asn=write_database(tmp_path / "asn.mmdb", asn, BUILT),
            geo_country=write_database(tmp_path / "country.mmdb", country, BUILT),
        )
    )


@pytest.fixture(scope="module")
def packaged() -> Geography:
    """The database of the package."""
    return open_geography(load_settings())


def test_own_files_are_asked(own: Geography) -> None:
    """Address by address, each file for its own question."""
    assert own.locate("192.0.2.1") == (64_500, "FR")
    assert own.locate("192.0.2.200") == (64_500, "")


@pytest.mark.parametrize("ip", [None, "198.51.100.1", "203.0.113.9", "2001:db8::1"])
def test_what_is_not_in_the_files_is_not_known(own: Geography, ip: str | None) -> None:
    """Nor an IPv6 address in a file of IPv4, nor a record without the field."""
    assert own.locate(ip) == (-1, "")


@pytest.mark.parametrize(
    ("asn", "country", "place"),
    [
        ({"asn": "AS64500"}, {"country": "France", "country_code": "FR"}, (64_500, "FR")),
        ({"autonomous_system_number": 64_500}, {"country_code": "FR"}, (64_500, "FR")),
        ({"asn": "AS64500"}, {"country": "FR"}, (64_500, "FR")),
        ({"asn": "none"}, {"country_code": "fr"}, (-1, "")),
        ("AS64500", "FR", (-1, "")),
        ({"asn": "4294967296"}, {"country": {"iso_code": "FRA"}}, (-1, "")),
    ],
)
def test_files_of_several_makers_are_read(
    asn: Any, country: Any, place: tuple[int, str], tmp_path: Path
) -> None:
    """What is neither a number nor two letters is not known."""
    network = "192.0.2.0/24"
    settings = load_settings(
        geo_asn=write_database(tmp_path / "asn.mmdb", {network: asn}, BUILT),
        geo_country=write_database(tmp_path / "country.mmdb", {network: country}, BUILT),
    )
    assert open_geography(settings).locate("192.0.2.1") == place


def test_own_files_tell_their_age(own: Geography) -> None:
    """For the doctor."""
    assert {source.made for source in own.sources} == {date(2026, 1, 1)}


@pytest.mark.parametrize("name", ["geo_asn", "geo_country"])
def test_a_file_that_is_none_is_named(name: str, tmp_path: Path) -> None:
    """With its setting."""
    path = tmp_path / "broken.mmdb"
    path.write_bytes(b"no database")
    with pytest.raises(ConfigurationError, match=f"SLUICEGATE_{name.upper()}: .*broken.mmdb"):
        open_geography(load_settings(**{name: path}))


@pytest.mark.parametrize(
    ("ip", "country"),
    [("8.8.8.8", "US"), ("::ffff:8.8.8.8", "US"), ("2001:6b0::1", "SE"), ("2a02:ed0::1", "IL")],
)
def test_the_package_knows_countries(packaged: Geography, ip: str, country: str) -> None:
    """Of both kinds of addresses; of their operators nothing."""
    assert packaged.locate(ip) == (-1, country)


@pytest.mark.parametrize("ip", ["10.0.0.1", "127.0.0.1", "192.0.2.1", "fe80::1"])
def test_addresses_of_no_country_have_none(packaged: Geography, ip: str) -> None:
    """Private and reserved ones: thousands of accounts would share `the private network`."""
    assert packaged.locate(ip) == (-1, "")


def test_what_an_event_brings_comes_before_the_look_up(own: Geography) -> None:
    """Each field by itself."""
    ips = ["192.0.2.1", "192.0.2.1", "192.0.2.1", None]
    asn, country = own.columns(ips, [None, 65_000, None, None], ["DE", None, None, None])
    assert asn.tolist() == [64_500, 65_000, 64_500, -1]
    assert country.tolist() == [number(c) for c in ("DE", "FR", "FR", "")]


def test_country_codes_are_distinct() -> None:
    """All pairs of letters fit 16 bits and come back, and none is that of no country."""
    letters = [chr(n) for n in range(ord("A"), ord("Z") + 1)]
    pairs = {a + b for a in letters for b in letters}
    codes = {number(pair) for pair in pairs}
    assert {name(code) for code in codes} == pairs
    assert number("") == 0 < min(codes) <= max(codes) < 2**15


def test_an_address_is_asked_once() -> None:
    """A look-up costs thirty times what the memory costs."""
    asked: list[str] = []
    source = Source(asked.append, "counting", date(2026, 1, 1))
    geography = Geography(asn=source)
    geography.columns(["192.0.2.1"] * 9, [None] * 9, [None] * 9)
    assert asked == ["192.0.2.1"]
