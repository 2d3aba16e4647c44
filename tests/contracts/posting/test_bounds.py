"""Amounts at the edge of what is kept: a clear refusal, never a wrap, and nothing behind it."""

import asyncio

import pytest

from domain.errors import LEDGER_UNBALANCED, VAL_AMOUNT, MediatorError
from domain.ledger import Direction
from domain.posting import BOUND, LEGS_MAX, Posting, Reason, Refusal
from tests.fakes.clerk import Clerk, credit, debit, hold, pair, post, release, reverse, transfer

WRAPS = (BOUND + 1, 2**63 - 1, 2**63, 2**64 + 1)
"""Amounts that 64 bits with a sign cannot add, or not even hold."""


@pytest.mark.parametrize("amount", [0, -1, *WRAPS])
async def test_a_transfer_of_an_impossible_amount_cannot_be_worded(clerk: Clerk, amount: int) -> None:
    one, other = await clerk.open(), await clerk.open()

    with pytest.raises(MediatorError) as refusal:
        pair(one, other, amount)

    assert refusal.value.entry is VAL_AMOUNT


@pytest.mark.parametrize("amount", [0, -1, *WRAPS])
async def test_a_hold_of_an_impossible_amount_cannot_be_worded(clerk: Clerk, amount: int) -> None:
    one, other = await clerk.open(), await clerk.open()

    with pytest.raises(MediatorError) as refusal:
        hold(one, other, amount)

    assert refusal.value.entry is VAL_AMOUNT


@pytest.mark.parametrize("amount", [0, -1, *WRAPS])
async def test_a_posting_of_an_impossible_amount_cannot_be_worded(clerk: Clerk, amount: int) -> None:
    order = hold(await clerk.open(), await clerk.open(), 10)

    with pytest.raises(MediatorError) as refusal:
        post(order, amount)

    assert refusal.value.entry is VAL_AMOUNT


