"""OpenSanctions' exports: entities as JSON lines (`entities.ftm.json`), or `targets.simple.csv`.

Its data is free for non-commercial use only, so none is shipped: https://opensanctions.org/licensing
"""

import csv
from collections.abc import Iterator
from datetime import date
from itertools import chain
from typing import BinaryIO, Final

import msgspec

from kyc.lists.entries import Entry, birth_date, tidy
from kyc.lists.rows import Rows, lines, text
from kyc.lists.territories import country_code
from schemas.errors import ListError

PEOPLE: Final = {"Person"}
BODIES: Final = {"Organization", "Company", "LegalEntity", "PublicBody"}
_COLUMNS: Final = {"id", "schema", "name", "aliases", "birth_date", "countries"}


class _Properties(msgspec.Struct):
    name: list[str] = []
    alias: list[str] = []
    weak: list[str] = msgspec.field(default_factory=list, name="weakAlias")
    born: list[str] = msgspec.field(default_factory=list, name="birthDate")
    country: list[str] = []
    nationality: list[str] = []
    topics: list[str] = []


class _Entity(msgspec.Struct):
    id: str
    schema: str
    properties: _Properties
    last_change: str | None = None


_DECODER = msgspec.json.Decoder(_Entity)


def parse(source: BinaryIO) -> Rows[Entry]:
    """Every sanctioned person and organisation, from either format. Raises ListError.

    Other schemas (addresses, ships) and people with topics of which none is a sanction
    (politicians) are left out; that is not malformed.
    """
    rest = lines(source)
    first = next(rest, b"")
    everything = chain([first], rest)
    found = Rows[Entry]()
    if first.lstrip().startswith(b"{"):
        _json(everything, found)
    else:
        _csv(everything, found)
    return found


def _json(source: Iterator[bytes], found: Rows[Entry]) -> None:
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        try:
            entity = _DECODER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            found.refuse(number, str(error))
            continue
        known = entity.properties
        sanctioned = not known.topics or any(t.startswith("sanction") for t in known.topics)
        if sanctioned and entity.schema in PEOPLE | BODIES:
            names, weak = tidy(known.name + known.alias), tidy(known.weak)
            places = known.country + known.nationality
            _take(found, number, entity.id, entity.schema, names, weak, known.born, places)
            _changed(found, entity.last_change or "")


def _csv(source: Iterator[bytes], found: Rows[Entry]) -> None:
    reader = csv.DictReader((text(line).replace("\0", "") for line in source), restval="")
    try:
        if not _COLUMNS.issubset(reader.fieldnames or ()):
            raise ListError("neither JSON lines nor a CSV with the columns of targets.simple.csv")
        for row in reader:
            if row["schema"] in PEOPLE | BODIES:
                names = tidy([row["name"], *row["aliases"].split(";")])
                born, places = row["birth_date"].split(";"), row["countries"].split(";")
                _take(found, reader.line_num, row["id"], row["schema"], names, (), born, places)
                _changed(found, row.get("last_change", ""))
    except csv.Error as error:
        raise ListError(f"line {reader.line_num}: {error}") from error


def _take(
    found: Rows[Entry],
    line: int,
    key: str,
    schema: str,
    names: tuple[str, ...],
    weak: tuple[str, ...],
    born: list[str],
    places: list[str],
) -> None:
    if not key or not names:
        found.refuse(line, "no id or no name")
        return
    found.take(
        Entry(
            key=f"opensanctions:{key}",
            names=names,
            weak=weak,
            person=schema in PEOPLE,
            birth_dates=tuple(day for told in born if (day := birth_date(told))),
            countries=tuple(code for place in places if (code := country_code(place))),
        )
    )


def _changed(found: Rows[Entry], text: str) -> None:
    """The data is as old as its latest change."""
    try:
        changed = date.fromisoformat(text[:10])
    except ValueError:
        return
    found.dated = max(changed, found.dated or changed)
