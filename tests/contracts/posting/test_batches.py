"""The promise of batches: all or none, or each for itself; in their sequence, with an outcome for each item."""

import msgspec
import pytest

from domain.accounts import AccountState
from domain.errors import IDEM_MISMATCH, MediatorError
from domain.ids import LedgerAccountId
from domain.posting import Order, Outcome, Posting, Reason, Refusal
from tests.fakes.clerk import Clerk, credit, debit, hold, key_of, pair, post, release, reverse, transfer

FIRST = Refusal(Reason.INSUFFICIENT_FUNDS, 1)
OTHERS = Refusal(Reason.BATCH_REFUSED)
AGAIN = Refusal(Reason.INSUFFICIENT_FUNDS, 1, replayed=True, request_id="req_test")


def said(ends: tuple[Outcome | MediatorError, ...]) -> list[object]:
    """Give refusals and errors as they are, and `True` for what was booked."""
    return [
        True if isinstance(end, Posting) else (end.entry if isinstance(end, MediatorError) else end) for end in ends
    ]


class TestEach:
    """Every item stands for itself."""

    async def test_refused_items_leave_the_others_booked(self, clerk: Clerk) -> None:
        account, other = await clerk.funded(10), await clerk.open()

        ends = await clerk.batch(pair(account, other, 4), pair(account, other, 7), pair(account, other, 6))

        assert said(ends) == [True, FIRST, True]
        assert await clerk.balances(account) == (0, 0, 0)

    async def test_items_are_booked_in_their_sequence(self, clerk: Clerk) -> None:
        empty, between, other = [await clerk.open(overdraft=0) for _ in range(3)]
        source = await clerk.open()

        ends = await clerk.batch(
            pair(empty, between, 5), pair(source, empty, 5), pair(empty, between, 5), pair(between, other, 5)
        )

        assert said(ends) == [FIRST, True, True, True]
        posted = [end for end in ends if isinstance(end, Posting)]
        assert [leg.balance_minor for end in posted for leg in end.entries] == [-5, 5, 0, 5, 0, 5]

    async def test_items_through_a_limited_account_keep_their_place_in_the_sequence(self, clerk: Clerk) -> None:
        limited, empty, source = await clerk.open(), await clerk.open(overdraft=0), await clerk.open()
        await clerk.limit(limited, amount_max=1000)

        ends = await clerk.batch(
            pair(source, limited, 5), pair(limited, empty, 5), pair(empty, source, 5), pair(empty, source, 1)
        )

        assert said(ends) == [True, True, True, FIRST]

    async def test_orders_of_all_kinds_see_each_other(self, clerk: Clerk) -> None:
        source, account, other = await clerk.open(), await clerk.open(overdraft=0), await clerk.open()
        funding, held, let_go = pair(source, account, 10), hold(account, other, 6), hold(account, other, 4)

        ends = await clerk.batch(
            funding, held, let_go, pair(account, other, 1), post(held, 5, final=True), release(let_go),
            pair(account, other, 1), reverse(funding.id),
        )  # fmt: skip

        assert said(ends) == [True, True, True, FIRST, True, True, True, Refusal(Reason.INSUFFICIENT_FUNDS, 2)]
        assert await clerk.balances(account) == (4, 0, 4)

    async def test_a_refused_item_does_not_use_up_its_reference(self, clerk: Clerk) -> None:
        empty, other = await clerk.open(overdraft=0), await clerk.open()

        ends = await clerk.batch(
            pair(empty, other, 5, reference="invoice"),
            pair(other, empty, 5, reference="invoice"),
            pair(other, empty, 6, reference="invoice"),
        )

        assert said(ends) == [FIRST, True, Refusal(Reason.REFERENCE_USED)]

    async def test_a_refused_reversal_leaves_the_transaction_to_the_next(self, clerk: Clerk) -> None:
        account, other = await clerk.funded(10), await clerk.open(overdraft=0)
        booked = await clerk.book(pair(account, other, 10))
        await clerk.book(pair(other, account, 4))

        ends = await clerk.batch(
            reverse(booked.transaction_id),
            pair(account, other, 4),
            reverse(booked.transaction_id),
            reverse(booked.transaction_id),
        )

        expected = [Refusal(Reason.INSUFFICIENT_FUNDS, 2), True, True, Refusal(Reason.ALREADY_REVERSED)]
        assert said(ends) == expected

    async def test_two_holds_of_one_reference(self, clerk: Clerk) -> None:
        empty, other = await clerk.open(overdraft=0), await clerk.open()

        ends = await clerk.batch(
            hold(empty, other, 1, reference="h"),
            hold(other, empty, 1, reference="h"),
            hold(other, other, 1, reference="h"),
        )

        assert said(ends) == [FIRST, True, Refusal(Reason.REFERENCE_USED)]

    async def test_unknown_accounts_are_refused_one_by_one(self, clerk: Clerk) -> None:
        one, other = await clerk.open(), await clerk.open()
        nobody = LedgerAccountId(pair(one, other, 1).id)

        ends = await clerk.batch(
            pair(one, other, 1), pair(nobody, other, 1), pair(other, nobody, 1), pair(one, other, 1)
        )

        assert said(ends) == [True, Refusal(Reason.UNKNOWN_ACCOUNT, 1), Refusal(Reason.UNKNOWN_ACCOUNT, 2), True]
        assert (await clerk.balances(one))[0] == -2

    async def test_a_long_batch_is_booked_whole(self, clerk: Clerk) -> None:
        accounts = [await clerk.open() for _ in range(7)]
        orders = [pair(accounts[number % 7], accounts[(number * 3 + 1) % 7], 1) for number in range(1201)]

        ends = await clerk.batch(*orders)

        assert all(isinstance(end, Posting) for end in ends)
        assert sum(account.posted for account in (await clerk.house.ledger_windows.accounts()).values()) == 0
        assert len(await clerk.house.ledger_windows.transactions()) == 1201

    async def test_nothing_is_asked_and_nothing_answered(self, clerk: Clerk) -> None:
        assert await clerk.batch() == ()


