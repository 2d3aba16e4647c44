"""The promise of limits: what may go out per window, counted with the order that uses it, never exceeded."""

import asyncio
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.accounts import AccountState
from domain.ledger import Direction
from domain.limits import LimitScope
from domain.money import Currency
from domain.posting import BOUND, Posting, Reason, Refusal
from tests.fakes.clerk import Clerk, credit, debit, hold, key_of, pair, post, release, reverse, transfer

USD = Currency("USD")
EXCEEDED = Refusal(Reason.LIMIT_EXCEEDED)


class TestAccounts:
    """Limits of one account."""

    async def test_no_more_goes_out_than_the_limit(self, clerk: Clerk) -> None:
        account, other = await clerk.open(), await clerk.open()
        await clerk.limit(account, amount_max=100)

        await clerk.book(pair(account, other, 60))
        assert await clerk.give(pair(account, other, 41)) == EXCEEDED
        await clerk.book(pair(account, other, 40))
        assert await clerk.give(pair(account, other, 1)) == EXCEEDED

    async def test_no_more_often_than_the_limit(self, clerk: Clerk) -> None:
        account, other = await clerk.open(), await clerk.open()
        await clerk.limit(account, count_max=2)

        for _ in range(2):
            await clerk.book(pair(account, other, 1))
        assert await clerk.give(pair(account, other, 1)) == EXCEEDED

    async def test_what_comes_in_counts_nothing(self, clerk: Clerk) -> None:
        account, other = await clerk.open(), await clerk.open()
        await clerk.limit(account, amount_max=0, count_max=0)

        await clerk.book(pair(other, account, 50))

    async def test_of_a_debit_normal_account_credits_go_out(self, clerk: Clerk) -> None:
        cash, other = await clerk.open(normal=Direction.DEBIT), await clerk.open()
        await clerk.limit(cash, amount_max=10)

        await clerk.book(pair(cash, other, 50))
        assert await clerk.give(pair(other, cash, 11)) == EXCEEDED
        await clerk.book(pair(other, cash, 10))

    async def test_only_what_leaves_in_the_end_counts(self, clerk: Clerk) -> None:
        account, other = await clerk.open(), await clerk.open()
        await clerk.limit(account, amount_max=10, count_max=1)

        await clerk.book(transfer(debit(account, 50), credit(other, 50), debit(other, 50), credit(account, 50)))
        order = transfer(debit(account, 50), credit(other, 50), debit(other, 40), credit(account, 40))
        await clerk.book(order)
        assert await clerk.give(pair(account, other, 1)) == EXCEEDED

    async def test_a_new_window_begins_anew(self, clerk: Clerk) -> None:
        account, other = await clerk.open(), await clerk.open()
        await clerk.limit(account, amount_max=10, count_max=1)
        await clerk.book(pair(account, other, 10))
        assert await clerk.give(pair(account, other, 1)) == EXCEEDED

        await clerk.house.ledger_windows.turn_windows()

        await clerk.book(pair(account, other, 10))
        assert await clerk.give(pair(account, other, 1)) == EXCEEDED

    async def test_refused_and_dry_runs_count_nothing(self, clerk: Clerk) -> None:
        account, other = await clerk.open(overdraft=50), await clerk.open()
        await clerk.limit(account, amount_max=60, count_max=1)

        assert await clerk.give(pair(account, other, 51)) == Refusal(Reason.INSUFFICIENT_FUNDS, 1)
        assert isinstance(await clerk.give(pair(account, other, 50), dry_run=True), Posting)
        assert await clerk.give(pair(account, other, 61), dry_run=True) == Refusal(Reason.INSUFFICIENT_FUNDS, 1)
        await clerk.book(pair(account, other, 50))

    async def test_of_two_limits_neither_is_used_by_what_the_other_refuses(self, clerk: Clerk) -> None:
        account, other = await clerk.open(), await clerk.open()
        await clerk.limit(account, amount_max=100)
        await clerk.limit(account, amount_max=50, count_max=1)

        assert await clerk.give(pair(account, other, 60)) == EXCEEDED
        await clerk.book(pair(account, other, 50))
        assert await clerk.give(pair(account, other, 50)) == EXCEEDED

    async def test_a_replayed_transfer_counts_once(self, clerk: Clerk) -> None:
        account, other = await clerk.open(), await clerk.open()
        await clerk.limit(account, amount_max=100)

        for _ in range(3):
            await clerk.book(pair(account, other, 50), key=key_of("a"))
        await clerk.book(pair(account, other, 50))

    async def test_limits_are_the_last_thing_that_is_looked_at(self, clerk: Clerk) -> None:
        account, other = await clerk.open(overdraft=0), await clerk.open()
        await clerk.limit(account, amount_max=0)
        shut = await clerk.open(state=AccountState.FROZEN)

        assert await clerk.give(pair(account, shut, 1)) == Refusal(Reason.ACCOUNT_FROZEN, 2)
        assert await clerk.give(pair(account, other, 1)) == Refusal(Reason.INSUFFICIENT_FUNDS, 1)
        order = transfer(debit(other, 5, available_min=1), credit(account, 5))
        assert await clerk.give(order) == Refusal(Reason.CONDITION_FAILED, 1)

    async def test_what_is_counted_cannot_overflow(self, clerk: Clerk) -> None:
        account, other = await clerk.open(), await clerk.open()
        await clerk.limit(account, count_max=9)
        await clerk.book(pair(account, other, BOUND))
        fresh = await clerk.open()
        await clerk.limit(clerk.house.tenant_id, scope=LimitScope.TENANT, count_max=9)

        await clerk.book(pair(fresh, await clerk.open(), BOUND))
        assert await clerk.give(pair(await clerk.open(), await clerk.open(), 1)) == EXCEEDED


