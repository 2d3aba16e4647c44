"""The promise of idempotency keys: an order happens once, and its first outcome is what is told ever after."""

import asyncio

import msgspec
import pytest

from domain.errors import IDEM_MISMATCH, MediatorError
from domain.posting import Order, PlaceHold, Posting, Reason, Refusal, Transfer
from tests.fakes.clerk import Clerk, credit, debit, hold, key_of, pair, post, release, reverse, transfer


async def test_a_key_that_comes_again_gives_the_first_posting_again(clerk: Clerk) -> None:
    account, other = await clerk.funded(100), await clerk.open()
    first = await clerk.book(pair(account, other, 10), key=key_of("a"))
    await clerk.book(pair(account, other, 20), key=key_of("b"))

    again = await clerk.book(pair(account, other, 10), key=key_of("a"))

    assert again == msgspec.structs.replace(first, replayed=True)
    assert (await clerk.balances(account))[0] == 70


async def test_the_same_order_that_comes_again_is_not_booked_twice(clerk: Clerk) -> None:
    account, other = await clerk.funded(100), await clerk.open()
    order = pair(account, other, 10)
    first = await clerk.book(order, key=key_of("a"))

    again = await clerk.book(order, key=key_of("a"))

    assert (again.transaction_id, again.entries) == (first.transaction_id, first.entries)
    assert (await clerk.balances(account))[0] == 90


async def test_a_refusal_is_final(clerk: Clerk) -> None:
    account, other = await clerk.funded(5), await clerk.open()
    assert await clerk.give(pair(account, other, 10), key=key_of("a")) == Refusal(Reason.INSUFFICIENT_FUNDS, 1)
    await clerk.book(pair(other, account, 100))

    again = await clerk.give(pair(account, other, 10), key=key_of("a"))

    assert again == Refusal(Reason.INSUFFICIENT_FUNDS, 1, replayed=True, request_id="req_test")
    assert (await clerk.balances(account))[0] == 105


async def test_a_key_that_was_used_for_something_else_is_an_error(clerk: Clerk) -> None:
    account, other = await clerk.open(), await clerk.open()
    await clerk.book(pair(account, other, 10), key=key_of("a"))

    with pytest.raises(MediatorError) as refusal:
        await clerk.give(pair(account, other, 11), key=key_of("a", used_for="that"))

    assert refusal.value.entry is IDEM_MISMATCH
    assert (await clerk.balances(account))[0] == -10


async def test_the_same_key_on_another_route_is_another_key(clerk: Clerk) -> None:
    account, other = await clerk.open(), await clerk.open()
    key = key_of("a")

    await clerk.book(pair(account, other, 10), key=key)
    await clerk.book(pair(account, other, 10), key=msgspec.structs.replace(key, route="POST /v1/holds"))

    assert (await clerk.balances(account))[0] == -20


async def test_without_a_key_every_order_is_new(clerk: Clerk) -> None:
    account, other = await clerk.open(), await clerk.open()

    for _ in range(2):
        await clerk.book(pair(account, other, 10))

    assert (await clerk.balances(account))[0] == -20


async def test_a_careful_transfer_comes_again_as_it_was(clerk: Clerk) -> None:
    account, other = await clerk.open(), await clerk.open()

    def order() -> Transfer:
        return transfer(debit(account, 9), credit(other, 9, available_min=9), reference="invoice")

    first = await clerk.book(order(), key=key_of("a"))
    await clerk.book(pair(other, account, 5))

    assert await clerk.book(order(), key=key_of("a")) == msgspec.structs.replace(first, replayed=True)


async def test_a_hold_that_was_placed_under_a_key_comes_again_as_it_was_placed(clerk: Clerk) -> None:
    account, other = await clerk.open(), await clerk.open()
    order = hold(account, other, 10)
    first = await clerk.book(order, key=key_of("a"))
    await clerk.book(post(order, 4))

    again = await clerk.book(hold(account, other, 10), key=key_of("a"))

    assert again == msgspec.structs.replace(first, replayed=True)


