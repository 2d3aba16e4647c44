"""A statement adds up or does not exist."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import VAL_PERIOD, MediatorError
from domain.ledger import Direction
from domain.money import Currency
from domain.statements import SETTLED_AFTER, Period, Statement, Turnover, month_before, period_of
from tests.adapters.statements.strategies import statements
from tests.fakes.statements import NOON, OCTOBER, READ, History, an_account

MIDNIGHT = datetime(2026, 11, 1, tzinfo=UTC)


@given(statements())
def test_opening_and_entries_are_the_closing_balance_whatever_was_booked(statement: Statement) -> None:
    signed = {Direction.CREDIT: 1, Direction.DEBIT: -1}
    side = signed[statement.account.normal_balance]

    booked = sum(side * signed[one.direction] * one.amount_minor for one in statement.entries)

    assert statement.opening_minor + booked == statement.closing_minor
    debits, credits_ = statement.turnover(Direction.DEBIT), statement.turnover(Direction.CREDIT)
    assert side * (credits_.sum_minor - debits.sum_minor) == booked
    assert debits.count + credits_.count == len(statement.entries)


@given(statements().filter(lambda one: one.entries), st.data())
def test_no_statement_can_be_built_of_which_anything_is_another_amount(
    statement: Statement, data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(statement.entries) - 1))
    field = data.draw(st.sampled_from(["amount_minor", "balance_minor"]))
    entry = statement.entries[number]
    wrong = msgspec.structs.replace(entry, **{field: getattr(entry, field) + 1})
    entries = (*statement.entries[:number], wrong, *statement.entries[number + 1 :])

    with pytest.raises(ValueError, match="leads to"):
        msgspec.structs.replace(statement, entries=entries)


@given(statements(), st.sampled_from([-1, 1]), st.sampled_from(["opening_minor", "closing_minor"]))
def test_no_statement_can_be_built_between_other_balances(statement: Statement, step: int, end: str) -> None:
    with pytest.raises(ValueError, match="lead"):
        msgspec.structs.replace(statement, **{end: getattr(statement, end) + step})


@given(statements().filter(lambda one: one.entries), st.data())
def test_no_statement_can_be_built_of_which_an_entry_is_missing(statement: Statement, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(statement.entries) - 1))
    entries = statement.entries[:number] + statement.entries[number + 1 :]

    with pytest.raises(ValueError, match="lead"):
        msgspec.structs.replace(statement, entries=entries)


def test_entries_out_of_order_are_refused_even_if_they_add_up() -> None:
    history = History().book(5, NOON).book(5, NOON - timedelta(seconds=1))

    with pytest.raises(ValueError, match="out of order"):
        history.statement()


@pytest.mark.parametrize("at", [OCTOBER.start - timedelta(microseconds=1), OCTOBER.end])
def test_an_entry_outside_of_the_period_is_refused(at: datetime) -> None:
    with pytest.raises(ValueError, match="outside"):
        History().book(5, at).statement()


def test_an_entry_of_another_currency_is_refused() -> None:
    with pytest.raises(ValueError, match="no entry of this account"):
        History().book(5, currency=Currency("JPY")).statement()


def test_an_entry_on_the_other_side_lessens_the_balance() -> None:
    statement = History(an_account(normal_balance=Direction.DEBIT), opening_minor=10).book(-3).book(8).statement()

    assert [one.direction for one in statement.entries] == [Direction.CREDIT, Direction.DEBIT]
    assert (statement.turnover(Direction.DEBIT), statement.turnover(Direction.CREDIT)) == (
        Turnover(1, 8),
        Turnover(1, 3),
    )
    assert statement.closing_minor == 15


@pytest.mark.parametrize(
    ("as_of", "is_final"),
    [
        (OCTOBER.end + SETTLED_AFTER, True),
        (OCTOBER.end + SETTLED_AFTER - timedelta(microseconds=1), False),
        (OCTOBER.start, False),
    ],
)
def test_a_statement_is_final_a_minute_after_its_period(as_of: datetime, is_final: bool) -> None:  # noqa: FBT001 -- a value of the test
    assert History().statement(as_of=as_of).is_final is is_final


def test_a_period_to_the_end_of_all_days_is_never_final() -> None:
    forever = Period(OCTOBER.start, datetime.max.replace(tzinfo=UTC))

    assert not History().statement(forever).is_final


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        (READ, datetime(2026, 10, 1, tzinfo=UTC), MIDNIGHT),
        (MIDNIGHT, datetime(2026, 10, 1, tzinfo=UTC), MIDNIGHT),
        (MIDNIGHT - timedelta(microseconds=1), datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)),
        (datetime(2028, 3, 31, tzinfo=UTC), datetime(2028, 2, 1, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
        (
            datetime(2026, 11, 1, 5, 44, tzinfo=timezone(timedelta(hours=5, minutes=45))),
            datetime(2026, 9, 1, tzinfo=UTC),
            datetime(2026, 10, 1, tzinfo=UTC),
        ),
    ],
)
def test_without_a_period_it_is_the_last_calendar_month_in_utc(now: datetime, start: datetime, end: datetime) -> None:
    assert month_before(now) == period_of(None, None, now=now) == Period(start, end)


@pytest.mark.parametrize(("start", "end"), [(MIDNIGHT, MIDNIGHT), (MIDNIGHT, NOON), (MIDNIGHT, None), (None, MIDNIGHT)])
def test_a_period_without_a_moment_or_with_one_end_is_refused(start: datetime | None, end: datetime | None) -> None:
    with pytest.raises(MediatorError) as refused:
        period_of(start, end, now=READ)

    assert refused.value.entry is VAL_PERIOD
