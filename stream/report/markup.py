"""Pieces of the pages: every text that comes from data passes `escape` here."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from html import escape
from pathlib import Path

from stream.report.wording import ACTIONS, CAVEATS


@cache
def _style() -> str:
    return Path(__file__).with_name("style.css").read_text("utf-8")


def document(title: str, body: str) -> str:
    """A whole page that needs nothing but itself."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_style()}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def section(title: str, *content: str) -> str:
    """A card with a heading."""
    return f"<section><h2>{escape(title)}</h2>{''.join(content)}</section>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain text."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def tiles(figures: Iterable[tuple[str, str]]) -> str:
    """What it is and how much, side by side."""
    rows = (
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in figures
    )
    return f'<dl class="tiles">{"".join(rows)}</dl>'


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: int) -> str:
    """Cells of markup under headings; the last `numbers` columns are numbers."""
    first = len(columns) - numbers

    def cell(tag: str, place: int, content: str) -> str:
        kind = ' class="n"' if place >= first else ""
        scope = ' scope="col"' if tag == "th" else ""
        return f"<{tag}{kind}{scope}>{content}</{tag}>"

    head = "".join(cell("th", place, escape(name)) for place, name in enumerate(columns))
    body = "".join(
        f"<tr>{''.join(cell('td', place, content) for place, content in enumerate(row))}</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        "</div>"
    )


def folded(title: str, content: str) -> str:
    """What only who asks for it wants to see."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def legend(actions: Iterable[str]) -> str:
    """Which colour is which action."""
    found = (f'<li><i class="a-{name}"></i>{escape(ACTIONS[name])}</li>' for name in actions)
    return f'<ul class="legend">{"".join(found)}</ul>'


def share_bar(share: float) -> str:
    """A share as a length; the figure stands beside it."""
    return f'<div class="bar"><i style="width:{100 * share:.1f}%"></i></div>'


def caveats(told: Iterable[str] = CAVEATS) -> str:
    """What to keep in mind while reading."""
    items = "".join(f"<li>{escape(caveat)}</li>" for caveat in told)
    return section("How to read this", f'<ol class="caveats">{items}</ol>')


def moment(ts: int) -> str:
    """A time for people, to the minute."""
    return datetime.fromtimestamp(ts / 1_000, UTC).strftime("%d %B %Y, %H:%M UTC")


def counted(number: int, thing: str) -> str:
    """`1 account`, `2 accounts`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def percent(share: float) -> str:
    """A share as people read it: no rounding to none or all."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    return "> 99.9 %" if 0.999 < share < 1 else f"{100 * share:.1f} %"