class TestHoldsAndReversals:
    """A hold counts when it is placed; what becomes of it counts nothing and gives nothing back."""

    async def test_placing_counts_like_a_transfer_and_posting_counts_nothing(self, clerk: Clerk) -> None:
        account, other = await clerk.open(), await clerk.open()
        await clerk.limit(account, amount_max=100)
        order = hold(account, other, 60)

        await clerk.book(order)
        assert await clerk.give(pair(account, other, 41)) == EXCEEDED
        assert await clerk.give(hold(account, other, 41)) == EXCEEDED
        await clerk.book(post(order))
        await clerk.book(pair(account, other, 40))

    async def test_letting_go_gives_nothing_back(self, clerk: Clerk) -> None:
        account, other = await clerk.open(), await clerk.open()
        await clerk.limit(account, amount_max=100)
        order = hold(account, other, 60)
        await clerk.book(order)

        await clerk.book(release(order))

        assert await clerk.give(pair(account, other, 41)) == EXCEEDED

    async def test_a_reversal_counts_like_a_transfer(self, clerk: Clerk) -> None:
        account, other = await clerk.open(), await clerk.open()
        first = await clerk.book(pair(other, account, 60))
        second = await clerk.book(pair(other, account, 60))
        await clerk.limit(account, amount_max=100)

        await clerk.book(reverse(first.transaction_id))
        assert await clerk.give(reverse(second.transaction_id)) == EXCEEDED
        await clerk.house.ledger_windows.turn_windows()
        await clerk.book(reverse(second.transaction_id))


class TestTenantsAndKeys:
    """Limits of the whole tenant, and of one API key."""

    async def test_a_tenants_limit_counts_every_debit_of_its_currency(self, clerk: Clerk) -> None:
        one, other = await clerk.open(), await clerk.open()
        dollar, cent = await clerk.open(currency=USD), await clerk.open(currency=USD)
        await clerk.limit(clerk.house.tenant_id, scope=LimitScope.TENANT, amount_max=100)

        await clerk.book(pair(dollar, cent, 500, USD))
        await clerk.book(transfer(debit(one, 30), credit(other, 50), debit(other, 20)))
        assert await clerk.give(pair(other, one, 51)) == EXCEEDED
        await clerk.book(pair(other, one, 50))
        await clerk.book(pair(dollar, cent, 500, USD))

    @pytest.mark.parametrize("atomic", [False, True])
    async def test_a_batch_is_counted_against_a_tenants_limit(self, clerk: Clerk, *, atomic: bool) -> None:
        one, other = await clerk.open(), await clerk.open()
        await clerk.limit(clerk.house.tenant_id, scope=LimitScope.TENANT, amount_max=100)

        ends = await clerk.batch(pair(one, other, 60), pair(other, one, 40), atomic=atomic)
        assert all(isinstance(end, Posting) for end in ends)
        ends = await clerk.batch(pair(one, other, 1), pair(other, one, 1), atomic=atomic)
        assert list(ends) == ([EXCEEDED, Refusal(Reason.BATCH_REFUSED)] if atomic else [EXCEEDED, EXCEEDED])

    async def test_an_api_keys_limit_counts_what_came_with_it(self, clerk: Clerk) -> None:
        one, other = await clerk.open(), await clerk.open()
        mine = UUID(bytes=uuid7().bytes)
        await clerk.limit(mine, scope=LimitScope.API_KEY, amount_max=100, count_max=2)

        await clerk.book(pair(one, other, 500))
        await clerk.book(pair(one, other, 500), api_key_id=UUID(bytes=uuid7().bytes))
        await clerk.book(pair(one, other, 100), api_key_id=mine)
        assert await clerk.give(pair(one, other, 1), api_key_id=mine) == EXCEEDED
        await clerk.book(pair(one, other, 1))

    @pytest.mark.parametrize("scope", [LimitScope.ACCOUNT, LimitScope.TENANT])
    async def test_forty_at_once_never_exceed_a_limit(self, clerk: Clerk, scope: LimitScope) -> None:
        account, others = await clerk.open(), [await clerk.open() for _ in range(8)]
        subject = account if scope is LimitScope.ACCOUNT else clerk.house.tenant_id
        await clerk.limit(subject, scope=scope, amount_max=100)

        ends = await asyncio.gather(*(clerk.give(pair(account, others[number % 8], 7)) for number in range(40)))

        assert sum(isinstance(end, Posting) for end in ends) == 14
        assert {end for end in ends if isinstance(end, Refusal)} == {EXCEEDED}
        assert (await clerk.balances(account))[0] == -98