class TestAtomic:
    """All or none."""

    async def test_all_are_booked(self, clerk: Clerk) -> None:
        account, other = await clerk.funded(10), await clerk.open()

        ends = await clerk.batch(pair(account, other, 4), pair(account, other, 6), atomic=True)

        assert said(ends) == [True, True]
        assert await clerk.balances(account) == (0, 0, 0)

    @pytest.mark.parametrize("kind", ["plain", "mixed"])
    async def test_none_is_booked_when_one_is_refused(self, clerk: Clerk, kind: str) -> None:
        account, other = await clerk.funded(10), await clerk.open()
        before = await clerk.house.ledger_windows.accounts()
        last: Order = pair(other, account, 1) if kind == "plain" else hold(other, account, 1)

        ends = await clerk.batch(
            pair(account, other, 4), pair(account, other, 7), pair(account, other, 99), last, atomic=True
        )

        assert said(ends) == [OTHERS, FIRST, OTHERS, OTHERS]
        assert await clerk.house.ledger_windows.accounts() == before

    async def test_later_items_see_earlier_ones(self, clerk: Clerk) -> None:
        source, empty, other = await clerk.open(), await clerk.open(overdraft=0), await clerk.open()

        assert said(await clerk.batch(pair(source, empty, 5), pair(empty, other, 5), atomic=True)) == [True, True]
        assert said(await clerk.batch(pair(empty, other, 5), pair(source, empty, 5), atomic=True)) == [FIRST, OTHERS]

    async def test_limited_accounts_are_counted_together(self, clerk: Clerk) -> None:
        account, other = await clerk.funded(100), await clerk.open()
        await clerk.limit(account, amount_max=10)

        ends = await clerk.batch(pair(account, other, 6), pair(account, other, 5), atomic=True)
        assert said(ends) == [OTHERS, Refusal(Reason.LIMIT_EXCEEDED)]
        ends = await clerk.batch(pair(account, other, 6), pair(account, other, 4), atomic=True)
        assert said(ends) == [True, True]

    async def test_a_wrong_account_deep_inside_names_its_leg(self, clerk: Clerk) -> None:
        one, shut = await clerk.open(), await clerk.open(state=AccountState.CLOSED)

        ends = await clerk.batch(
            pair(one, one, 1), transfer(debit(one, 1), credit(one, 1), debit(one, 2), credit(shut, 2)), atomic=True
        )

        assert said(ends) == [OTHERS, Refusal(Reason.ACCOUNT_CLOSED, 4)]

    async def test_a_mismatched_key_refuses_the_whole(self, clerk: Clerk) -> None:
        one, other = await clerk.open(), await clerk.open()
        await clerk.book(pair(one, other, 1), key=key_of("a"))

        ends = await clerk.batch(
            (pair(one, other, 1), key_of("b")), (pair(one, other, 1), key_of("a", used_for="that")), atomic=True
        )

        assert said(ends) == [OTHERS, IDEM_MISMATCH]
        assert (await clerk.balances(other))[0] == 1

    async def test_an_earlier_refusal_under_a_key_refuses_the_whole(self, clerk: Clerk) -> None:
        empty, other = await clerk.open(overdraft=0), await clerk.open()
        await clerk.give(pair(empty, other, 1), key=key_of("a"))

        ends = await clerk.batch(
            (pair(other, empty, 1), key_of("b")), (pair(empty, other, 1), key_of("a")), atomic=True
        )

        assert said(ends) == [OTHERS, AGAIN]
        assert (await clerk.balances(other))[0] == 0

    async def test_nothing_is_asked_and_nothing_answered(self, clerk: Clerk) -> None:
        assert await clerk.batch(atomic=True) == ()


