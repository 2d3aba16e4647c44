"""The promise of refused transfers: the first reason that stands is told, and nothing happens."""

from uuid import UUID

import pytest

from domain.accounts import AccountState
from domain.ids import LedgerAccountId
from domain.ledger import Direction
from domain.money import Currency
from domain.posting import Reason, Refusal
from tests.fakes.clerk import Clerk, credit, debit, pair, transfer

JPY = Currency("JPY")
NOBODY = LedgerAccountId(UUID("01999999-0000-7000-8000-000000000000"))


class TestRefusals:
    """The reasons, and that nothing happens."""

    @pytest.mark.parametrize("leg", [1, 2])
    async def test_an_unknown_account(self, clerk: Clerk, leg: int) -> None:
        known = await clerk.open()
        order = pair(NOBODY, known, 5) if leg == 1 else pair(known, NOBODY, 5)

        assert await clerk.give(order) == Refusal(Reason.UNKNOWN_ACCOUNT, leg)

    async def test_two_unknown_accounts(self, clerk: Clerk) -> None:
        other = LedgerAccountId(UUID(int=NOBODY.int + 1))

        assert await clerk.give(pair(NOBODY, other, 5)) == Refusal(Reason.UNKNOWN_ACCOUNT, 1)

    @pytest.mark.parametrize("leg", [1, 2])
    async def test_an_account_of_another_currency(self, clerk: Clerk, leg: int) -> None:
        yen, euro = await clerk.open(currency=JPY), await clerk.open()
        order = pair(yen, euro, 5) if leg == 1 else pair(euro, yen, 5)

        assert await clerk.give(order) == Refusal(Reason.CURRENCY_MISMATCH, leg)

    @pytest.mark.parametrize("leg", [1, 2])
    @pytest.mark.parametrize(
        ("state", "reason"),
        [(AccountState.FROZEN, Reason.ACCOUNT_FROZEN), (AccountState.CLOSED, Reason.ACCOUNT_CLOSED)],
    )
    async def test_an_account_that_takes_no_postings(
        self, clerk: Clerk, leg: int, state: AccountState, reason: Reason
    ) -> None:
        shut, active = await clerk.open(state=state), await clerk.open()
        order = pair(shut, active, 5) if leg == 1 else pair(active, shut, 5)

        assert await clerk.give(order) == Refusal(reason, leg)

    async def test_a_thawed_account_takes_postings_again(self, clerk: Clerk) -> None:
        frozen, active = await clerk.open(state=AccountState.FROZEN), await clerk.open()
        await clerk.house.ledger_windows.set_state(frozen, AccountState.ACTIVE)

        await clerk.book(pair(frozen, active, 5))

    async def test_the_first_leg_that_is_wrong_gives_the_reason(self, clerk: Clerk) -> None:
        shut, yen = await clerk.open(state=AccountState.CLOSED), await clerk.open(currency=JPY)
        fine = await clerk.open()

        order = transfer(debit(fine, 5), credit(fine, 5), debit(shut, 1), credit(yen, 1))
        assert await clerk.give(order) == Refusal(Reason.ACCOUNT_CLOSED, 3)
        turned = transfer(debit(fine, 5), credit(fine, 5), credit(yen, 1), debit(NOBODY, 1))
        assert await clerk.give(turned) == Refusal(Reason.CURRENCY_MISMATCH, 3)

    async def test_the_currency_is_looked_at_before_the_state(self, clerk: Clerk) -> None:
        shut_yen = await clerk.open(currency=JPY, state=AccountState.CLOSED)

        assert await clerk.give(pair(shut_yen, NOBODY, 1)) == Refusal(Reason.CURRENCY_MISMATCH, 1)

    async def test_a_wrong_second_account_is_said_before_missing_funds_of_the_first(self, clerk: Clerk) -> None:
        empty, shut = await clerk.open(overdraft=0), await clerk.open(state=AccountState.FROZEN)

        assert await clerk.give(pair(empty, shut, 1)) == Refusal(Reason.ACCOUNT_FROZEN, 2)

    async def test_a_refused_transfer_leaves_nothing_behind(self, clerk: Clerk) -> None:
        empty, other = await clerk.open(overdraft=0), await clerk.open()
        before = await clerk.house.ledger_windows.accounts()

        assert await clerk.give(pair(empty, other, 1)) == Refusal(Reason.INSUFFICIENT_FUNDS, 1)

        assert await clerk.house.ledger_windows.accounts() == before
        assert await clerk.house.ledger_windows.entries() == []
        assert await clerk.house.ledger_windows.transactions() == []


