"""Nepal Rastra Bank's answers: two-sided, per 1, 10 or 100, in Nepal's time, and refused whole when strange."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.fx.nrb import NrbRates, page_in, sheets_in
from application.ports.fx import RatesUnreadable
from domain.fx.rates import RateSheet, Side, Source

FILE = Path(__file__).parents[2] / "data" / "nrb-forex.json"
REAL = FILE.read_bytes()
DAY = date(2023, 3, 1)
ADDRESS = "https://rates.example/api/forex/v1/rates"


def read(raw: bytes = REAL) -> RateSheet:
    (sheet,) = sheets_in(page_in(raw))
    return sheet


def changed(*path: str | int, value: object) -> bytes:
    """Give the answer with another value at that place of its first day."""
    answer = json.loads(REAL)
    place: Any = answer["data"]["payload"][0]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(answer).encode()


class Pages:
    """Answers as the bank does, one day a page."""

    def __init__(self, *days: str, pages: int | None = None) -> None:
        self.days = days
        self.pages = pages or len(days)
        self.asked: list[dict[str, list[str]]] = []

    async def __call__(self, location: str) -> bytes:
        parts = urlsplit(location)
        assert location.startswith(ADDRESS)
        self.asked.append(parse_qs(parts.query))
        number = int(self.asked[-1]["page"][0])
        answer = json.loads(changed("date", value=self.days[(number - 1) % len(self.days)]))
        answer["pagination"] = {"page": number, "pages": self.pages}
        return json.dumps(answer).encode()


def test_prices_are_read_per_unit_and_side() -> None:
    sheet = read()
    by_pair = {(str(rate.base), rate.side): rate for rate in sheet.rates}

    assert (sheet.source, sheet.as_of, len(sheet.rates)) == (Source.NRB, DAY, 22)
    assert {rate.quote for rate in sheet.rates} == {"NPR"}
    assert by_pair["INR", Side.SELL].price == Fraction("160.15") / 100
    assert by_pair["JPY", Side.BUY].price == Fraction("9.65") / 10
    assert by_pair["USD", Side.BUY].value == Decimal("131.97")


def test_the_time_of_publication_is_nepals() -> None:
    assert {rate.published_at for rate in read().rates} == {datetime(2023, 2, 28, 18, 15, 49, tzinfo=UTC)}


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_side_that_is_not_quoted_has_no_rate(nothing: str | None) -> None:
    sheet = read(changed("rates", 1, "buy", value=nothing))

    assert {rate.side for rate in sheet.rates if rate.base == "USD"} == {Side.SELL}


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("rates", 1, "buy"), "sNaN", "not a price"),
        (("rates", 1, "buy"), "-131.97", "not a price"),
        (("rates", 1, "buy"), "1,131.97", "not a price"),
        (("rates", 1, "buy"), 131.97, "cannot be read"),
        (("rates", 1, "buy"), "133.00", "dearer"),
        (("rates", 1, "currency", "iso3"), "INR", "twice"),
        (("rates", 1, "currency", "iso3"), "NPR", "a price for"),
        (("rates", 1, "currency", "iso3"), "US", "not a currency"),
        (("rates", 1, "currency", "unit"), 1000, "a price for 1000"),
        (("rates", 1, "currency", "unit"), "100", "cannot be read"),
        (("date",), "2023-02-30", "not a day"),
        (("published_on",), "yesterday", "not a time"),
    ],
)
def test_a_strange_answer_is_refused_whole(path: tuple[str | int, ...], value: object, complaint: str) -> None:
    with pytest.raises(RatesUnreadable, match=complaint):
        read(changed(*path, value=value))


@pytest.mark.parametrize("raw", [b"", b"{}", b"[" * 5000, b"\xff", b'{"data":{"payload":null}}'])
def test_what_is_no_answer_of_the_bank_is_refused(raw: bytes) -> None:
    with pytest.raises(RatesUnreadable):
        page_in(raw)


async def test_every_page_is_asked_for_with_all_four_parameters() -> None:
    pages = Pages("2023-03-02", "2023-03-01")

    sheets = await NrbRates(ADDRESS, pages).sheets(since=DAY, until=date(2023, 3, 2))

    assert [sheet.as_of for sheet in sheets] == [DAY, date(2023, 3, 2)]
    common = {"per_page": ["100"], "from": ["2023-03-01"], "to": ["2023-03-02"]}
    assert pages.asked == [{"page": ["1"], **common}, {"page": ["2"], **common}]


async def test_days_that_were_not_asked_for_are_left_out() -> None:
    assert await NrbRates(ADDRESS, Pages("2023-03-01")).sheets(since=date(2023, 3, 2), until=date(2023, 3, 9)) == ()


async def test_a_day_on_two_pages_is_refused() -> None:
    with pytest.raises(RatesUnreadable, match="twice"):
        await NrbRates(ADDRESS, Pages("2023-03-01", pages=2)).sheets(since=DAY, until=DAY)


async def test_an_answer_in_a_file_is_read_from_there() -> None:
    async def from_file(location: str) -> bytes:
        assert location == "rates.json"
        return REAL

    (sheet,) = await NrbRates("rates.json", from_file).sheets(since=DAY, until=DAY)
    assert sheet == read()