@pytest.mark.parametrize("atomic", [False, True])
class TestKeys:
    """Keys of single items."""

    async def test_a_batch_that_comes_again_is_booked_once(self, clerk: Clerk, *, atomic: bool) -> None:
        account, other = await clerk.funded(100), await clerk.open()

        async def give() -> tuple[Outcome | MediatorError, ...]:
            items = [(pair(account, other, amount), key_of(f"key-{amount}")) for amount in (1, 2, 4)]
            return await clerk.batch(*items, atomic=atomic)

        first, second = await give(), await give()

        assert [msgspec.structs.replace(end, replayed=True) for end in first if isinstance(end, Posting)] == list(
            second
        )
        assert await clerk.balances(account) == (93, 0, 93)

    async def test_the_very_same_orders_that_come_again_are_booked_once(self, clerk: Clerk, *, atomic: bool) -> None:
        account, other = await clerk.funded(100), await clerk.open()
        items = [(pair(account, other, amount), key_of(f"key-{amount}")) for amount in (1, 2, 4)]

        first = await clerk.batch(*items, atomic=atomic)
        second = await clerk.batch(*items, atomic=atomic)

        assert [end.entries for end in first if isinstance(end, Posting)] == [
            end.entries for end in second if isinstance(end, Posting)
        ]
        assert await clerk.balances(account) == (93, 0, 93)

    async def test_what_was_booked_before_is_told_beside_what_is_new(self, clerk: Clerk, *, atomic: bool) -> None:
        account, other = await clerk.funded(100), await clerk.open()
        first = await clerk.book(pair(account, other, 1), key=key_of("a"))

        ends = await clerk.batch(
            (pair(account, other, 1), key_of("a")), (pair(account, other, 2), key_of("b")), atomic=atomic
        )

        assert ends[0] == msgspec.structs.replace(first, replayed=True)
        assert said(ends) == [True, True]
        assert await clerk.balances(account) == (97, 0, 97)

    async def test_a_key_that_stands_twice_in_a_batch_is_one_order(self, clerk: Clerk, *, atomic: bool) -> None:
        account, other = await clerk.funded(100), await clerk.open()

        ends = await clerk.batch(
            (pair(account, other, 1), key_of("a")), (pair(account, other, 1), key_of("a")), atomic=atomic
        )

        assert said(ends) == [True, True]
        assert [end.replayed for end in ends if isinstance(end, Posting)] == [False, True]
        assert await clerk.balances(account) == (99, 0, 99)


async def test_a_refused_key_that_stands_twice_is_refused_twice(clerk: Clerk) -> None:
    empty, other = await clerk.open(overdraft=0), await clerk.open()

    ends = await clerk.batch(
        (pair(empty, other, 1), key_of("a")), pair(other, empty, 9), (pair(empty, other, 1), key_of("a"))
    )

    assert said(ends) == [FIRST, True, AGAIN]


async def test_a_mismatched_key_leaves_the_others_booked(clerk: Clerk) -> None:
    one, other = await clerk.open(), await clerk.open()
    await clerk.book(pair(one, other, 1), key=key_of("a"))

    ends = await clerk.batch(
        (pair(one, other, 1), key_of("b")),
        (pair(one, other, 1), key_of("a", used_for="that")),
        (pair(one, other, 1), key_of("c")),
    )

    assert said(ends) == [True, IDEM_MISMATCH, True]
    assert (await clerk.balances(other))[0] == 3


async def test_a_refused_atomic_batch_may_be_given_again_when_what_was_wrong_is_mended(clerk: Clerk) -> None:
    empty, other = await clerk.open(overdraft=0), await clerk.open()
    keyed = [(pair(other, empty, 1), key_of("a")), (pair(empty, other, 5), key_of("b"))]
    assert said(await clerk.batch(*keyed, atomic=True)) == [OTHERS, FIRST]
    await clerk.book(pair(other, empty, 4))

    assert said(await clerk.batch(*keyed, atomic=True)) == [True, True]
