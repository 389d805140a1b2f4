"""Evidence: whatever is changed, removed, added or moved in a pack is found."""

import json
import shutil
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ConfigurationError, UnreadableFileError
from stream.report.chain import BrokenLinkError, Writer, links
from stream.report.pack import RECORDS
from stream.report.verify import verify
from tests.unit.reports import STORY, campaign, made

Lines = list[bytes]


@pytest.fixture
async def pack(tmp_path: Path) -> Path:
    """A whole pack, as a folder."""
    await made(tmp_path / "pack")
    return tmp_path / "pack"


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def everything(folder: Path) -> bytes:
    """The content of all files of a folder."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


def written(path: Path) -> Path:
    """The requests of the story as a file."""
    path.write_text("".join(json.dumps(event) + "\n" for event in STORY["requests"]))
    return path


async def test_a_whole_pack_holds(tmp_path: Path) -> None:
    """As a folder and as an archive, with the same head."""
    folder = await made(tmp_path / "pack")
    archive = await made(tmp_path / "pack.zip")
    for name in ("pack", "pack.zip"):
        findings = verify(tmp_path / name, folder.head)
        assert (findings.wrong, findings.head) == ([], archive.head)


async def test_the_same_report_is_the_same_archive(tmp_path: Path) -> None:
    """To the byte."""
    for name in ("a.zip", "b.zip"):
        await made(tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_pack_holds_digests_and_no_events(pack: Path) -> None:
    """Of members' events, as they lay in the source; nothing of anybody else."""
    records = [json.loads(line) for line in (pack / RECORDS).read_bytes().splitlines()]
    told = [r["content"] for r in records if r["kind"] == "request"]
    events = [e for e in STORY["requests"] if e["account_id"] != "eve"]
    assert [t["sha256"] for t in told] == [
        sha256(json.dumps(e).encode()).hexdigest() for e in events
    ]
    assert {key for t in told for key in t} == {"account_id", "event_id", "ts", "sha256"}
    assert all(text not in everything(pack) for text in (b'"eve"', b"a secret", b"192.0.2.1"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: [lines[0].replace(b"Example", b"Another"), *lines[1:]], "was changed"),
        (lambda lines: [*lines[:2], *lines[3:]], "stands where 3 belongs"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "stands where 1 belongs"),
        (lambda lines: [*lines, lines[-1]], "more after the end"),
        (lambda lines: lines[:-1], "cut off after"),
        (lambda lines: [*lines[:-1], lines[-1][:-1]], "is cut off"),
        (lambda lines: [lines[0].replace(b'":', b'": ', 1), *lines[1:]], "was changed"),
        (lambda lines: [b"{}\n", *lines[1:]], "unreadable"),
        (lambda _: [], "cut off after record 0"),
    ],
    ids=["changed", "missing", "moved", "repeated", "shorter", "cut", "spelt", "foreign", "empty"],
)
def test_a_broken_chain_is_found(pack: Path, change: Callable[[Lines], Lines], told: str) -> None:
    """And said where."""
    lines = (pack / RECORDS).read_bytes().splitlines(keepends=True)
    (pack / RECORDS).write_bytes(b"".join(change(lines)))
    assert told in verify(pack).wrong[0]


def test_a_chain_that_was_made_anew_has_another_head(pack: Path, tmp_path: Path) -> None:
    """Who writes all of it again is found by what was published."""
    published = verify(pack).head
    with (tmp_path / "anew").open("wb") as file:
        chain = Writer(file)
        for line in (pack / RECORDS).read_bytes().splitlines()[:-1]:
            record = json.loads(line)
            if record["kind"] != "decision":
                chain.add(record["kind"], record["content"])
        chain.end()
    shutil.copy(tmp_path / "anew", pack / RECORDS)
    assert verify(pack).wrong == []
    assert "not the published" in verify(pack, published).wrong[0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda pack: (pack / "c-1.html").write_text("innocent"), "c-1.html was changed"),
        (lambda pack: (pack / "c-1.json").unlink(), "c-1.json is missing"),
        (lambda pack: (pack / "more").touch(), "more is not part of it"),
        (lambda pack: (pack / RECORDS).unlink(), f"there is no {RECORDS}"),
    ],
    ids=["changed", "missing", "added", "no chain"],
)
def test_every_file_is_looked_at(pack: Path, change: Callable[[Path], None], told: str) -> None:
    """The pages that people read as well."""
    change(pack)
    assert verify(pack).wrong[0].startswith(told)


