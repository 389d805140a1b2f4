"""OFAC's files of the SDN list: SDN.CSV, ADD.CSV and ALT.CSV, told apart by their columns.

Layout: https://ofac.treasury.gov/specially-designated-nationals-list-data-formats-data-schemas
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from kyc.lists.entries import Entry, birth_date, tidy
from kyc.lists.rows import Rows, lines, text
from kyc.lists.territories import country_code

NULL: Final = "-0-"
SDN, ADD, ALT = 12, 6, 5  # columns
# Ships and aircraft open no accounts.
_CRAFT: Final = {"vessel", "aircraft"}
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_BORN = re.compile(r"DOB (?:(\d{1,2}) )?(?:([A-Z][a-z]{2}) )?(?:circa )?(\d{4})\b")
_NATIONALITY = re.compile(r"(?:nationality|citizen) ([A-Z][^;.]{2,60})")


@dataclass(slots=True)
class _Draft:
    names: list[str] = field(default_factory=list)
    kind: str = ""
    born: list[str] = field(default_factory=list)
    countries: list[str] = field(default_factory=list)


def parse(sources: Iterable[BinaryIO]) -> Rows[Entry]:
    """Entries from any of the three files, joined by their number. Raises ListError."""
    drafts: dict[str, _Draft] = {}
    found = Rows[Entry]()
    for source in sources:
        for line, cells in _rows(source, found):
            if len(cells) not in {SDN, ADD, ALT} or not cells[0].isdecimal():
                found.refuse(line, "not the columns of SDN, ADD or ALT")
                continue
            draft = drafts.setdefault(cells[0], _Draft())
            {SDN: _sdn, ADD: _add, ALT: _alt}[len(cells)](draft, cells)
    for number, draft in drafts.items():
        if (names := tidy(draft.names)) and draft.kind not in _CRAFT:
            found.take(_entry(number, names, draft))
    return found


def _rows(source: BinaryIO, found: Rows[Entry]) -> Iterator[tuple[int, list[str]]]:
    # The files end with the end-of-file character of DOS.
    reader = csv.reader(text(line).replace("\0", "") for line in lines(source))
    while True:
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            found.refuse(reader.line_num, str(error))
            continue
        if cells and cells != ["\x1a"] and cells[0] != "ent_num":
            yield reader.line_num, ["" if cell == NULL else cell for cell in cells]


def _sdn(draft: _Draft, cells: list[str]) -> None:
    _, name, kind, _, title, *_, remarks = cells
    draft.names.insert(0, name)
    draft.kind = kind or "entity"
    about = f"{title}; {remarks}"
    draft.born += [date for found in _BORN.finditer(about) if (date := _born(*found.groups()))]
    draft.countries += _NATIONALITY.findall(about)


def _add(draft: _Draft, cells: list[str]) -> None:
    draft.countries.append(cells[4])


def _alt(draft: _Draft, cells: list[str]) -> None:
    draft.names.append(cells[3])


def _born(day: str | None, month: str | None, year: str) -> str | None:
    if month not in _MONTHS:
        return birth_date(year)
    told = f"{year}-{_MONTHS.index(month) + 1:02}"
    return birth_date(f"{told}-{int(day):02}" if day else told)


def _entry(number: str, names: tuple[str, ...], draft: _Draft) -> Entry:
    codes = (country_code(name) for name in draft.countries if name)
    return Entry(
        key=f"ofac:{number}",
        names=names,
        person=draft.kind == "individual" if draft.kind else None,
        birth_dates=tuple(dict.fromkeys(draft.born)),
        countries=tuple(dict.fromkeys(code for code in codes if code)),
    )
