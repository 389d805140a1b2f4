"""The pages say what the code does: commands, settings, paths, links, tables and constants."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer

from schemas.features import DISTINCT_KINDS, FEATURES
from stream.cli import cli
from stream.decode.columns import MAX_AHEAD_MS
from stream.keys import SHARDS
from stream.remember.calendar import DAILY, FINE, TICK_MS
from stream.remember.measures import DAILY_MEASURES, FINE_MEASURES, MODEL_SHARDS
from stream.remember.packing import DAILY_FORM, FINE_FORM, HEADER
from stream.remember.recency import CAPS, HASH_BITS, KINDS
from stream.remember.repeats import GRACE_MS, ID_BITS, MOST
from stream.settings import Settings
from stream.store import LIFETIME_S
from stream.variables import TEST_PREFIX, variable

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
FEATURES_PAGE = (ROOT / "docs" / "features.md").read_text()
COMMANDS: dict[str, click.Command] = typer.main.get_command(cli).commands  # type: ignore[attr-defined]
MINUTE_MS = 60_000

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def code(page: Path) -> Iterator[str]:
    """Every line of the fenced blocks, and every word in backticks."""
    text = page.read_text()
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield from block.splitlines()
    yield from re.findall(r"`([^`\n]+)`", text)


def rows(first: str) -> list[list[str]]:
    """The cells of the table of docs/features.md whose header row begins with `first`."""
    table = FEATURES_PAGE.split(f"\n| {first} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip(" `") for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in table]


def span(ticks: int) -> str:
    """A stretch of ticks as the page writes it."""
    seconds = ticks * TICK_MS // 1_000
    units = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
    size, unit = next((size, unit) for size, unit in units if seconds % size == 0)
    return f"{seconds // size}{unit}"


@every_page
def test_every_make_target_exists(page: Path) -> None:
    """What the page tells to make, the Makefile can."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = {line.split()[1] for line in code(page) if re.match(r"make \w", line)}
    assert told <= targets


@every_page
def test_every_command_and_option_exists(page: Path) -> None:
    """What the page tells to run, the command line takes."""
    for line in code(page):
        if not re.match(r"sluicegate [a-z]", line):
            continue
        _, name, *words = shlex.split(line, comments=True)
        command = COMMANDS[name]
        while members := getattr(command, "commands", {}):  # a group: its member is named next
            if not words or words[0].startswith("-"):
                break
            command = members[words.pop(0)]
        known = {"--help"} | {o for p in command.params for o in p.opts}
        assert {word for word in words if word.startswith("--")} <= known


@every_page
def test_every_setting_exists(page: Path) -> None:
    """No page names a variable that the worker would refuse."""
    told = set(re.findall(r"SLUICEGATE_[A-Z_]*[A-Z]", page.read_text()))
    known = {variable(name) for name in Settings.model_fields}
    assert {name for name in told if not f"{name}_".startswith(TEST_PREFIX)} <= known


@every_page
def test_every_path_exists(page: Path) -> None:
    """A file that a page names is there."""
    named = re.findall(
        r"(?:schemas|kyc|scorers|stream|edge|simulate|bench|tests|docs|\.ci)/[\w./-]*\w",
        page.read_text(),
    )
    assert [name for name in named if not (ROOT / name).exists()] == []


@every_page
def test_every_link_resolves(page: Path) -> None:
    """A relative link leads to a file, and its fragment to a heading."""
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if "://" in target:
            continue
        name, _, fragment = target.partition("#")
        path = page.parent / name if name else page
        assert path.exists(), target
        assert not fragment or fragment in headings(path), target


def headings(page: Path) -> set[str]:
    """The fragments of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_readme_lists_every_command() -> None:
    """None is missing, and none is there that is gone."""
    listed = re.findall(r"^\| `sluicegate ([\w-]+)` \|", PAGES[0].read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)


def test_every_feature_has_its_row() -> None:
    """Place, name and meaning are the code's, in its order, and each has a formula."""
    listed = rows("#")
    expected = [[str(i), f.name, f.text] for i, f in enumerate(FEATURES)]
    assert [row[:3] for row in listed] == expected
    assert all(row[3] for row in listed)


def test_the_windows_are_the_calendars() -> None:
    """Names and hops of both calendars."""
    expected = [
        [kind, name, span(hop)]
        for kind, calendar in (("fine", FINE), ("daily", DAILY))
        for name, hop in zip(calendar.names, calendar.hops, strict=True)
    ]
    assert rows("calendar") == expected
    assert [span(w) for w in FINE.windows] == ["1m", "10m", "1h", "6h", "1d", "7d", "30d"]


def test_the_kinds_are_those_that_are_kept() -> None:
    """Each kind of value with its cap."""
    expected = [[kind, str(cap)] for kind, cap in zip(KINDS, CAPS.tolist(), strict=True)]
    assert [[row[0], row[-1]] for row in rows("kind")] == expected
    assert KINDS[:-1] == DISTINCT_KINDS


def test_the_header_is_the_packed_one() -> None:
    """Place, width and name of every field."""
    fields = HEADER.fields
    assert fields is not None
    expected = [[str(f[1]), str(f[0].itemsize), name] for name, f in fields.items()]
    assert [row[:3] for row in rows("offset")] == expected


def test_the_sums_are_as_wide_as_packed() -> None:
    """Which sums share a block, and how wide it is in each rung."""
    expected = []
    for name, form, measures in (
        ("fine", FINE_FORM, FINE_MEASURES),
        ("daily", DAILY_FORM, DAILY_MEASURES),
    ):
        at = 0
        for columns, widths in form.blocks:
            block = measures[at : at + columns]
            told = f"{name}: {columns}, `{block[0]}` to `{block[-1]}"
            expected.append([told, *map(str, widths)])
            at += columns
    assert rows("sums") == expected


@pytest.mark.parametrize(
    "phrase",
    [
        f"At most {MOST:,} ids",
        f"kept as {ID_BITS} bits",
        f"{HASH_BITS} bits of the hash",
        f"1 in {1 << HASH_BITS:,}",
        f"by more than {GRACE_MS // MINUTE_MS} minutes",
        f"more than {MAX_AHEAD_MS // MINUTE_MS} minutes ahead",
        f"Ticks are {TICK_MS // 1_000} seconds",
        f"modulo {SHARDS}",
        f"modulo {MODEL_SHARDS}",
        f"lives {LIFETIME_S // 86_400} days",
    ],
)
def test_the_constants_are_the_codes(phrase: str) -> None:
    """A number that stands in the contract is the one in the code."""
    assert phrase in FEATURES_PAGE
