"""A bank's statement adds up, or says by how much it does not; what could not be checked is not called proved."""

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain.bank_statements import BalanceKind, BankStatement, LineState, StatedBalance, StatementLine

AMOUNTS = st.decimals(0, 10**12, places=5, allow_nan=False, allow_infinity=False)
LINES = st.builds(
    StatementLine,
    amount=AMOUNTS,
    currency=st.sampled_from(["EUR", "JPY"]),
    is_credit=st.booleans(),
    is_reversal=st.booleans(),
    state=st.sampled_from(LineState),
)


def balance(kind: BalanceKind, amount: Decimal, currency: str) -> StatedBalance:
    return StatedBalance(kind=kind, code=kind.value, amount=amount, currency=currency)


def booked(lines: list[StatementLine], currency: str) -> Decimal:
    true = [line for line in lines if line.state is LineState.BOOKED and line.currency == currency]
    return sum((line.amount if line.is_credit else -line.amount for line in true), Decimal())


def statement(lines: list[StatementLine], opening: Decimal, *, off: Decimal = Decimal()) -> BankStatement:
    """A statement in two currencies, the closing balance of the first of which is off by so much."""
    balances = (
        balance(BalanceKind.OPENING, opening, "EUR"),
        balance(BalanceKind.OTHER, Decimal(77), "EUR"),
        balance(BalanceKind.CLOSING, opening + booked(lines, "EUR") + off, "EUR"),
        balance(BalanceKind.OPENING, -opening, "JPY"),
        balance(BalanceKind.CLOSING, booked(lines, "JPY") - opening, "JPY"),
    )
    return BankStatement(id="S1", account="A1", is_whole=True, balances=balances, lines=tuple(lines))


@given(st.lists(LINES, max_size=20), AMOUNTS)
def test_statement_that_adds_up_has_no_faults_and_is_proved(lines: list[StatementLine], opening: Decimal) -> None:
    made = statement(lines, opening)

    assert made.faults() == ()
    assert made.is_proved


@given(st.lists(LINES, max_size=20), AMOUNTS, AMOUNTS.filter(bool))
def test_statement_that_does_not_add_up_names_the_currency(
    lines: list[StatementLine], opening: Decimal, off: Decimal
) -> None:
    (fault,) = statement(lines, opening, off=off).faults()

    assert "EUR" in fault
    assert "JPY" not in fault


@given(st.lists(LINES, min_size=1, max_size=5), AMOUNTS)
def test_what_could_not_be_checked_is_not_proved(lines: list[StatementLine], opening: Decimal) -> None:
    whole = statement(lines, opening, off=Decimal(1))
    part = msgspec.structs.replace(whole, is_whole=False)
    bare = msgspec.structs.replace(whole, balances=whole.balances[:1])

    assert (part.faults(), bare.faults()) == ((), ())
    assert not part.is_proved
    assert not bare.is_proved
