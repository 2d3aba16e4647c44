"""A ledger transaction cannot be built unless it balances in every currency."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import LEDGER_UNBALANCED, MediatorError
from domain.ids import LedgerTransactionId, PaymentId
from domain.ledger import AccountRef, Direction, Entry, LedgerTransaction
from domain.money import Currency

AMOUNTS = st.lists(st.integers(1, 2**53), min_size=1, max_size=5)


def entry(direction: Direction, amount_minor: int, currency: str = "EUR") -> Entry:
    """An entry on an account of that currency."""
    return Entry(AccountRef("some:account", Currency(currency), direction), direction, amount_minor)


def booked(*entries: Entry) -> LedgerTransaction:
    """Build a transaction of these entries."""
    return LedgerTransaction(
        id=LedgerTransactionId(UUID(int=1)),
        kind="capture",
        payment_id=PaymentId(UUID(int=2)),
        refund_id=None,
        hold_id=None,
        effective_at=datetime(2026, 1, 5, tzinfo=UTC),
        entries=entries,
    )


@given(AMOUNTS, AMOUNTS)
def test_equal_sums_in_each_currency_balance(euros: list[int], yens: list[int]) -> None:
    debits = [entry(Direction.DEBIT, minor) for minor in euros]
    debits += [entry(Direction.DEBIT, minor, "JPY") for minor in yens]
    made = booked(*debits, entry(Direction.CREDIT, sum(euros)), entry(Direction.CREDIT, sum(yens), "JPY"))

    assert len(made.entries) == len(euros) + len(yens) + 2


@pytest.mark.parametrize(
    "entries",
    [
        (),
        (entry(Direction.DEBIT, 1),),
        (entry(Direction.DEBIT, 2), entry(Direction.CREDIT, 1)),
        (entry(Direction.DEBIT, 1), entry(Direction.DEBIT, 1)),
        (entry(Direction.DEBIT, 1), entry(Direction.CREDIT, 1, "JPY")),
        (entry(Direction.DEBIT, 0), entry(Direction.CREDIT, 0)),
        (entry(Direction.DEBIT, -1), entry(Direction.CREDIT, -1)),
    ],
    ids=["empty", "one-sided", "unequal", "same-side", "mixed-currencies", "zero", "negative"],
)
def test_what_does_not_balance_cannot_be_built(entries: tuple[Entry, ...]) -> None:
    with pytest.raises(MediatorError) as refusal:
        booked(*entries)

    assert refusal.value.entry is LEDGER_UNBALANCED
