"""Prints the results as a table."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from tests.bench.results import Better, Result, Verdict

_COLOURS = {
    Verdict.REACHED: "green",
    Verdict.MISSED: "red",
    Verdict.STATED: "cyan",
    Verdict.NOT_MEASURED: "yellow",
}
_SIGNS = {Better.HIGHER: "≥", Better.LOWER: "≤"}


def table_of(results: Sequence[Result], *, caption: str) -> Table:
    """Make the table: what was measured, what was to be reached, the spread of the samples, and the figures behind."""
    table = Table(caption=caption, caption_justify="left", header_style="bold")
    for title, side in (("measure", "left"), ("median", "right"), ("to reach", "right"), ("samples", "left")):
        table.add_column(title, justify="right" if side == "right" else "left")
    table.add_column("verdict")
    table.add_column("detail", overflow="fold")
    for result in results:
        colour = _COLOURS[result.verdict]
        table.add_row(
            Text(result.name),
            Text("-" if result.ratio is None else number(result.ratio)),
            Text("" if result.target is None else f"{_SIGNS[result.better]} {number(result.target)}"),
            Text(spread(result.samples)),
            Text(result.verdict, style=colour),
            Text(result.detail),
        )
    return table


def number(value: float) -> str:
    """Write a figure with three digits that say something."""
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3g}"


def spread(samples: Sequence[float]) -> str:
    """Say how many samples there are, and how far apart."""
    if not samples:
        return ""
    return f"{len(samples)}: {number(min(samples))} - {number(max(samples))}"
