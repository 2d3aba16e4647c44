"""The promise of reversals: the same lines on the other sides, once, under the rules of a transfer."""

import asyncio
from datetime import UTC, datetime

from uuid_utils.compat import uuid7

from domain.accounts import AccountState
from domain.ids import LedgerTransactionId
from domain.ledger import Direction
from domain.money import Currency
from domain.posting import Posting, Reason, Refusal
from tests.fakes.clerk import Clerk, credit, debit, key_of, pair, reverse, transfer
from tests.fakes.keeping import keep, story_for

USD = Currency("USD")


async def test_a_reversal_books_the_same_lines_on_the_other_sides(clerk: Clerk) -> None:
    euro, dollar = [await clerk.open() for _ in range(2)], [await clerk.open(currency=USD) for _ in range(2)]
    legs = (debit(euro[0], 10), credit(euro[1], 10), debit(dollar[1], 11, USD), credit(dollar[0], 11, USD))
    booked = await clerk.book(transfer(*legs, reference="fx"))
    order = reverse(booked.transaction_id)

    reversal = await clerk.book(order)

    assert [(leg.line, leg.account_id, leg.direction, leg.amount_minor) for leg in reversal.entries] == [
        (1, euro[0], Direction.CREDIT, 10),
        (2, euro[1], Direction.DEBIT, 10),
        (3, dollar[1], Direction.CREDIT, 11),
        (4, dollar[0], Direction.DEBIT, 11),
    ]
    assert {(leg.balance_minor, leg.account_version) for leg in reversal.entries} == {(0, 2)}
    kept = {one.id: one for one in await clerk.house.ledger_windows.transactions()}[order.id]
    assert (kept.kind, kept.reverses_id, kept.reference) == ("reversal", booked.transaction_id, None)


async def test_a_transaction_is_reversed_once(clerk: Clerk) -> None:
    booked = await clerk.book(pair(await clerk.open(), await clerk.open(), 10))
    await clerk.book(reverse(booked.transaction_id))

    assert await clerk.give(reverse(booked.transaction_id)) == Refusal(Reason.ALREADY_REVERSED)


async def test_fifty_reversals_at_once_are_one(clerk: Clerk) -> None:
    account, other = await clerk.open(), await clerk.open()
    booked = await clerk.book(pair(account, other, 10))

    ends = await asyncio.gather(
        *(clerk.give(reverse(booked.transaction_id), key=key_of(f"key-{number}")) for number in range(50))
    )

    assert sum(isinstance(end, Posting) for end in ends) == 1
    assert {end for end in ends if isinstance(end, Refusal)} == {Refusal(Reason.ALREADY_REVERSED)}
    assert await clerk.balances(account) == await clerk.balances(other) == (0, 0, 0)


async def test_a_reversal_is_not_reversed(clerk: Clerk) -> None:
    booked = await clerk.book(pair(await clerk.open(), await clerk.open(), 10))
    reversal = await clerk.book(reverse(booked.transaction_id))

    assert await clerk.give(reverse(reversal.transaction_id)) == Refusal(Reason.ALREADY_REVERSED)


async def test_an_unknown_transaction(clerk: Clerk) -> None:
    assert await clerk.give(reverse(LedgerTransactionId(uuid7()))) == Refusal(Reason.UNKNOWN_TRANSACTION)


async def test_what_a_payment_booked_is_corrected_by_the_payment_alone(clerk: Clerk) -> None:
    await keep(clerk.house, story_for(clerk.house).succeed())
    (booked,) = await clerk.house.ledger_windows.transactions()

    assert await clerk.give(reverse(LedgerTransactionId(booked.id))) == Refusal(Reason.UNKNOWN_TRANSACTION)


async def test_a_reversal_obeys_the_rules_of_a_transfer(clerk: Clerk) -> None:
    source, account, other = await clerk.open(), await clerk.open(overdraft=0), await clerk.open()
    booked = await clerk.book(pair(source, account, 10))
    await clerk.book(pair(account, other, 1))

    assert await clerk.give(reverse(booked.transaction_id)) == Refusal(Reason.INSUFFICIENT_FUNDS, 2)
    await clerk.house.ledger_windows.set_state(source, AccountState.FROZEN)
    assert await clerk.give(reverse(booked.transaction_id)) == Refusal(Reason.ACCOUNT_FROZEN, 1)
    await clerk.house.ledger_windows.set_state(source, AccountState.ACTIVE)
    await clerk.book(pair(other, account, 1))

    await clerk.book(reverse(booked.transaction_id))


async def test_a_reversal_counts_for_the_time_of_its_recording(clerk: Clerk) -> None:
    one, other = await clerk.open(), await clerk.open()
    then = datetime(2025, 1, 1, tzinfo=UTC)
    booked = await clerk.book(transfer(debit(one, 5), credit(other, 5), effective_at=then))

    posting = await clerk.book(reverse(booked.transaction_id))

    kept = {row.id: row for row in await clerk.house.ledger_windows.transactions()}[posting.transaction_id or one]
    assert kept.effective_at == kept.recorded_at == posting.recorded_at


async def test_a_dry_run_leaves_the_transaction_to_be_reversed(clerk: Clerk) -> None:
    one, other = await clerk.open(), await clerk.open()
    booked = await clerk.book(pair(one, other, 5))

    tried = await clerk.give(reverse(booked.transaction_id), dry_run=True)

    assert isinstance(tried, Posting)
    assert [leg.balance_minor for leg in tried.entries] == [0, 0]
    assert await clerk.balances(one) == (-5, 0, -5)
    await clerk.book(reverse(booked.transaction_id))
