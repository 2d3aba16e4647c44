"""Draws lines over a logarithmic axis as SVG, readable on light and dark pages."""

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

import msgspec

_WIDTH, _HEIGHT = 760, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 170, 50, 60
_COLOURS = ("#3b82f6", "#f97316", "#10b981", "#a855f7", "#64748b")
_TICKS = 5
_LEGEND = 20
_INK = "#7c8594"
_HEAD = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
    f'font-family="system-ui, sans-serif" font-size="13" fill="{_INK}">'
)

Point = tuple[float, float]


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """Lines to be drawn: points by the name of the line; both axes begin where they should, y at zero."""

    file: str
    title: str
    x_label: str
    y_label: str
    lines: Mapping[str, Sequence[Point]]


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """Where points lie in the picture."""

    x_least: float
    x_most: float
    y_most: float

    def x(self, value: float) -> float:
        """Give the place of a value on the logarithmic axis."""
        span = math.log10(self.x_most / self.x_least) or 1.0
        return _LEFT + math.log10(value / self.x_least) / span * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """Give the place of a value on the axis that begins with zero."""
        return _HEIGHT - _BOTTOM - value / self.y_most * (_HEIGHT - _TOP - _BOTTOM)


def svg(plot: Plot) -> str:
    """Draw a plot. Raises ValueError when it has no points."""
    points = [point for line in plot.lines.values() for point in line]
    if not points:
        raise ValueError(f"there is nothing to draw in {plot.title!r}")
    frame = Frame(
        x_least=min(x for x, _ in points),
        x_most=max(x for x, _ in points),
        y_most=round_up(max(y for _, y in points)),
    )
    parts = [
        _HEAD,
        f"<title>{escape(plot.title)}</title>",
        _text(_LEFT, 26, plot.title, size=16),
        *_grid(frame, sorted({x for x, _ in points})),
        _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 14, plot.x_label, anchor="middle"),
        _text(_LEFT, 43, plot.y_label),
        *_lines(plot, frame),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def round_up(value: float) -> float:
    """Give the next number of the form 1, 2, 2.5 or 5 times a power of ten; 1 for nothing."""
    if value <= 0:
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value)


def _grid(frame: Frame, places: Sequence[float]) -> list[str]:
    parts: list[str] = []
    for tick in range(_TICKS + 1):
        value = frame.y_most * tick / _TICKS
        y = frame.y(value)
        parts.extend((_line(_LEFT, y, _WIDTH - _RIGHT, y), _text(_LEFT - 8, y + 4, _number(value), anchor="end")))
    parts.extend(_text(frame.x(place), _HEIGHT - _BOTTOM + 20, _number(place), anchor="middle") for place in places)
    return parts


def _lines(plot: Plot, frame: Frame) -> list[str]:
    parts: list[str] = []
    for place, (colour, (name, points)) in enumerate(zip(_COLOURS, plot.lines.items(), strict=False)):
        placed = [(frame.x(x), frame.y(y)) for x, y in sorted(points)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts.extend(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in placed)
        parts.append(_text(_WIDTH - _RIGHT + 18, _TOP + 5 + _LEGEND * place, name, colour=colour))
    return parts


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{_INK}" stroke-opacity="0.3"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 13, colour: str = _INK) -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}"'
    return f"<text {where}>{escape(text)}</text>"


def _number(value: float) -> str:
    return f"{value:,.0f}".replace(",", "\u202f") if value >= 10 or value == int(value) else f"{value:g}"
