"""The foreign exchange rates of Nepal Rastra Bank: JSON, two-sided, in rupees, per 1, 10 or 100 of the currency.

`GET ...?page=1&per_page=100&from=2026-10-01&to=2026-10-30`, all four required. A sheet per day; `published_on` is Nepal
time and stands after `modified_on`, as tomorrow's rates are prepared the day before.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone

import msgspec
from yarl import URL

from adapters.fx.cells import day_in, find_currency, price_in
from adapters.fx.fetching import Fetch
from application.ports.fx import RateSource, RatesUnreadable
from domain.fx.rates import Rate, RateSheet, Side, Source
from domain.money import Currency

NPR = Currency("NPR")
NEPAL_TIME = timezone(timedelta(hours=5, minutes=45))
PER_PAGE = 100
PAGES_MAX = 200
UNITS = (1, 10, 100)


class NrbCurrency(msgspec.Struct, frozen=True):
    """What a price is for: `unit` of this currency."""

    iso3: str
    unit: int


class NrbRate(msgspec.Struct, frozen=True):
    """What the bank pays and asks, as text; null where it does not quote."""

    currency: NrbCurrency
    buy: str | None
    sell: str | None


class NrbDay(msgspec.Struct, frozen=True):
    """The prices of one day."""

    date: str
    published_on: str
    rates: tuple[NrbRate, ...]


class NrbData(msgspec.Struct, frozen=True):
    """The days of a page."""

    payload: tuple[NrbDay, ...]


class NrbPagination(msgspec.Struct, frozen=True):
    """Which page of how many."""

    page: int
    pages: int


class NrbPage(msgspec.Struct, frozen=True):
    """An answer, of which the rest is not needed."""

    data: NrbData
    pagination: NrbPagination | None = None


class NrbRates(RateSource):
    """Asks the bank, or reads one of its answers from a file."""

    def __init__(self, location: str, fetch: Fetch) -> None:
        """Ask there: the address without its query, or the path of a file."""
        self._location = location
        self._fetch = fetch

    @property
    def source(self) -> Source:
        """Nepal Rastra Bank."""
        return Source.NRB

    async def sheets(self, *, since: date, until: date) -> tuple[RateSheet, ...]:
        """Read page by page."""
        read: dict[date, RateSheet] = {}
        for number in range(1, PAGES_MAX + 1):
            page = page_in(await self._fetch(self._page(number, since, until)))
            for sheet in sheets_in(page):
                if sheet.as_of in read:
                    raise RatesUnreadable(f"page {number}: {sheet.as_of} stands there twice")
                read[sheet.as_of] = sheet
            if page.pagination is None or page.pagination.pages <= number:
                return tuple(sheet for day, sheet in sorted(read.items()) if since <= day <= until)
        raise RatesUnreadable(f"more than {PAGES_MAX} pages")

    def _page(self, number: int, since: date, until: date) -> str:
        if not self._location.startswith(("http://", "https://")):
            return self._location
        asked: dict[str, str | int] = {
            "page": number,
            "per_page": PER_PAGE,
            "from": since.isoformat(),
            "to": until.isoformat(),
        }
        return str(URL(self._location).with_query(asked))


def page_in(raw: bytes) -> NrbPage:
    """Read an answer. Raises RatesUnreadable for anything that the bank does not write."""
    try:
        return msgspec.json.decode(raw, type=NrbPage)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RatesUnreadable(f"the answer cannot be read: {error}") from error


def sheets_in(page: NrbPage) -> Iterator[RateSheet]:
    """Give the sheets of a page. Raises RatesUnreadable for a price that is none, or that contradicts another."""
    for day in page.data.payload:
        as_of = day_in(day.date, "date")
        rates = tuple(rate for one in day.rates for rate in _rates(as_of, _published(day), one))
        if not rates:
            continue
        try:
            yield RateSheet(source=Source.NRB, as_of=as_of, rates=rates)
        except ValueError as error:
            raise RatesUnreadable(str(error)) from error


def _rates(as_of: date, published_at: datetime, given: NrbRate) -> Iterator[Rate]:
    where = f"{as_of} {given.currency.iso3[:10]}"
    currency = find_currency(given.currency.iso3, where)
    if given.currency.unit not in UNITS or currency == NPR:
        raise RatesUnreadable(f"{where}: a price for {given.currency.unit} of it")
    for side, text in ((Side.BUY, given.buy), (Side.SELL, given.sell)):
        if text is None or text == "":
            continue
        value = price_in(text, where)
        if currency is not None:
            yield Rate(
                source=Source.NRB,
                base=currency,
                quote=NPR,
                unit=given.currency.unit,
                side=side,
                as_of=as_of,
                published_at=published_at,
                value=value,
            )


def _published(day: NrbDay) -> datetime:
    """Read the time of publication, which is Nepal's."""
    try:
        moment = datetime.strptime(day.published_on, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 -- the next line says the zone
    except ValueError as error:
        raise RatesUnreadable(f"{day.date}: {day.published_on[:40]!r} is not a time") from error
    return moment.replace(tzinfo=NEPAL_TIME).astimezone(UTC)
