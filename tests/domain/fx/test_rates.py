"""Rates are exact, sheets do not contradict themselves, and a missing day is bridged only by a rule that says so."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from domain.errors import MediatorError
from domain.fx.rates import (
    PIVOTS,
    UTC_OFFSETS,
    DayRule,
    MissingDay,
    Rate,
    RateSheet,
    Side,
    Source,
    choose_sheet,
    require_fresh,
    today_of,
)
from tests.fakes.fx import FRIDAY, ecb_sheet, nrb_sheet

SUNDAY = FRIDAY + timedelta(days=2)


def a_rate(**changes: Any) -> Rate:
    standard: dict[str, Any] = {
        "source": Source.NRB,
        "base": "INR",
        "quote": "NPR",
        "unit": 100,
        "side": Side.BUY,
        "as_of": FRIDAY,
        "published_at": None,
        "value": Decimal("160.15"),
    }
    return Rate(**(standard | changes))


def test_a_price_is_exact_and_for_one_unit() -> None:
    assert a_rate().price == Fraction(16015, 10000)


@pytest.mark.parametrize("value", ["sNaN", "NaN", "Infinity", "0", "-1", "-0"])
def test_what_is_no_positive_number_is_no_rate(value: str) -> None:
    with pytest.raises(ValueError, match="not a rate"):
        a_rate(value=Decimal(value))


@pytest.mark.parametrize("changes", [{"unit": 0}, {"quote": "INR"}])
def test_a_rate_needs_a_unit_and_two_currencies(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a rate"):
        a_rate(**changes)


@pytest.mark.parametrize(
    ("rates", "complaint"),
    [
        ((), "no rate"),
        ((a_rate(), a_rate(value=Decimal(1))), "twice"),
        ((a_rate(), a_rate(side=Side.SELL, value=Decimal("160.14"))), "dearer"),
        ((a_rate(as_of=SUNDAY),), "does not belong"),
        ((a_rate(source=Source.ECB),), "does not belong"),
        ((a_rate(quote="USD"),), "does not belong"),
    ],
)
def test_a_sheet_that_contradicts_itself_cannot_be_built(rates: tuple[Rate, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        RateSheet(source=Source.NRB, as_of=FRIDAY, rates=rates)


def test_every_source_has_a_pivot_and_a_clock() -> None:
    assert set(PIVOTS) == set(UTC_OFFSETS) == set(Source)


class TestMissingDays:
    """The policy for days without a publication."""

    def test_a_published_day_serves_itself(self) -> None:
        chosen = choose_sheet(Source.ECB, ecb_sheet(), FRIDAY, DayRule(missing_day=MissingDay.EXACT))

        assert chosen.reason == f"ECB published these rates for {FRIDAY}."

    def test_a_weekend_is_served_by_friday_and_says_so(self) -> None:
        chosen = choose_sheet(Source.ECB, ecb_sheet(), SUNDAY, DayRule(days_back_max=2))

        assert chosen.sheet.as_of == FRIDAY
        assert f"published nothing for {SUNDAY}: the rates of {FRIDAY} serve" in chosen.reason
        assert "2 days before; 2 are allowed" in chosen.reason

    @pytest.mark.parametrize("rule", [DayRule(days_back_max=1), DayRule(missing_day=MissingDay.EXACT)])
    def test_a_day_beyond_the_rule_has_no_rate(self, rule: DayRule) -> None:
        with pytest.raises(MediatorError, match="FX_RATE_UNAVAILABLE"):
            choose_sheet(Source.ECB, ecb_sheet(), SUNDAY, rule)

    def test_the_exact_rule_goes_no_day_back_whatever_else_it_says(self) -> None:
        with pytest.raises(MediatorError, match="FX_RATE_UNAVAILABLE"):
            choose_sheet(Source.ECB, ecb_sheet(), SUNDAY, DayRule(missing_day=MissingDay.EXACT, days_back_max=9))

    @pytest.mark.parametrize("last", [None, ecb_sheet(SUNDAY)])
    def test_a_later_day_never_serves_an_earlier_one(self, last: RateSheet | None) -> None:
        with pytest.raises(MediatorError, match="FX_RATE_UNAVAILABLE"):
            choose_sheet(Source.ECB, last, FRIDAY, DayRule())


class TestAge:
    """The limit of age, from the publication or the beginning of the day."""

    def test_a_rate_without_a_time_ages_from_the_beginning_of_its_sources_day(self) -> None:
        assert ecb_sheet().known_at == datetime(2026, 10, 29, 23, tzinfo=UTC)

    def test_a_rate_with_a_time_ages_from_its_publication(self) -> None:
        assert nrb_sheet().known_at == datetime(2026, 10, 29, 18, 15, 49, tzinfo=UTC)

    def test_the_last_moment_of_the_limit_is_within_it(self) -> None:
        sheet, age = ecb_sheet(), timedelta(hours=30)

        require_fresh(sheet, now=sheet.known_at + age, age_max=age)
        with pytest.raises(MediatorError, match="older than 30 hours"):
            require_fresh(sheet, now=sheet.known_at + age + timedelta(microseconds=1), age_max=age)


@pytest.mark.parametrize(("source", "today"), [(Source.ECB, date(2026, 10, 30)), (Source.NRB, date(2026, 10, 31))])
def test_the_day_is_that_of_the_source(source: Source, today: date) -> None:
    assert today_of(source, datetime(2026, 10, 30, 18, 20, tzinfo=UTC)) == today
