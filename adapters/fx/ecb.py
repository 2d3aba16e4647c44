"""The euro foreign exchange reference rates of the European Central Bank: the historical CSV, or the ZIP around it.

A row per working day, newest first; a column per currency: units of it for one euro; `N/A` where it was not quoted; the
header and each row end with a comma. Days without a row are not filled in, and `N/A` is not a price of an earlier day.
The file does not say when it was published.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from adapters.fx.cells import day_in, find_currency, price_in
from adapters.fx.fetching import Fetch, unpacked
from application.ports.fx import RateSource, RatesUnreadable
from domain.fx.rates import Rate, RateSheet, Side, Source
from domain.money import Currency

NOT_QUOTED = ("N/A", "")
EUR = Currency("EUR")


class EcbRates(RateSource):
    """Reads the reference file where the settings say that it is."""

    def __init__(self, location: str, fetch: Fetch) -> None:
        """Read it from there."""
        self._location = location
        self._fetch = fetch

    @property
    def source(self) -> Source:
        """The European Central Bank."""
        return Source.ECB

    async def sheets(self, *, since: date, until: date) -> tuple[RateSheet, ...]:
        """Read the whole file, of which these days are wanted."""
        return sheets_in(unpacked(await self._fetch(self._location)), since=since, until=until)


def sheets_in(raw: bytes, *, since: date, until: date) -> tuple[RateSheet, ...]:
    """Read the file. Raises RatesUnreadable for anything that the ECB does not write, wherever it stands."""
    try:
        lines = raw.decode("ascii").splitlines()
    except UnicodeDecodeError as error:
        raise RatesUnreadable(f"byte {error.start} is no ASCII") from error
    if not lines:
        raise RatesUnreadable("the file is empty")
    columns = _columns(lines[0].split(","))
    read: dict[date, RateSheet | None] = {}
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split(",")
        if len(cells) != len(columns) or cells[-1]:
            raise RatesUnreadable(f"line {number} has {len(cells)} cells, the header has {len(columns)}")
        day = day_in(cells[0], f"line {number}")
        if day in read:
            raise RatesUnreadable(f"line {number}: {day} stands there twice")
        read[day] = _sheet(day, columns, cells, number)
    wanted = (sheet for day, sheet in sorted(read.items()) if since <= day <= until)
    return tuple(sheet for sheet in wanted if sheet is not None)


def _columns(header: Sequence[str]) -> tuple[Currency | None, ...]:
    """Give the currency of each column; None for those that no price is read from."""
    if header[0] != "Date" or header[-1]:
        raise RatesUnreadable("line 1 is not the header of the reference rates")
    codes = header[1:-1]
    if len(set(codes)) != len(codes):
        raise RatesUnreadable("line 1 names a currency twice")
    return (None, *(find_currency(code, "line 1") for code in codes), None)


def _sheet(day: date, columns: Sequence[Currency | None], cells: Sequence[str], number: int) -> RateSheet | None:
    """Make the sheet of a row; None when no current currency was quoted."""
    rates = tuple(_rates(day, columns, cells, number))
    return RateSheet(source=Source.ECB, as_of=day, rates=rates) if rates else None


def _rates(day: date, columns: Sequence[Currency | None], cells: Sequence[str], number: int) -> Iterator[Rate]:
    for currency, cell in zip(columns[1:-1], cells[1:-1], strict=True):
        if cell in NOT_QUOTED:
            continue
        value = price_in(cell, f"line {number}")
        if currency is not None:
            yield Rate(
                source=Source.ECB,
                base=EUR,
                quote=currency,
                unit=1,
                side=Side.MID,
                as_of=day,
                published_at=None,
                value=value,
            )