class TestFunds:
    """How far an account may fall."""

    @pytest.mark.parametrize("overdraft", [0, 1, 250])
    async def test_available_falls_to_the_overdraft_and_not_further(self, clerk: Clerk, overdraft: int) -> None:
        account, other = await clerk.funded(100, overdraft=overdraft), await clerk.open()

        assert await clerk.give(pair(account, other, 101 + overdraft)) == Refusal(Reason.INSUFFICIENT_FUNDS, 1)
        await clerk.book(pair(account, other, 100 + overdraft))
        assert await clerk.give(pair(account, other, 1)) == Refusal(Reason.INSUFFICIENT_FUNDS, 1)
        assert (await clerk.balances(account))[2] == -overdraft

    async def test_a_debit_normal_account_falls_by_credits(self, clerk: Clerk) -> None:
        cash, owed = await clerk.open(normal=Direction.DEBIT, overdraft=0), await clerk.open()
        await clerk.book(pair(cash, owed, 60))

        assert await clerk.give(pair(owed, cash, 61)) == Refusal(Reason.INSUFFICIENT_FUNDS, 2)
        await clerk.book(pair(owed, cash, 60))

    async def test_without_a_limit_it_may_fall_for_ever(self, clerk: Clerk) -> None:
        account, other = await clerk.open(), await clerk.open()

        await clerk.book(pair(account, other, 10**15))

        assert (await clerk.balances(account))[2] == -(10**15)

    async def test_the_first_account_that_lacks_funds_is_named_by_its_first_leg(self, clerk: Clerk) -> None:
        empty, poor, rich = await clerk.open(overdraft=0), await clerk.open(overdraft=0), await clerk.open()

        order = transfer(credit(rich, 5), debit(poor, 2), debit(empty, 2), debit(poor, 1))
        assert await clerk.give(order) == Refusal(Reason.INSUFFICIENT_FUNDS, 2)

    async def test_only_what_is_left_after_all_legs_counts(self, clerk: Clerk) -> None:
        empty, other = await clerk.open(overdraft=0), await clerk.open()

        posting = await clerk.book(transfer(debit(empty, 5), credit(other, 5), debit(other, 6), credit(empty, 6)))

        assert posting.entries[0].balance_minor == -5
        assert await clerk.balances(empty) == (1, 0, 1)


class TestConditions:
    """`available >= x` on a leg."""

    async def test_a_condition_is_met_exactly_or_refused(self, clerk: Clerk) -> None:
        account, other = await clerk.funded(100), await clerk.open()

        order = transfer(debit(account, 40, available_min=61), credit(other, 40))
        assert await clerk.give(order) == Refusal(Reason.CONDITION_FAILED, 1)
        await clerk.book(transfer(debit(account, 40, available_min=60), credit(other, 40)))

    async def test_a_condition_looks_at_the_account_after_the_whole_transfer(self, clerk: Clerk) -> None:
        account, other = await clerk.open(), await clerk.open()

        order = transfer(debit(account, 10, available_min=5), credit(other, 10), debit(other, 15), credit(account, 15))
        await clerk.book(order)

    async def test_a_condition_of_the_receiver(self, clerk: Clerk) -> None:
        account, other = await clerk.open(), await clerk.open()

        order = transfer(debit(account, 10), credit(other, 10, available_min=11))
        assert await clerk.give(order) == Refusal(Reason.CONDITION_FAILED, 2)

    async def test_a_condition_below_zero(self, clerk: Clerk) -> None:
        account, other = await clerk.open(), await clerk.open()

        await clerk.book(transfer(debit(account, 10, available_min=-10), credit(other, 10)))
        order = transfer(debit(account, 1, available_min=-10), credit(other, 1))
        assert await clerk.give(order) == Refusal(Reason.CONDITION_FAILED, 1)

    async def test_missing_funds_are_said_before_a_condition(self, clerk: Clerk) -> None:
        empty, other = await clerk.open(overdraft=0), await clerk.open()

        order = transfer(credit(other, 1, available_min=99), debit(empty, 1))
        assert await clerk.give(order) == Refusal(Reason.INSUFFICIENT_FUNDS, 2)


class TestReferences:
    """A reference names one transaction of a tenant."""

    async def test_a_reference_is_used_once(self, clerk: Clerk) -> None:
        one, other = await clerk.open(), await clerk.open()
        await clerk.book(pair(one, other, 5, reference="invoice-1"))

        assert await clerk.give(pair(one, other, 6, reference="invoice-1")) == Refusal(Reason.REFERENCE_USED)
        await clerk.book(pair(one, other, 6, reference="invoice-2"))
        kept = await clerk.house.ledger_windows.transactions()
        assert [one.reference for one in kept] == ["invoice-1", "invoice-2"]

    async def test_the_reference_of_a_refused_transfer_stays_free(self, clerk: Clerk) -> None:
        empty, other = await clerk.open(overdraft=0), await clerk.open()
        assert isinstance(await clerk.give(pair(empty, other, 5, reference="invoice")), Refusal)

        await clerk.book(pair(other, empty, 5, reference="invoice"))

    async def test_a_wrong_account_is_said_before_a_used_reference_and_that_before_missing_funds(
        self, clerk: Clerk
    ) -> None:
        empty, other = await clerk.open(overdraft=0), await clerk.open()
        await clerk.book(pair(other, empty, 5, reference="invoice"))

        assert await clerk.give(pair(empty, NOBODY, 9, reference="invoice")) == Refusal(Reason.UNKNOWN_ACCOUNT, 2)
        assert await clerk.give(pair(empty, other, 9, reference="invoice")) == Refusal(Reason.REFERENCE_USED)