async def test_what_does_not_balance_or_has_too_many_legs_cannot_be_worded(clerk: Clerk) -> None:
    one, other = await clerk.open(), await clerk.open()

    with pytest.raises(MediatorError) as refusal:
        transfer(debit(one, 5), credit(other, 4))
    assert refusal.value.entry is LEDGER_UNBALANCED
    with pytest.raises(MediatorError) as refusal:
        transfer(*(leg for _ in range(LEGS_MAX // 2 + 1) for leg in (debit(one, 5), credit(other, 5))))
    assert refusal.value.entry is VAL_AMOUNT


async def test_the_greatest_amount_is_booked_and_comes_back(clerk: Clerk) -> None:
    one, other = await clerk.open(), await clerk.open()

    posting = await clerk.book(pair(one, other, BOUND))

    assert [leg.balance_minor for leg in posting.entries] == [-BOUND, BOUND]
    assert await clerk.balances(other) == (BOUND, 0, BOUND)


@pytest.mark.parametrize("leg", [1, 2])
@pytest.mark.parametrize("amount", [1, BOUND])
async def test_an_account_that_is_full_takes_nothing_more(clerk: Clerk, leg: int, amount: int) -> None:
    one, other, fresh = await clerk.open(), await clerk.open(), await clerk.open()
    await clerk.book(pair(one, other, BOUND))
    before = await clerk.house.ledger_windows.accounts()

    order = pair(one, fresh, amount) if leg == 1 else pair(fresh, other, amount)
    assert await clerk.give(order) == Refusal(Reason.OVERFLOW, leg)

    assert await clerk.house.ledger_windows.accounts() == before


async def test_both_sides_of_an_account_are_full_each_for_itself(clerk: Clerk) -> None:
    one, other = await clerk.open(), await clerk.open()
    await clerk.book(pair(one, other, BOUND))
    await clerk.book(pair(other, one, BOUND))

    assert await clerk.balances(one) == await clerk.balances(other) == (0, 0, 0)
    assert await clerk.give(pair(one, other, 1)) == Refusal(Reason.OVERFLOW, 1)


async def test_legs_of_one_transfer_are_added_before_the_bound_is_looked_at(clerk: Clerk) -> None:
    one, other = await clerk.open(), await clerk.open()

    order = transfer(
        debit(other, BOUND),
        credit(one, BOUND),
        debit(one, 1),
        debit(one, BOUND),
        credit(other, BOUND),
        credit(other, 1),
    )
    assert await clerk.give(order) == Refusal(Reason.OVERFLOW, 1)
    order = transfer(credit(one, BOUND), debit(other, BOUND), credit(one, 1), debit(other, 1))
    assert await clerk.give(order) == Refusal(Reason.OVERFLOW, 1)


async def test_the_bound_comes_before_missing_funds(clerk: Clerk) -> None:
    full, other, empty = await clerk.open(), await clerk.open(), await clerk.open(overdraft=0)
    await clerk.book(pair(other, full, BOUND))

    assert await clerk.give(pair(empty, full, 1)) == Refusal(Reason.OVERFLOW, 2)


async def test_what_is_held_counts_so_that_it_can_always_be_posted(clerk: Clerk) -> None:
    one, other = await clerk.open(), await clerk.open()
    order = hold(one, other, BOUND - 5)
    await clerk.book(order)

    assert await clerk.give(hold(one, other, 6)) == Refusal(Reason.OVERFLOW, 1)
    assert await clerk.give(pair(await clerk.open(), other, 6)) == Refusal(Reason.OVERFLOW, 2)
    await clerk.book(pair(one, other, 5))
    await clerk.book(post(order))
    assert await clerk.balances(one) == (-BOUND, 0, -BOUND)


async def test_what_is_let_go_makes_room_again(clerk: Clerk) -> None:
    one, other = await clerk.open(), await clerk.open()
    order = hold(one, other, BOUND)
    await clerk.book(order)
    assert await clerk.give(pair(one, other, 1)) == Refusal(Reason.OVERFLOW, 1)

    await clerk.book(release(order))

    await clerk.book(pair(one, other, BOUND))


async def test_a_reversal_may_overflow_too(clerk: Clerk) -> None:
    one, other, fresh = await clerk.open(), await clerk.open(), await clerk.open()
    booked = await clerk.book(pair(one, other, 5))
    await clerk.book(pair(fresh, one, BOUND))

    assert await clerk.give(reverse(booked.transaction_id)) == Refusal(Reason.OVERFLOW, 1)


async def test_the_deepest_overdraft_holds(clerk: Clerk) -> None:
    account, other = await clerk.open(overdraft=BOUND), await clerk.open(normal=Direction.DEBIT, overdraft=BOUND)

    await clerk.book(pair(account, await clerk.open(), BOUND))
    await clerk.book(pair(await clerk.open(), other, BOUND))

    assert [(await clerk.balances(one))[2] for one in (account, other)] == [-BOUND, -BOUND]


@pytest.mark.parametrize("atomic", [False, True])
async def test_in_a_batch_only_what_overflows_is_refused(clerk: Clerk, *, atomic: bool) -> None:
    one, other, fresh = await clerk.open(), await clerk.open(), await clerk.open()

    ends = await clerk.batch(pair(one, other, BOUND), pair(fresh, other, 1), pair(fresh, one, 1), atomic=atomic)

    overflow, others = Refusal(Reason.OVERFLOW, 2), Refusal(Reason.BATCH_REFUSED)
    assert ends[1] == overflow
    assert [isinstance(end, Refusal) for end in ends] == ([True] * 3 if atomic else [False, True, False])
    assert set(ends[::2]) == {others} or not atomic
    assert (await clerk.balances(other))[0] == (0 if atomic else BOUND)


@pytest.mark.parametrize("atomic", [False, True])
async def test_a_batch_whose_sums_pass_64_bits_is_looked_at_item_by_item(clerk: Clerk, *, atomic: bool) -> None:
    empty, one, other = await clerk.open(overdraft=0), await clerk.open(), await clerk.open()

    ends = await clerk.batch(*(pair(empty, other, BOUND) for _ in range(3)), pair(one, other, BOUND), atomic=atomic)

    lacking, others = Refusal(Reason.INSUFFICIENT_FUNDS, 1), Refusal(Reason.BATCH_REFUSED)
    assert list(ends[:3]) == ([lacking, others, others] if atomic else [lacking] * 3)
    assert (await clerk.balances(other))[0] == (0 if atomic else BOUND)


async def test_plain_transfers_at_once_may_pass_64_bits_together(clerk: Clerk) -> None:
    one, other = await clerk.open(), await clerk.open()

    ends = await asyncio.gather(*(clerk.give(pair(one, other, BOUND)) for _ in range(6)))

    assert sum(isinstance(end, Posting) for end in ends) == 1
    assert {end for end in ends if isinstance(end, Refusal)} == {Refusal(Reason.OVERFLOW, 1)}


async def test_conditions_and_overdrafts_at_the_bound_are_compared_without_a_wrap(clerk: Clerk) -> None:
    account, other = await clerk.open(), await clerk.open()

    order = transfer(debit(account, BOUND, available_min=-BOUND), credit(other, BOUND, available_min=BOUND))
    await clerk.book(order)
    order = transfer(debit(other, 1, available_min=BOUND), credit(account, 1))
    assert await clerk.give(order) == Refusal(Reason.CONDITION_FAILED, 1)