async def test_a_posting_of_a_hold_comes_again(clerk: Clerk) -> None:
    account, other = await clerk.open(), await clerk.open()
    held = hold(account, other, 10)
    await clerk.book(held)
    first = await clerk.book(post(held, 4), key=key_of("a"))

    again = await clerk.book(post(held, 4), key=key_of("a"))

    assert again == msgspec.structs.replace(first, replayed=True)
    assert (await clerk.balances(account)) == (-4, -6, -10)


async def test_a_release_comes_again(clerk: Clerk) -> None:
    account, other = await clerk.open(), await clerk.open()
    held = hold(account, other, 10)
    await clerk.book(held)
    first = await clerk.book(release(held), key=key_of("a"))

    assert await clerk.book(release(held), key=key_of("a")) == msgspec.structs.replace(first, replayed=True)
    assert await clerk.give(release(held), key=key_of("b")) == Refusal(Reason.HOLD_CLOSED)


async def test_a_reversal_comes_again(clerk: Clerk) -> None:
    account, other = await clerk.open(), await clerk.open()
    booked = await clerk.book(pair(account, other, 10))
    first = await clerk.book(reverse(booked.transaction_id), key=key_of("a"))

    again = await clerk.book(reverse(booked.transaction_id), key=key_of("a"))

    assert again == msgspec.structs.replace(first, replayed=True)
    assert await clerk.give(reverse(booked.transaction_id), key=key_of("b")) == Refusal(Reason.ALREADY_REVERSED)


async def test_each_use_of_a_key_is_counted(clerk: Clerk) -> None:
    account, other = await clerk.open(), await clerk.open()

    for _ in range(3):
        await clerk.book(pair(account, other, 10), key=key_of("a"))

    assert await clerk.house.windows.key_state(key_of("a")) == ("posted", 3)


async def test_a_dry_run_uses_no_key(clerk: Clerk) -> None:
    account, other = await clerk.open(), await clerk.open()

    await clerk.give(pair(account, other, 10), key=key_of("a"), dry_run=True)
    assert await clerk.house.windows.key_state(key_of("a")) is None

    assert not (await clerk.book(pair(account, other, 10), key=key_of("a"))).replayed


@pytest.mark.parametrize("kind", ["plain", "several legs", "hold"])
async def test_thirty_calls_with_one_key_are_one_order(clerk: Clerk, kind: str) -> None:
    account, other = await clerk.open(), await clerk.open()

    def order() -> Order:
        if kind == "hold":
            return hold(account, other, 10)
        legs = (debit(account, 10), credit(other, 10))
        return transfer(*(legs if kind == "plain" else (*legs, debit(other, 1), credit(other, 1))))

    ends = await asyncio.gather(*(clerk.book(order(), key=key_of("a")) for _ in range(30)))

    assert sum(not end.replayed for end in ends) == 1
    assert len({(end.transaction_id, end.entries, end.hold) for end in ends}) == 1
    assert (await clerk.balances(account))[2] == -10


async def test_a_key_survives_until_other_orders_are_given_in_between(clerk: Clerk) -> None:
    empty, other = await clerk.open(overdraft=0), await clerk.open()
    orders: list[tuple[Order, str]] = [
        (pair(other, empty, 5), "a"),
        (hold(empty, other, 5), "b"),
        (pair(empty, other, 1), "c"),
    ]
    first = [await clerk.give(order, key=key_of(name)) for order, name in orders]
    placed = orders[1][0]
    assert isinstance(placed, PlaceHold)
    await clerk.book(release(placed))

    again = [await clerk.give(order, key=key_of(name)) for order, name in orders]

    assert [isinstance(end, Posting) for end in first] == [True, True, False]
    assert [_bare(end) for end in again] == [_bare(end) for end in first]


def _bare(end: Posting | Refusal) -> Posting | Refusal:
    match end:
        case Posting():
            return msgspec.structs.replace(end, replayed=False)
        case Refusal():
            return msgspec.structs.replace(end, replayed=False, request_id=None)
