"""The ECB's file, read from real rows of it, and refused whole when a single cell is not what the ECB writes."""

import io
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.fx.ecb import EcbRates, sheets_in
from adapters.fx.fetching import BoundedFetch, unpacked
from application.ports.fx import RatesUnreadable
from domain.errors import MediatorError
from domain.fx.crossing import steps_between
from domain.fx.rates import RateSheet, Side, Source
from domain.money import Currency

FILE = Path(__file__).parents[2] / "data" / "eurofxref-excerpt.csv"
REAL = FILE.read_bytes()
EVER = {"since": date.min, "until": date.max}
SMALL = b"Date,USD,JPY,\n2026-10-30,1.1172,175.68,\n2026-10-29,1.113,N/A,\n"


def sheet_of(day: str, raw: bytes = REAL) -> RateSheet:
    wanted = date.fromisoformat(day)
    (sheet,) = sheets_in(raw, since=wanted, until=wanted)
    return sheet


def prices(sheet: RateSheet) -> dict[str, Decimal]:
    return {rate.quote: rate.value for rate in sheet.rates}


def test_real_rows_are_read_exactly_and_oldest_first() -> None:
    sheets = sheets_in(REAL, **EVER)

    assert [sheet.as_of for sheet in sheets][:2] == [date(1999, 1, 4), date(2004, 12, 31)]
    assert [sheet.as_of for sheet in sheets] == sorted(sheet.as_of for sheet in sheets)
    assert len(sheets) == len(REAL.splitlines()) - 1
    newest = prices(sheets[-1])
    assert (newest["USD"], newest["IDR"], newest["ISK"]) == (Decimal("1.1172"), Decimal("20275.17"), Decimal(136))
    assert {(one.source, one.base, one.unit, one.side) for one in sheets[-1].rates} == {
        (Source.ECB, "EUR", 1, Side.MID)
    }


def test_what_was_not_quoted_on_a_day_has_no_rate_of_another_day() -> None:
    for day, quoted in (("2008-12-09", True), ("2008-12-10", False), ("2018-01-31", False), ("2018-02-01", True)):
        assert ("ISK" in prices(sheet_of(day))) is quoted
    with pytest.raises(MediatorError, match="no rate from EUR to ISK for 2008-12-10"):
        steps_between(sheet_of("2008-12-10"), Currency("EUR"), Currency("ISK"))


def test_currencies_that_have_gone_are_left_out_and_their_successors_are_not_mixed_up_with_them() -> None:
    before, after = prices(sheet_of("2004-12-31")), prices(sheet_of("2005-01-03"))

    assert "TRY" not in before
    assert after["TRY"] == Decimal("1.815")
    assert not {"TRL", "CYP", "EEK", "HRK", "BGN"} & (before.keys() | after.keys())


def test_holidays_have_no_sheet() -> None:
    assert sheets_in(REAL, since=date(2023, 12, 23), until=date(2023, 12, 26)) == ()
    assert sheets_in(REAL, since=date(2024, 1, 1), until=date(2024, 1, 1)) == ()


def test_only_the_wanted_days_are_given_both_ends_included() -> None:
    sheets = sheets_in(REAL, since=date(2026, 10, 27), until=date(2026, 10, 29))

    assert [sheet.as_of.day for sheet in sheets] == [27, 28, 29]


@pytest.mark.parametrize(
    "cell",
    ["sNaN", "NaN", "Infinity", "-1", "+1", "0", "0.000", "1e5", "1 ", "1_0", "1,0", "n/a", "1.", ".5", "٣", "1" * 13],
)
def test_a_cell_that_is_no_price_spoils_the_whole_file(cell: str) -> None:
    raw = SMALL.decode().replace("175.68", cell).encode()

    with pytest.raises(RatesUnreadable):
        sheets_in(raw, **EVER)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("2026-10-29", "2026-10-30", "twice"),
        ("USD,JPY", "USD,USD", "twice"),
        ("2026-10-29", "2026-02-30", "not a day"),
        ("2026-10-29", "29 October 2026", "not a day"),
        ("2026-10-29", "20261029", "not a day"),
        ("N/A,", "N/A,1,", "cells"),
        ("1.113,N/A,", "1.113,", "cells"),
        ("1.113,N/A,", "1.113,N/A,7", "cells"),
        ("Date,", "Day,", "header"),
        ("JPY,\n", "JPY,X\n", "header"),
        ("USD", "usd", "not a currency"),
    ],
)
def test_anything_that_the_ecb_does_not_write_spoils_the_whole_file(old: str, new: str, complaint: str) -> None:
    with pytest.raises(RatesUnreadable, match=complaint):
        sheets_in(SMALL.decode().replace(old, new, 1).encode(), **EVER)


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"<html>"])
def test_what_is_no_file_of_rates_is_refused(raw: bytes) -> None:
    with pytest.raises(RatesUnreadable):
        sheets_in(raw, **EVER)


async def test_the_archive_is_read_as_the_ecb_publishes_it(tmp_path: Path) -> None:
    place = tmp_path / "eurofxref-hist.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("eurofxref-hist.csv", REAL)
    source = EcbRates(str(place), BoundedFetch())

    day = date(2026, 10, 30)
    assert await source.sheets(since=day, until=day + timedelta(days=3)) == (sheet_of("2026-10-30"),)


def test_an_archive_that_unfolds_beyond_the_bound_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", bytes(2000))

    assert len(unpacked(packed.getvalue(), bytes_max=2000)) == 2000
    with pytest.raises(RatesUnreadable, match="more than 1999"):
        unpacked(packed.getvalue(), bytes_max=1999)


def test_an_archive_of_several_files_or_a_torn_one_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", b"1")
        archive.writestr("b.csv", b"2")

    with pytest.raises(RatesUnreadable, match="2 files"):
        unpacked(packed.getvalue())
    with pytest.raises(RatesUnreadable, match="cannot be read"):
        unpacked(packed.getvalue()[:40])
