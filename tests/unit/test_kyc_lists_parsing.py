"""Parsers of lists: what they read, what they count as malformed, and that no bytes break them."""

import csv
import io
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyc.lists import ofac, opensanctions, plain, un
from kyc.lists.entries import Entry, birth_date
from kyc.lists.kinds import Content
from kyc.lists.rows import MAX_LINE, Rows, lines
from kyc.lists.territories import country_code
from schemas.errors import ListError

SDN = (
    '36,"AEROLINEA, S.A.",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
    '77,"DOE, Juan","individual","SDGT","Director",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,'
    '"DOB 07 Dec 1931; alt. DOB Mar 1932; alt. DOB circa 1933; nationality Cuba."\r\n'
    '88,"SEA STAR","vessel","CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
    "\x1a"
)
ADD = '36,25,-0- ,"Havana","Cuba",-0- \r\n99,1,-0- ,-0- ,"Iran",-0- \r\n'
ALT = '77,12,"aka","DOE, Johnny",-0- \r\n99,13,"aka","LATER ENTRY",-0- \r\nnonsense\r\n'

UN = """<?xml version="1.0" encoding="UTF-8"?>
<CONSOLIDATED_LIST dateGenerated="2026-02-27T00:00:09.554Z"><INDIVIDUALS><INDIVIDUAL>
<FIRST_NAME>JUAN</FIRST_NAME><SECOND_NAME>DOE</SECOND_NAME>
<REFERENCE_NUMBER>XXi.001</REFERENCE_NUMBER>
<NATIONALITY><VALUE>Iran (Islamic Republic of)</VALUE></NATIONALITY>
<INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY>
<ALIAS_NAME>Johnny Doe; J. Doe</ALIAS_NAME></INDIVIDUAL_ALIAS>
<INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>The Deer</ALIAS_NAME></INDIVIDUAL_ALIAS>
<INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>
<INDIVIDUAL_ADDRESS><COUNTRY>Rwanda</COUNTRY></INDIVIDUAL_ADDRESS>
<INDIVIDUAL_DATE_OF_BIRTH><DATE>1971-03-02</DATE></INDIVIDUAL_DATE_OF_BIRTH>
<INDIVIDUAL_DATE_OF_BIRTH><YEAR>1972</YEAR></INDIVIDUAL_DATE_OF_BIRTH>
</INDIVIDUAL><INDIVIDUAL><DATAID>7</DATAID></INDIVIDUAL></INDIVIDUALS>
<ENTITIES><ENTITY><FIRST_NAME>Acme Front</FIRST_NAME>
<REFERENCE_NUMBER>XXe.001</REFERENCE_NUMBER></ENTITY></ENTITIES></CONSOLIDATED_LIST>"""

FTM = [
    {
        "id": "NK-1",
        "schema": "Person",
        "last_change": "2026-10-02T12:00:00",
        "properties": {
            "name": ["Juan Doe"],
            "weakAlias": ["The Deer"],
            "birthDate": ["1971-03", "soon"],
            "country": ["ir"],
            "topics": ["sanction"],
        },
    },
    {
        "id": "NK-2",
        "schema": "Person",
        "properties": {"name": ["A. Minister"], "topics": ["role.pep"]},
    },
    {"id": "NK-3", "schema": "Address", "properties": {"name": ["Street 1"]}},
    {"id": "NK-4", "schema": "Company", "properties": {"name": ["Acme Front LLC"]}},
    {"id": "NK-5", "schema": "Company", "properties": {"name": []}},
]
SIMPLE = (
    "id,schema,name,aliases,birth_date,countries,last_change\n"
    'NK-1,Person,Juan Doe,"Johnny Doe;J. Doe",1971-03-02;1972,ir;cu,2026-10-02T00:00:00\n'
    "NK-2,Vessel,Sea Star,,,,\n"
    "NK-3,Company,,,,,\n"
)


def source(text: str) -> io.BytesIO:
    """What an opened file gives."""
    return io.BytesIO(text.encode())


