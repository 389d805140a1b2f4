"""Names of countries as lists write them, as ISO 3166-1 alpha-2 codes."""

from functools import cache
from typing import Final

from iso3166 import countries

# Written otherwise than in the standard by OFAC, the UN or OpenSanctions.
OTHERWISE: Final = {
    "bolivia": "BO",
    "bosnia and herzegovina": "BA",
    "brunei": "BN",
    "burma": "MM",
    "cabo verde": "CV",
    "cape verde": "CV",
    "congo, democratic republic of the": "CD",
    "congo, republic of the": "CG",
    "cote d ivoire": "CI",
    "cote d'ivoire": "CI",
    "cyprus, northern": "CY",
    "czech republic": "CZ",
    "democratic people's republic of korea": "KP",
    "democratic republic of the congo": "CD",
    "hong kong": "HK",
    "iran": "IR",
    "islamic republic of iran": "IR",
    "ivory coast": "CI",
    "korea, north": "KP",
    "korea, south": "KR",
    "kosovo": "XK",
    "laos": "LA",
    "macau": "MO",
    "micronesia": "FM",
    "moldova": "MD",
    "north korea": "KP",
    "north macedonia, the republic of": "MK",
    "palestinian": "PS",
    "republic of korea": "KR",
    "russia": "RU",
    "south korea": "KR",
    "state of palestine": "PS",
    "syria": "SY",
    "taiwan": "TW",
    "tanzania": "TZ",
    "the gambia": "GM",
    "the netherlands": "NL",
    "turkey": "TR",
    "uk": "GB",
    "united kingdom": "GB",
    "united republic of tanzania": "TZ",
    "united states": "US",
    "usa": "US",
    "venezuela": "VE",
    "vietnam": "VN",
    "viet nam": "VN",
    "virgin islands, british": "VG",
    "west bank": "PS",
}


@cache
def _codes() -> dict[str, str]:
    named = {}
    for country in countries:
        for name in (country.name, country.apolitical_name, country.alpha2, country.alpha3):
            named[_plain(name)] = country.alpha2
    return named | {_plain(name): code for name, code in OTHERWISE.items()}


def country_code(name: str) -> str | None:
    """The code of a country's name, of its code of two or three letters; None if not known."""
    return _codes().get(_plain(name))


def _plain(name: str) -> str:
    """`Iran (Islamic Republic of)` and `Iran, Islamic Republic of` are the same."""
    return " ".join(name.lower().replace("(", ", ").replace(")", "").replace(",", " ").split())
