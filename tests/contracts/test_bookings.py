"""The promise of those who read transactions and holds: newest first, page by page, each once."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.postgres.bookings import PostgresHoldQueries, PostgresTransactionQueries
from application.ports.bookings import (
    BookedTransaction,
    HoldFilter,
    HoldQueries,
    TransactionFilter,
    TransactionQueries,
)
from domain.accounts import Account
from domain.errors import MediatorError
from domain.ids import HoldId, LedgerAccountId, LedgerTransactionId, TenantId
from domain.ledger import Direction, HoldState
from domain.money import Currency
from domain.posting import Leg, Order, Placed, PlaceHold, PostHold, Posting, ReleaseHold, Reverse, Transfer
from tests.fakes.bookings import MemoryHoldQueries, MemoryTransactionQueries
from tests.fakes.house import House
from tests.fakes.journal import MemoryJournal

EUR = Currency("EUR")


@pytest.fixture
def transactions(house: House, request: pytest.FixtureRequest) -> TransactionQueries:
    """The reader of transactions of the house."""
    if isinstance(house.journal, MemoryJournal):
        return MemoryTransactionQueries(house.journal.database)
    engine: AsyncEngine = request.getfixturevalue("engine")
    return PostgresTransactionQueries(engine)


@pytest.fixture
def holds(house: House, request: pytest.FixtureRequest) -> HoldQueries:
    """The reader of holds of the house."""
    if isinstance(house.journal, MemoryJournal):
        return MemoryHoldQueries(house.journal.database)
    engine: AsyncEngine = request.getfixturevalue("engine")
    return PostgresHoldQueries(engine)


@pytest.fixture
async def accounts(house: House) -> tuple[LedgerAccountId, ...]:
    """Three accounts without limits."""
    opened = [LedgerAccountId(uuid7()) for _ in range(3)]
    for number, account_id in enumerate(opened):
        account = Account(
            id=account_id,
            code=f"account:{number}",
            currency=EUR,
            normal_balance=Direction.CREDIT,
            created_at=datetime.now(UTC),
        )
        await house.ledger_windows.open(account)
    return tuple(opened)


async def given(house: House, order: Order) -> Posting:
    """Give the ledger an order that it takes."""
    made = await house.journal.post(house.tenant_id, Placed(order=order, actor="prn_test", request_id="req_test"))
    assert isinstance(made, Posting), made
    return made


def a_transfer(
    debit: LedgerAccountId, credit: LedgerAccountId, amount: int = 1, *, reference: str | None = None
) -> Transfer:
    sides = ((debit, Direction.DEBIT), (credit, Direction.CREDIT))
    return Transfer(
        id=LedgerTransactionId(uuid7()),
        legs=tuple(
            Leg(account_id=account, direction=side, amount_minor=amount, currency=EUR) for account, side in sides
        ),
        reference=reference,
        description="d",
        metadata={"k": "v"},
    )


def a_hold(debit: LedgerAccountId, credit: LedgerAccountId, *, expires_at: datetime | None = None) -> PlaceHold:
    return PlaceHold(
        hold_id=HoldId(uuid7()),
        debit_account_id=debit,
        credit_account_id=credit,
        amount_minor=10,
        currency=EUR,
        expires_at=expires_at,
        reference=None,
        metadata={"k": "v"},
    )


async def walked(
    house: House, transactions: TransactionQueries, wanted: TransactionFilter, limit: int
) -> list[LedgerTransactionId]:
    """Walk all pages."""
    shown: list[LedgerTransactionId] = []
    while True:
        before = shown[-1] if shown else None
        page = await transactions.page(house.tenant_id, wanted, before=before, limit=limit)
        shown.extend(one.id for one in page)
        if len(page) < limit:
            return shown


class TestTransactions:
    """What was booked."""

    async def test_a_transaction_is_read_with_its_entries_and_what_reversed_it(
        self, house: House, transactions: TransactionQueries, accounts: tuple[LedgerAccountId, ...]
    ) -> None:
        order = a_transfer(accounts[0], accounts[1], 7, reference="r")
        made = await given(house, order)
        reversal = Reverse(id=LedgerTransactionId(uuid7()), reverses_id=order.id)
        undone = await given(house, reversal)

        read = await transactions.get(house.tenant_id, order.id)
        opposite = await transactions.get(house.tenant_id, reversal.id)

        assert read == BookedTransaction(
            id=order.id,
            kind="transfer",
            reversed_by_id=reversal.id,
            reference="r",
            description="d",
            metadata={"k": "v"},
            effective_at=made.recorded_at,
            recorded_at=made.recorded_at,
            entries=made.entries,
        )
        assert (opposite.kind, opposite.reverses_id, opposite.entries) == ("reversal", order.id, undone.entries)

    async def test_another_tenants_transaction_is_not_found(
        self, house: House, transactions: TransactionQueries, accounts: tuple[LedgerAccountId, ...]
    ) -> None:
        order = a_transfer(accounts[0], accounts[1])
        await given(house, order)

        with pytest.raises(MediatorError, match="NOT_FOUND"):
            await transactions.get(TenantId(uuid7()), order.id)
        assert await transactions.page(TenantId(uuid7()), TransactionFilter(), before=None, limit=9) == ()

    @pytest.mark.parametrize("limit", [1, 2, 7])
    async def test_pages_of_any_size_show_each_once_by_every_filter(
        self, house: House, transactions: TransactionQueries, accounts: tuple[LedgerAccountId, ...], limit: int
    ) -> None:
        first, second, third = accounts
        orders = [
            *(a_transfer(first, second, reference="one"), a_transfer(second, third)),
            *(a_transfer(third, first), a_transfer(first, third)),
        ]
        made = [await given(house, order) for order in orders]
        reversal = Reverse(id=LedgerTransactionId(uuid7()), reverses_id=orders[1].id)
        await given(house, reversal)
        ids = [order.id for order in orders]

        async def found(wanted: TransactionFilter) -> list[LedgerTransactionId]:
            return await walked(house, transactions, wanted, limit)

        assert await found(TransactionFilter()) == [reversal.id, *ids[::-1]]
        assert await found(TransactionFilter(account_id=first)) == [ids[n] for n in (3, 2, 0)]
        assert await found(TransactionFilter(account_id=first, kind="reversal")) == []
        assert await found(TransactionFilter(kind="reversal")) == [reversal.id]
        assert await found(TransactionFilter(reference="one")) == [ids[0]]
        cut = made[2].recorded_at
        assert await found(TransactionFilter(recorded_before=cut)) == [ids[1], ids[0]]
        assert await found(TransactionFilter(recorded_from=cut, account_id=first)) == [ids[3], ids[2]]


class TestHolds:
    """What is held."""

    async def test_a_hold_is_read_as_it_stands(
        self, house: House, holds: HoldQueries, accounts: tuple[LedgerAccountId, ...]
    ) -> None:
        order = a_hold(accounts[0], accounts[1])
        await given(house, order)
        await given(house, PostHold(id=LedgerTransactionId(uuid7()), hold_id=order.hold_id, amount_minor=4))

        read = await holds.get(house.tenant_id, order.hold_id)

        assert (read.state, read.amount_minor, read.posted_minor, read.released_minor) == (
            *("partially_posted", 10, 4, 0),
        )
        assert (read.debit_account_id, read.credit_account_id, read.metadata) == (*accounts[:2], {"k": "v"})
        assert (read.payment_id, read.expires_at) == (None, None)
        with pytest.raises(MediatorError, match="NOT_FOUND"):
            await holds.get(TenantId(uuid7()), order.hold_id)

    async def test_holds_are_listed_by_account_and_state(
        self, house: House, holds: HoldQueries, accounts: tuple[LedgerAccountId, ...]
    ) -> None:
        orders = [a_hold(accounts[0], accounts[1]), a_hold(accounts[1], accounts[2]), a_hold(accounts[0], accounts[2])]
        for order in orders:
            await given(house, order)
        await given(house, ReleaseHold(hold_id=orders[0].hold_id))
        ids = [order.hold_id for order in orders]

        async def found(wanted: HoldFilter, before: HoldId | None = None) -> list[UUID]:
            return [one.id for one in await holds.page(house.tenant_id, wanted, before=before, limit=9)]

        assert await found(HoldFilter()) == ids[::-1]
        assert await found(HoldFilter(), before=ids[1]) == [ids[0]]
        assert await found(HoldFilter(account_id=accounts[2])) == [ids[2], ids[1]]
        assert await found(HoldFilter(state=HoldState.VOIDED)) == [ids[0]]
        assert await found(HoldFilter(state=HoldState.PENDING, account_id=accounts[0])) == [ids[2]]

    async def test_a_hold_is_due_when_its_time_is_over_and_it_is_open(
        self, house: House, holds: HoldQueries, accounts: tuple[LedgerAccountId, ...]
    ) -> None:
        later = datetime.now(UTC) + timedelta(days=1)
        orders = [a_hold(*accounts[:2], expires_at=later) for _ in range(3)]
        for order in (*orders, a_hold(*accounts[:2])):
            await given(house, order)
        before = await holds.due(house.tenant_id, limit=9)
        await given(house, ReleaseHold(hold_id=orders[0].hold_id))
        for order in orders[:2]:
            await house.ledger_windows.end_time_of(order.hold_id)

        assert before == ()
        assert await holds.due(house.tenant_id, limit=9) == (orders[1].hold_id,)
        assert house.tenant_id in await holds.tenants_with_due(limit=10_000)