def test_ofac_joins_its_three_files() -> None:
    """By number, whatever their order; ships are left out; a foreign row is counted and told."""
    found = ofac.parse([source(ALT), source(ADD), source(SDN)])
    assert found.rows == [
        Entry(
            key="ofac:77",
            names=("DOE, Juan", "DOE, Johnny"),
            person=True,
            birth_dates=("1931-12-07", "1932-03", "1933"),
            countries=("CU",),
        ),
        Entry(key="ofac:99", names=("LATER ENTRY",), countries=("IR",)),
        Entry(key="ofac:36", names=("AEROLINEA, S.A.",), person=False, countries=("CU",)),
    ]
    assert found.malformed == 1
    assert found.complaint == "line 3: not the columns of SDN, ADD or ALT"


def test_the_un_list_has_people_and_bodies() -> None:
    """With the date that it states; an entry without a name is counted."""
    found = un.parse(source(UN))
    assert found.rows == [
        Entry(
            key="un:XXi.001",
            names=("JUAN DOE", "Johnny Doe", "J. Doe"),
            weak=("The Deer",),
            person=True,
            birth_dates=("1971-03-02", "1972"),
            countries=("IR", "RW"),
        ),
        Entry(key="un:XXe.001", names=("Acme Front",), person=False),
    ]
    assert found.dated == date(2026, 2, 27)
    assert found.malformed == 1


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><CONSOLIDATED_LIST>&b;'
        "</CONSOLIDATED_LIST>",
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><CONSOLIDATED_LIST/>',
        "<HTML/>",
        "<CONSOLIDATED_LIST>",
        '<?xml version="1.0" encoding="no-such"?><CONSOLIDATED_LIST/>',
        "",
    ],
)
def test_xml_that_is_no_list_is_refused(text: str) -> None:
    """Document types and so entities, other documents, documents that are cut off."""
    with pytest.raises(ListError, match="not the UN's XML"):
        un.parse(source(text))


def test_opensanctions_json_has_who_is_sanctioned() -> None:
    """Politicians and addresses are left out; an entity without a name is counted."""
    found = opensanctions.parse(source("".join(json.dumps(row) + "\n" for row in FTM) + "{\n\n"))
    assert found.rows == [
        Entry(
            key="opensanctions:NK-1",
            names=("Juan Doe",),
            weak=("The Deer",),
            person=True,
            birth_dates=("1971-03",),
            countries=("IR",),
        ),
        Entry(key="opensanctions:NK-4", names=("Acme Front LLC",), person=False),
    ]
    assert found.dated == date(2026, 10, 2)
    assert found.malformed == 2


def test_opensanctions_csv_has_the_same() -> None:
    """Aliases, dates and countries are lists within their cells."""
    found = opensanctions.parse(source(SIMPLE))
    assert found.rows == [
        Entry(
            key="opensanctions:NK-1",
            names=("Juan Doe", "Johnny Doe", "J. Doe"),
            person=True,
            birth_dates=("1971-03-02", "1972"),
            countries=("IR", "CU"),
        )
    ]
    assert found.dated == date(2026, 10, 2)
    assert found.malformed == 1


def test_a_csv_with_other_columns_is_refused() -> None:
    """It may be any table."""
    with pytest.raises(ListError, match=r"targets\.simple\.csv"):
        opensanctions.parse(source("a,b\n1,2\n"))


@pytest.mark.parametrize(
    ("content", "text", "rows", "malformed"),
    [
        (Content.DOMAINS, "domain,country\n*.Ex.ORG,US\nbücher.example # a\n\n?\n", 2, 1),
        (Content.MAILBOXES, "Abuse\nno reply\n<>\n", 2, 1),
        (
            Content.NETWORKS,
            "provider,cidr\na,192.0.2.9/24\nExitAddress 198.51.100.7 x\n0.0.0.0/0\n",
            2,
            1,
        ),
        (Content.NETWORKS, "2001:db8::/32\n::/0\n", 1, 1),
        (
            Content.DATES,
            "domain,created\nex.org,2024-02-29\n1999-01-01T09:00Z a.example\nb.de\n",
            2,
            1,
        ),
        (Content.SYSTEMS, 'AS64496 # one\n64497,"Some Host, US"\nAS99999999999\n', 2, 1),
    ],
)
def test_lists_of_one_value_a_line(content: Content, text: str, rows: int, malformed: int) -> None:
    """Headers, comments and other cells do not matter; what cannot be read is counted."""
    found = plain.parse(source(text), content)
    assert (len(found.rows), found.malformed) == (rows, malformed)


