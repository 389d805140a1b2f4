"""Plots as inline SVG: no script, readable aloud, and in the colours of the page around them.

Colours are classes of the stylesheet, so that light, dark and print are decided there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Final

WIDTH: Final = 880
HEIGHT: Final = 260
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 22, 34
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Axis:
    """Time from `begin` in `steps` buckets of `width` ms; `mark`: a time to point out."""

    begin: int
    width: int
    steps: int
    mark: int

    def x(self, ts: float) -> float:
        """Where a time lies, in pixels."""
        share = (ts - self.begin) / (self.width * self.steps)
        return LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)


def bars(
    axis: Axis, title: str, rows: Sequence[Mapping[str, int]], layers: Mapping[str, str]
) -> str:
    """A stack for each bucket. `layers`: what each key of a row is called, lowest first."""
    top = ceiling(max((sum(row.values()) for row in rows), default=0))
    drawn = []
    for place, row in enumerate(rows):
        at, below = axis.begin + place * axis.width, 0
        left, right = axis.x(at), axis.x(at + axis.width)
        width = max(right - left - 1.5, 0.8)
        for name, told in layers.items():
            if count := row.get(name, 0):
                high, low = _y(below + count, top), _y(below, top)
                tip = f"{_stamp(at)}: {count:,} {told}"
                drawn.append(
                    f'<rect class="a-{name}" x="{left:.1f}" y="{high:.1f}" width="{width:.1f}" '
                    f'height="{max(low - high, 0.5):.1f}"><title>{escape(tip)}</title></rect>'
                )
                below += count
    return _frame(axis, title, top, "".join(drawn))


def steps(axis: Axis, title: str, counts: Sequence[int]) -> str:
    """A line that rises in steps, filled below."""
    top = ceiling(max(counts, default=0))
    line = f"M{axis.x(axis.begin):.1f},{_y(0, top):.1f}"
    for place, count in enumerate(counts):
        left = axis.x(axis.begin + place * axis.width)
        right = axis.x(axis.begin + (place + 1) * axis.width)
        line += f"L{left:.1f},{_y(count, top):.1f}L{right:.1f},{_y(count, top):.1f}"
    area = f"{line}L{axis.x(axis.begin + axis.steps * axis.width):.1f},{_y(0, top):.1f}Z"
    return _frame(
        axis, title, top, f'<path class="area" d="{area}"/><path class="line" d="{line}"/>'
    )


def ceiling(highest: int) -> int:
    """The top of an axis whose quarters are whole, round numbers."""
    unit = 1
    while True:
        for factor in (4, 8, 12, 16, 20, 24, 32, 40):  # quarters of 1, 2, 3, 4, 5, 6, 8, 10
            if factor * unit >= highest:
                return factor * unit
        unit *= 10


def _y(value: float, top: int) -> float:
    return TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM)


def _frame(axis: Axis, title: str, top: int, drawn: str) -> str:
    lines = "".join(_level(top * quarter // 4, top) for quarter in range(5))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{lines}{drawn}{_dates(axis)}{_mark(axis)}</svg>"
    )


def _level(value: int, top: int) -> str:
    y = _y(value, top)
    return (
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,}</text>'
    )


def _dates(axis: Axis) -> str:
    """At most seven dates, at midnight; hours where the axis is shorter than two days."""
    span = axis.width * axis.steps
    unit = DAY_MS if span >= 2 * DAY_MS else DAY_MS // 8
    step = unit * max(1, -(-span // (7 * unit)))
    form = "%d %b %Y" if span > 300 * DAY_MS else "%d %b" if unit == DAY_MS else "%d %b %H:%M"
    found = []
    for ts in range(-(-axis.begin // unit) * unit, axis.begin + span + 1, step):
        if (x := axis.x(ts)) <= WIDTH - RIGHT - 24:
            told = datetime.fromtimestamp(ts / 1_000, UTC).strftime(form)
            found.append(
                f'<line class="notch" x1="{x:.1f}" x2="{x:.1f}" y1="{HEIGHT - BOTTOM}" '
                f'y2="{HEIGHT - BOTTOM + 5}"/><text class="tick" x="{x:.1f}" '
                f'y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{told}</text>'
            )
    return "".join(found)


def _mark(axis: Axis) -> str:
    if not axis.begin <= axis.mark <= axis.begin + axis.width * axis.steps:
        return ""
    x = axis.x(axis.mark)
    anchor, shift = ("end", -6) if x > WIDTH / 2 else ("start", 6)
    return (
        f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{HEIGHT - BOTTOM}"/>'
        f'<text class="marked" x="{x + shift:.1f}" y="{TOP - 8}" text-anchor="{anchor}">'
        f"detected {_stamp(axis.mark)}</text>"
    )


def _stamp(ts: int) -> str:
    return datetime.fromtimestamp(ts / 1_000, UTC).strftime("%d %b %Y %H:%M")
