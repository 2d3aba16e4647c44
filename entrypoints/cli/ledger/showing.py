"""Prints what a command found: for programs as JSON, for people as tables in which nothing is taken for markup."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from rich.table import Table
from rich.text import Text

from domain.money import Currency, Money
from entrypoints.cli import output

EXACT_MAX = 2**53 - 1
"""What every JSON reader keeps exact (RFC 8259 §6)."""

Exact = int | str
"""Minor units; a string of digits where not every reader would keep them exact."""


def exact(minor: int) -> Exact:
    """Write minor units so that no reader changes them."""
    return minor if -EXACT_MAX <= minor <= EXACT_MAX else str(minor)


def money(minor: Exact | None, currency: str) -> str:
    """Write an amount in major units, for people."""
    return "" if minor is None else str(Money(int(minor), Currency(currency)))


def instant(moment: datetime | None) -> str:
    """Write a moment in UTC."""
    return "" if moment is None else moment.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds")[:-6] + "Z"


def metadata_in_line(metadata: Mapping[str, str]) -> str:
    """Write metadata in one line, with every control character escaped."""
    return msgspec.json.encode(metadata).decode() if metadata else ""


def grid(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()) -> Table:
    """Make a table of many things; the columns named in `right` hold numbers."""
    table = Table(title=Text(title), title_justify="left", header_style="bold")
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    return table


def card(title: str, facts: Mapping[str, object]) -> Table:
    """Make a table of one thing; what is empty is left out."""
    table = Table(title=Text(title), title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        if value not in ("", None):
            table.add_row(name, Text(str(value)))
    return table


def tell(value: object, *tables: Table, as_json: bool) -> None:
    """Print a value as JSON, or as its tables."""
    if as_json:
        output.say_json(value)
        return
    console = output.answers()
    for table in tables:
        console.print(table)


def tell_rows(shown: Sequence[object], table: Table, *, as_json: bool, none: str, has_more: bool) -> None:
    """Print a list, or that there is none; say when it goes on."""
    if as_json or shown:
        tell(shown, table, as_json=as_json)
    else:
        output.say(none)
    if has_more:
        output.news().print("There are more: say --limit or --all.")


def note_replay(*, replayed: bool) -> None:
    """Say when nothing was done, because it was done before."""
    if replayed:
        output.news().print("The key was used before: this is what it did then, and nothing more was done.")
