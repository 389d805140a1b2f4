"""The UN Security Council's consolidated list, as XML. A document type is refused: no entities."""

from collections.abc import Iterator
from datetime import date
from typing import BinaryIO, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from kyc.lists.entries import Entry, birth_date, tidy
from kyc.lists.rows import MAX_BYTES, Rows
from kyc.lists.territories import country_code
from schemas.errors import ListError

ROOT: Final = "CONSOLIDATED_LIST"
_PARTS: Final = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")
_TAGS: Final = {"INDIVIDUAL", "ENTITY"}


class _Bounded:
    """A source that refuses to give more than its limit."""

    def __init__(self, source: BinaryIO, limit: int) -> None:
        self._source = source
        self._left = limit

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(size if size >= 0 else self._left + 1)
        self._left -= len(block)
        if self._left < 0:
            raise ListError(f"more than {MAX_BYTES:,} bytes")
        return block


def parse(source: BinaryIO) -> Rows[Entry]:
    """Every person and organisation of the list. Raises ListError."""
    found = Rows[Entry]()
    try:
        for element in _elements(source, found):
            entry = _entry(element)
            if entry:
                found.take(entry)
            else:
                found.refuse(
                    len(found.rows) + found.malformed + 1, "an entry without number or name"
                )
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        # LookupError and ValueError: an encoding that Python or expat does not know.
        raise ListError(f"not the UN's XML: {error}") from error
    return found


def _elements(source: BinaryIO, found: Rows[Entry]) -> Iterator[Element]:
    root = None
    for event, element in iterparse(
        _Bounded(source, MAX_BYTES), events=("start", "end"), forbid_dtd=True
    ):
        if root is None:
            root = element
            if root.tag != ROOT:
                raise ListError(f"not the UN's XML: it begins with {str(root.tag)[:40]}")
            found.dated = _day(root.get("dateGenerated", ""))
        elif event == "end" and element.tag in _TAGS:
            yield element
            element.clear()


def _entry(element: Element) -> Entry | None:
    key = (element.findtext("REFERENCE_NUMBER") or element.findtext("DATAID") or "").strip()
    full = " ".join(filter(None, (element.findtext(part) for part in _PARTS)))
    good, weak = [full], list[str]()
    good += [original.text or "" for original in element.findall("NAME_ORIGINAL_SCRIPT")]
    for alias in element.findall(f"{element.tag}_ALIAS"):
        low = (alias.findtext("QUALITY") or "").strip() == "Low"
        # Some aliases are several, one after the other.
        (weak if low else good).extend((alias.findtext("ALIAS_NAME") or "").split(";"))
    names = tidy(good)
    if not key or not names:
        return None
    return Entry(
        key=f"un:{key}",
        names=names,
        weak=tidy(weak),
        person=element.tag == "INDIVIDUAL",
        birth_dates=tuple(dict.fromkeys(_born(element))),
        countries=tuple(dict.fromkeys(_countries(element))),
    )


def _born(element: Element) -> Iterator[str]:
    for born in element.findall("INDIVIDUAL_DATE_OF_BIRTH"):
        told = [born.findtext(tag) for tag in ("DATE", "YEAR", "FROM_YEAR", "TO_YEAR")]
        yield from (day for text in told if text and (day := birth_date(text)))


def _countries(element: Element) -> Iterator[str]:
    places = [
        *element.findall("NATIONALITY/VALUE"),
        *element.findall(f"{element.tag}_ADDRESS/COUNTRY"),
    ]
    yield from (code for place in places if (code := country_code(place.text or "")))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