def test_values_are_written_in_one_form() -> None:
    """So that look-ups are plain."""
    assert plain.parse(source("*.BÜCHER.example."), Content.DOMAINS).rows == [
        "xn--bcher-kva.example"
    ]
    assert plain.parse(source("192.0.2.9/24"), Content.NETWORKS).rows == ["192.0.2.0/24"]
    assert plain.parse(source("7,1999-01-01T09:00Z,A.example"), Content.DATES).rows == [
        "a.example=1999-01-01"
    ]
    assert plain.parse(source("AS64496"), Content.SYSTEMS).rows == ["64496"]


PARSERS: dict[str, Callable[[io.BytesIO], Rows[Entry] | Rows[str]]] = {
    "ofac": lambda data: ofac.parse([data]),
    "un": un.parse,
    "opensanctions": opensanctions.parse,
    **{
        content: lambda data, content=content: plain.parse(data, content)  # type: ignore[misc]
        for content in plain.READERS
    },
}
SEEDS = [SDN, ADD, ALT, UN, "\n".join(map(json.dumps, FTM)), SIMPLE, "a.example,1.2.3.4/8,AS1"]


@st.composite
def mutilated(draw: st.DrawFn) -> bytes:
    """A real file with a stretch replaced by any bytes."""
    seed = draw(st.sampled_from(SEEDS)).encode()
    start = draw(st.integers(0, len(seed)))
    end = draw(st.integers(start, len(seed)))
    return seed[:start] + draw(st.binary(max_size=40)) + seed[end:]


@pytest.mark.parametrize("parser", PARSERS)
@given(data=st.one_of(st.binary(max_size=400), mutilated()))
def test_any_bytes_give_rows_or_a_clear_error(parser: str, data: bytes) -> None:
    """Never another exception."""
    with suppress(ListError):
        found = PARSERS[parser](io.BytesIO(data))
        assert bool(found.malformed) is bool(found.complaint)


@given(st.lists(st.lists(st.text(), min_size=5, max_size=5), max_size=5))
def test_any_cells_come_through_csv(rows: list[list[str]]) -> None:
    """Quotes, newlines and NULs within a name neither break the file nor join its rows."""
    text = io.StringIO()
    csv.writer(text).writerows([*rows, ["1", "2", "aka", "LAST NAME", "-0-"]])
    found = ofac.parse([io.BytesIO(text.getvalue().encode("utf-8", "surrogatepass"))])
    assert any("LAST NAME" in entry.names for entry in found.rows)


def test_a_line_without_end_is_refused() -> None:
    """Memory stays bounded."""
    with pytest.raises(ListError, match="a line has more than"):
        list(lines(io.BytesIO(b"x" * (MAX_LINE + 1))))


def test_a_file_without_end_is_refused() -> None:
    """A small file may unpack to any size."""
    with pytest.raises(ListError, match="more than 10 bytes"):
        list(lines(io.BytesIO(b"12345\n" * 3), limit=10))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1971", "1971"),
        ("1971-03", "1971-03"),
        ("1971-03-02T00:00:00", "1971-03-02"),
        ("1971-13", None),
        ("1971-02-30", None),
        ("0000", None),
        ("about 1971", None),
    ],
)
def test_a_date_of_birth_is_as_exact_as_it_is(text: str, expected: str | None) -> None:
    """What is no date is not known."""
    assert birth_date(text) == expected


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Iran (Islamic Republic of)", "IR"),
        ("Korea, North", "KP"),
        ("Democratic Republic of the Congo", "CD"),
        ("cu", "CU"),
        ("RUS", "RU"),
        ("Atlantis", None),
        ("", None),
    ],
)
def test_countries_are_known_by_their_names(name: str, code: str | None) -> None:
    """As the lists write them."""
    assert country_code(name) == code