def test_the_events_are_held_against_it(pack: Path, tmp_path: Path) -> None:
    """In any order, whoever else is in the file."""
    path = written(tmp_path / "requests.ndjson")
    assert verify(pack, requests=path).wrong == []
    path.write_bytes(b"".join(reversed(path.read_bytes().splitlines(keepends=True))))
    assert verify(pack, requests=path).wrong == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b'"input_tokens": 10', b'"input_tokens": 11', "ada: 2 request events in the pack, 2 here"),
        (b'"account_id": "bob"', b'"account_id": "eve"', "bob: 1 request events in the pack, 0"),
    ],
)
def test_other_events_are_found(
    pack: Path, tmp_path: Path, old: bytes, new: bytes, told: str
) -> None:
    """By account: changed, or gone."""
    path = written(tmp_path / "requests.ndjson")
    path.write_bytes(path.read_bytes().replace(old, new, 1 if b"bob" in old else 9))
    assert any(wrong.startswith(told) for wrong in verify(pack, requests=path).wrong)


async def test_nothing_of_an_erased_account_is_in_it(tmp_path: Path) -> None:
    """Whatever the topics still hold of it; the others are told as before."""
    erasure = {"event_id": "x", "account_id": "ada", "ts": 1, "type": "account.erased"}
    other = {"event_id": "y", "account_id": "bob", "ts": 1, "type": "account.closed"}
    summary = await made(tmp_path / "pack", STORY | {"accounts": [erasure, other]})
    assert (summary.found[0].accounts, summary.found[0].exchanges) == (1, 1)
    assert b'"ada"' not in everything(tmp_path / "pack")
    assert b'"bob"' in everything(tmp_path / "pack")


async def test_a_broken_archive_is_an_error(tmp_path: Path) -> None:
    """Not a traceback."""
    path = tmp_path / "pack.zip"
    path.write_bytes(b"PK no archive")
    with pytest.raises(UnreadableFileError, match=r"pack\.zip"):
        verify(path)


async def test_a_file_that_is_there_twice_is_found(tmp_path: Path) -> None:
    """Readers differ in which of the two they show."""
    path = tmp_path / "pack.zip"
    await made(path)
    with (
        zipfile.ZipFile(path, "a") as packed,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        packed.writestr("c-1.html", packed.read("c-1.html"))
    assert verify(path).wrong == ["c-1.html is there twice"]


async def test_a_report_is_never_written_over_another(pack: Path) -> None:
    """Nor over anything else."""
    with pytest.raises(ConfigurationError, match="never written over"):
        await made(pack)


async def test_a_report_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Neither half of one nor what it worked in."""
    with pytest.raises(ConfigurationError, match="no campaign c-1"):
        await made(tmp_path / "pack", {}, "c-1")
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", ".", "index", "ü" * 200, "a\0b"])
async def test_a_campaigns_name_leads_nowhere(tmp_path: Path, name: str) -> None:
    """It comes from a message; its files stay in the pack."""
    await made(tmp_path / "pack", STORY | {"campaigns": [campaign(name=name)]})
    assert names(tmp_path) == ["pack"]
    assert len(names(tmp_path / "pack")) == 6
    assert verify(tmp_path / "pack").wrong == []


@given(st.binary(max_size=200))
def test_no_line_breaks_the_reader(line: bytes) -> None:
    """What is no record is told, whatever it is."""
    with pytest.raises(BrokenLinkError):
        list(links([line]))
