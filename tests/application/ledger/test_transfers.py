"""Transfers, alone and in batches, holds and their end, over the reference ledger."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from application.call import Call
from application.ledger.expire_holds import ExpireHoldsHandler
from application.ledger.make_transfer import BookedTransfer, MakeTransferHandler
from application.ledger.make_transfers import CHUNK, BatchItem, BatchOutcome, MakeTransfers, MakeTransfersHandler
from application.ledger.orders import MakeTransfer, NamedLeg
from application.ledger.place_hold import PlacedHold, PlaceHoldHandler, PlaceNamedHold
from application.ports.journal import IdempotencyKey
from domain.accounts import Account
from domain.errors import BACKPRESSURE, MediatorError
from domain.ids import LedgerAccountId, Prefix, TenantId, public_id
from domain.ledger import Direction
from domain.money import Currency
from domain.posting import Outcome, Placed, Reason, Refusal
from tests.fakes.bookings import MemoryHoldQueries
from tests.fakes.controls import MemoryAccountFinder
from tests.fakes.desk import Desk
from tests.fakes.journal import MemoryJournal
from tests.fakes.keeping import a_key
from tests.fakes.world import SettableWorld

EUR = Currency("EUR")


class Bank:
    """Two accounts of one tenant, and the use cases around them. The first may be overdrawn by 1,000."""

    def __init__(self, desk: Desk, world: SettableWorld) -> None:
        journal = desk.house.journal
        assert isinstance(journal, MemoryJournal)
        self.tenant_id = desk.house.tenant_id
        self.world = world
        self.journal = journal
        self.finder = MemoryAccountFinder(journal.database)
        self.holds = MemoryHoldQueries(journal.database)
        for code, limit in (("a", 1000), ("b", None)):
            account_id = LedgerAccountId(uuid7())
            self.accounts[account_id] = Account(
                id=account_id,
                code=code,
                currency=EUR,
                normal_balance=Direction.CREDIT,
                overdraft_limit=limit,
                created_at=world.now,
            )

    @property
    def accounts(self) -> dict[LedgerAccountId, Account]:
        return self.journal.database.tables(self.tenant_id).books.ledger.accounts

    def call(self, key: IdempotencyKey | None = None) -> Call:
        return Call(tenant_id=self.tenant_id, actor="prn_test", request_id="req_test", idempotency=key)

    async def transfer(self, command: MakeTransfer, key: IdempotencyKey | None = None) -> BookedTransfer | Refusal:
        return await MakeTransferHandler(self.journal, self.finder, self.world)(command, self.call(key))

    async def batch(
        self, items: Sequence[BatchItem], *, atomic: bool = False, journal: MemoryJournal | None = None
    ) -> tuple[BatchOutcome, ...]:
        handler = MakeTransfersHandler(journal or self.journal, self.finder, self.world)
        return await handler(MakeTransfers(items, atomic), self.call())

    @property
    def posted(self) -> int:
        return next(one.posted for one in self.accounts.values() if one.code == "a")


@pytest.fixture
def bank(desk: Desk, world: SettableWorld) -> Bank:
    return Bank(desk, world)


def a_transfer(
    amount: int = 1, *, debit: str = "a", credit: str = "b", currency: Currency | None = EUR, dry_run: bool = False
) -> MakeTransfer:
    legs = (
        NamedLeg(debit, Direction.DEBIT, amount, currency, "/debit_account"),
        NamedLeg(credit, Direction.CREDIT, amount, currency, "/credit_account"),
    )
    return MakeTransfer(legs=legs, dry_run=dry_run)


class TestOne:
    """One transfer."""

    @pytest.mark.parametrize("currency", [EUR, None])
    async def test_accounts_are_named_by_code_or_id_with_their_currency_or_without(
        self, bank: Bank, currency: Currency | None
    ) -> None:
        by_id = [public_id(Prefix.LEDGER_ACCOUNT, one) for one in bank.accounts]

        for debit, credit in (("a", "b"), by_id):
            booked = await bank.transfer(a_transfer(debit=debit, credit=credit, currency=currency))
            assert isinstance(booked, BookedTransfer)

        assert bank.posted == -2

    @pytest.mark.parametrize("currency", [EUR, None])
    async def test_an_unknown_account_is_refused_with_its_leg(self, bank: Bank, currency: Currency | None) -> None:
        refused = await bank.transfer(a_transfer(credit="nobody", currency=currency))

        assert refused == Refusal(Reason.UNKNOWN_ACCOUNT, 2)

    async def test_a_refusal_of_an_unknown_account_is_final_under_its_key(self, bank: Bank) -> None:
        await bank.transfer(a_transfer(credit="nobody"), a_key())

        again = await bank.transfer(a_transfer(credit="nobody"), a_key())

        assert isinstance(again, Refusal)
        assert (again.reason, again.leg, again.replayed) == (Reason.UNKNOWN_ACCOUNT, 2, True)

    async def test_a_dry_run_books_nothing_and_uses_no_key_up(self, bank: Bank) -> None:
        tried = await bank.transfer(a_transfer(7, dry_run=True), a_key())
        before = bank.posted
        booked = await bank.transfer(a_transfer(7), a_key())

        assert isinstance(tried, BookedTransfer)
        assert isinstance(booked, BookedTransfer)
        assert (before, bank.posted, booked.posting.replayed) == (0, -7, False)


class Busy(MemoryJournal):
    """A journal that takes so many batches, and no more."""

    def __init__(self, journal: MemoryJournal, batches: int) -> None:
        super().__init__(journal.database)
        self.left = batches

    async def post_batch(
        self, tenant_id: TenantId, batch: Sequence[tuple[Placed, IdempotencyKey | None]], *, atomic: bool
    ) -> tuple[Outcome | MediatorError, ...]:
        if not self.left:
            raise MediatorError(BACKPRESSURE, "Busy.", retry_after_seconds=1)
        self.left -= 1
        return await super().post_batch(tenant_id, batch, atomic=atomic)


class TestMany:
    """Batches."""

    async def test_each_stands_for_itself_and_in_its_place(self, bank: Bank) -> None:
        broken = MediatorError(BACKPRESSURE, "no transfer")
        transfers: list[MakeTransfer | MediatorError] = [
            a_transfer(600),
            broken,
            a_transfer(600),
            a_transfer(credit="nobody"),
            a_transfer(400),
        ]

        made = await bank.batch([BatchItem(one, None) for one in transfers])

        assert [type(one) for one in made] == [BookedTransfer, MediatorError, Refusal, Refusal, BookedTransfer]
        assert bank.posted == -1000

    async def test_all_or_none(self, bank: Bank) -> None:
        good, bad = BatchItem(a_transfer(), None), BatchItem(a_transfer(5000), None)
        unnamed = BatchItem(a_transfer(credit="nobody", currency=None), None)

        refused = await bank.batch([good, bad, good], atomic=True)
        unready = await bank.batch([good, unnamed], atomic=True)
        taken = await bank.batch([good, good], atomic=True)

        assert [one.reason for one in refused if isinstance(one, Refusal)] == [
            *(Reason.BATCH_REFUSED, Reason.INSUFFICIENT_FUNDS, Reason.BATCH_REFUSED)
        ]
        assert unready == (Refusal(Reason.BATCH_REFUSED), Refusal(Reason.UNKNOWN_ACCOUNT, 2))
        assert [type(one) for one in taken] == [BookedTransfer, BookedTransfer]
        assert bank.posted == -2

    async def test_when_the_journal_takes_no_more_the_rest_says_so_and_is_not_tried(self, bank: Bank) -> None:
        items = [BatchItem(a_transfer(), None) for _ in range(CHUNK + 10)]

        made = await bank.batch(items, journal=Busy(bank.journal, 1))

        assert [type(one) for one in made] == [BookedTransfer] * CHUNK + [MediatorError] * 10
        assert bank.posted == -CHUNK

    async def test_when_it_takes_nothing_the_whole_is_refused(self, bank: Bank) -> None:
        with pytest.raises(MediatorError, match="BACKPRESSURE"):
            await bank.batch([BatchItem(a_transfer(), None)], journal=Busy(bank.journal, 0))


class TestHolds:
    """Holds end by themselves."""

    async def test_what_is_due_is_let_go_once_and_the_rest_stays(self, bank: Bank) -> None:
        place = PlaceHoldHandler(bank.journal, bank.finder, bank.world)
        expire = ExpireHoldsHandler(bank.holds, bank.journal, bank.world)
        soon = bank.world.now + timedelta(minutes=1)
        for expires_at in (soon, soon + timedelta(hours=1), None):
            command = PlaceNamedHold(
                debit_account="a", credit_account="b", amount_minor=10, currency=EUR, expires_at=expires_at
            )
            assert isinstance(await place(command, bank.call()), PlacedHold)

        early = await expire()
        bank.world.wait(timedelta(minutes=2))
        passes = [await expire(), await expire()]

        assert (early, passes) == (0, [1, 0])
        (account,) = (one for one in bank.accounts.values() if one.code == "a")
        assert account.pending_debits == 20
