"""Plots of one share against another, as inline SVG in the report's style."""

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

WIDTH: Final = 880
HEIGHT: Final = 380
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 22, 52
_PARTS: Final = 5  # of an axis

Point = tuple[float, float]


class Axis(NamedTuple):
    """What an axis shows, from 0 to `top`."""

    label: str
    top: float = 1.0


class Mark(NamedTuple):
    """A point with a name."""

    x: float
    y: float
    name: str


class Chart(NamedTuple):
    """A plane that is drawn on; both axes are shares."""

    title: str
    across: Axis
    up: Axis

    def draw(self, line: Sequence[Point], marks: Sequence[Mark] = (), even: bool = False) -> str:
        """A line in the order of its points, cut off where it leaves the plane; `even`: with the
        diagonal on which both shares are equal."""
        inside = [p for p in line if p[0] <= self.across.top and p[1] <= self.up.top]
        path = "L".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in inside)
        drawn = [f'<path class="line" d="M{path}"/>'] if inside else []
        if even:
            end = min(self.across.top, self.up.top)
            drawn.append(
                f'<line class="mark" x1="{self._x(0):.1f}" y1="{self._y(0):.1f}" '
                f'x2="{self._x(end):.1f}" y2="{self._y(end):.1f}"/>'
            )
        drawn.append(self._marks(marks))
        return (
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(self.title)}">'
            f"<title>{escape(self.title)}</title>{self._grid()}{''.join(drawn)}</svg>"
        )

    def _x(self, share: float) -> float:
        return LEFT + share / self.across.top * (WIDTH - LEFT - RIGHT)

    def _y(self, share: float) -> float:
        return TOP + (1 - share / self.up.top) * (HEIGHT - TOP - BOTTOM)

    def _marks(self, marks: Sequence[Mark]) -> str:
        """Circles with their names; those that lie on one another share a line of text."""
        names: dict[Point, list[str]] = {}
        for mark in marks:
            if mark.x <= self.across.top:
                place = round(self._x(mark.x)), round(self._y(mark.y))
                names.setdefault(place, []).append(mark.name)
        return "".join(_marked(place, ", ".join(told)) for place, told in names.items())

    def _grid(self) -> str:
        parts = [part / _PARTS for part in range(_PARTS + 1)]
        rows = "".join(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{told}</text>'
            for y, told in ((self._y(p * self.up.top), _told(p * self.up.top)) for p in parts)
        )
        columns = "".join(
            f'<text class="tick" x="{self._x(p * self.across.top):.1f}" '
            f'y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{_told(p * self.across.top)}</text>'
            for p in parts
        )
        return (
            f'{rows}{columns}<text class="tick" x="{WIDTH - RIGHT}" y="{HEIGHT - 12}" '
            f'text-anchor="end">{escape(self.across.label)}</text>'
            f'<text class="tick" x="{LEFT}" y="{TOP - 8}">{escape(self.up.label)}</text>'
        )


def _marked(place: Point, name: str) -> str:
    x, y = place
    anchor, shift = ("end", -9) if x > WIDTH - 160 else ("start", 9)
    return (
        f'<circle class="line" cx="{x}" cy="{y}" r="4"/><text class="marked" x="{x + shift}" '
        f'y="{y + 16}" text-anchor="{anchor}">{escape(name)}</text>'
    )


def ceiling(highest: float) -> float:
    """The top of an axis of five parts, round: at least 1 %, at most 100 %."""
    tops = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 0.75)
    return next((top for top in tops if top >= highest), 1.0)


def _told(share: float) -> str:
    return f"{100 * share:.3g} %"
