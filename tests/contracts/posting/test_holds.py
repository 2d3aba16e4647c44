"""The promise of holds: placed, posted in parts or whole, let go, expired; what is held counts against `available`."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.accounts import AccountState
from domain.bookkeeping import clearing
from domain.ids import HoldId, LedgerAccountId, LedgerTransactionId
from domain.ledger import Direction, HoldState
from domain.money import Currency
from domain.posting import PlaceHold, PostHold, Posting, Reason, Refusal, ReleaseHold
from tests.fakes.clerk import EUR, Clerk, hold, pair, post, release, reverse
from tests.fakes.keeping import keep, story_for

JPY = Currency("JPY")
LATER = datetime(2126, 1, 1, tzinfo=UTC)


def state_of(posting: Posting) -> tuple[HoldState, int, int]:
    """Give the state of the hold that an order touched, what is posted of it, and what was let go."""
    assert posting.hold is not None
    return posting.hold.state, posting.hold.posted_minor, posting.hold.released_minor


async def placed(clerk: Clerk, amount: int = 100, *, expires_at: datetime | None = None) -> PlaceHold:
    """Place a hold on an account that has exactly as much."""
    order = hold(await clerk.funded(amount), await clerk.open(), amount, expires_at=expires_at)
    await clerk.book(order)
    return order


class TestPlacing:
    """Holding an amount."""

    async def test_what_is_held_is_pending_on_both_sides_and_not_available(self, clerk: Clerk) -> None:
        account, other = await clerk.funded(100), await clerk.open()

        posting = await clerk.book(hold(account, other, 60))

        assert (posting.transaction_id, posting.entries) == (None, ())
        assert state_of(posting) == (HoldState.PENDING, 0, 0)
        assert await clerk.balances(account) == (100, -60, 40)
        assert await clerk.balances(other) == (0, 60, 0)
        assert [(await clerk.account(one)).version for one in (account, other)] == [2, 1]

    async def test_what_a_debit_normal_account_shall_pay_is_held_of_it(self, clerk: Clerk) -> None:
        cash, owed = await clerk.open(normal=Direction.DEBIT, overdraft=0), await clerk.funded(100)
        await clerk.book(pair(cash, await clerk.open(), 50))

        await clerk.book(hold(owed, cash, 30))

        assert await clerk.balances(cash) == (50, -30, 20)
        assert await clerk.give(hold(owed, cash, 21)) == Refusal(Reason.INSUFFICIENT_FUNDS, 2)

    async def test_more_than_is_available_is_not_held(self, clerk: Clerk) -> None:
        account, other = await clerk.funded(100, overdraft=10), await clerk.open()
        await clerk.book(hold(account, other, 60))

        assert await clerk.give(hold(account, other, 51)) == Refusal(Reason.INSUFFICIENT_FUNDS, 1)
        assert await clerk.give(pair(account, other, 51)) == Refusal(Reason.INSUFFICIENT_FUNDS, 1)
        await clerk.book(hold(account, other, 50))

    async def test_the_accounts_are_looked_at_as_for_a_transfer(self, clerk: Clerk) -> None:
        one, shut = await clerk.open(), await clerk.open(state=AccountState.CLOSED)
        frozen, yen = await clerk.open(state=AccountState.FROZEN), await clerk.open(currency=JPY)
        nobody = LedgerAccountId(UUID(int=7))

        assert await clerk.give(hold(one, shut, 1)) == Refusal(Reason.ACCOUNT_CLOSED, 2)
        assert await clerk.give(hold(frozen, shut, 1)) == Refusal(Reason.ACCOUNT_FROZEN, 1)
        assert await clerk.give(hold(one, yen, 1)) == Refusal(Reason.CURRENCY_MISMATCH, 2)
        assert await clerk.give(hold(one, nobody, 1)) == Refusal(Reason.UNKNOWN_ACCOUNT, 2)

    async def test_a_hold_whose_time_is_over_is_not_placed(self, clerk: Clerk) -> None:
        empty, other = await clerk.open(overdraft=0), await clerk.open()
        over = datetime.now(UTC) - timedelta(seconds=1)

        assert await clerk.give(hold(empty, other, 1, expires_at=over)) == Refusal(Reason.HOLD_EXPIRED)

    async def test_a_reference_names_one_hold(self, clerk: Clerk) -> None:
        one, other = await clerk.open(), await clerk.open()
        await clerk.book(hold(one, other, 1, reference="booking"))

        over = datetime.now(UTC) - timedelta(seconds=1)
        again = hold(one, other, 1, reference="booking", expires_at=over)
        assert await clerk.give(again) == Refusal(Reason.REFERENCE_USED)
        await clerk.book(pair(one, other, 1, reference="booking"))

    async def test_of_many_holds_with_one_reference_at_once_one_is_placed(self, clerk: Clerk) -> None:
        accounts = [await clerk.open() for _ in range(8)]
        orders = [
            hold(one, other, 1, reference="booking") for one, other in zip(accounts, reversed(accounts), strict=True)
        ]

        ends = await asyncio.gather(*(clerk.give(order) for order in orders))

        assert sum(isinstance(end, Posting) for end in ends) == 1
        assert {end for end in ends if isinstance(end, Refusal)} == {Refusal(Reason.REFERENCE_USED)}

    async def test_an_account_may_hold_against_itself(self, clerk: Clerk) -> None:
        account = await clerk.funded(10)
        order = hold(account, account, 10)

        await clerk.book(order)
        assert await clerk.balances(account) == (10, 0, 0)
        await clerk.book(post(order))

        assert await clerk.balances(account) == (10, 0, 10)
        assert (await clerk.account(account)).version == 7

    async def test_a_dry_run_holds_nothing(self, clerk: Clerk) -> None:
        account, other = await clerk.funded(10), await clerk.open()
        before = await clerk.house.ledger_windows.accounts()

        tried = await clerk.give(hold(account, other, 10), dry_run=True)

        assert isinstance(tried, Posting)
        assert state_of(tried) == (HoldState.PENDING, 0, 0)
        assert await clerk.house.ledger_windows.accounts() == before
        assert await clerk.give(hold(account, other, 11), dry_run=True) == Refusal(Reason.INSUFFICIENT_FUNDS, 1)


class TestPosting:
    """Booking what is held."""

    async def test_a_hold_is_posted_whole(self, clerk: Clerk) -> None:
        order = await placed(clerk)
        posting_order = post(order)

        posting = await clerk.book(posting_order)

        assert posting.transaction_id == posting_order.id
        assert [(leg.line, leg.account_id, leg.direction, leg.amount_minor) for leg in posting.entries] == [
            (1, order.debit_account_id, Direction.DEBIT, 100),
            (2, order.credit_account_id, Direction.CREDIT, 100),
        ]
        assert [(leg.balance_minor, leg.account_version) for leg in posting.entries] == [(0, 4), (100, 3)]
        assert state_of(posting) == (HoldState.POSTED, 100, 0)
        assert await clerk.balances(order.debit_account_id) == (0, 0, 0)
        assert await clerk.balances(order.credit_account_id) == (100, 0, 100)
        made = {one.id: one for one in await clerk.house.ledger_windows.transactions()}[posting_order.id]
        assert (made.kind, made.hold_id) == ("hold_posting", order.hold_id)

    async def test_a_hold_is_posted_in_parts(self, clerk: Clerk) -> None:
        order = await placed(clerk)

        assert state_of(await clerk.book(post(order, 30))) == (HoldState.PARTIALLY_POSTED, 30, 0)
        assert await clerk.balances(order.debit_account_id) == (70, -70, 0)
        assert state_of(await clerk.book(post(order, 30))) == (HoldState.PARTIALLY_POSTED, 60, 0)
        assert state_of(await clerk.book(post(order))) == (HoldState.POSTED, 100, 0)
        assert await clerk.balances(order.debit_account_id) == (0, 0, 0)

    async def test_the_final_part_lets_the_rest_go(self, clerk: Clerk) -> None:
        order = await placed(clerk)
        await clerk.book(post(order, 30))

        assert state_of(await clerk.book(post(order, 20, final=True))) == (HoldState.POSTED, 50, 50)

        assert await clerk.balances(order.debit_account_id) == (50, 0, 50)
        assert await clerk.balances(order.credit_account_id) == (50, 0, 50)

    async def test_more_than_is_left_is_not_posted(self, clerk: Clerk) -> None:
        order = await placed(clerk)
        await clerk.book(post(order, 30))

        assert await clerk.give(post(order, 71)) == Refusal(Reason.HOLD_EXCEEDED)
        await clerk.book(post(order, 70))
        assert await clerk.give(post(order, 1)) == Refusal(Reason.HOLD_CLOSED)

    async def test_what_was_held_is_posted_even_when_funds_have_gone(self, clerk: Clerk) -> None:
        order = await placed(clerk)
        account, other = order.debit_account_id, order.credit_account_id
        assert await clerk.give(pair(account, other, 1)) == Refusal(Reason.INSUFFICIENT_FUNDS, 1)

        await clerk.book(post(order))

    @pytest.mark.parametrize("leg", [1, 2])
    @pytest.mark.parametrize(
        ("state", "reason"),
        [(AccountState.FROZEN, Reason.ACCOUNT_FROZEN), (AccountState.CLOSED, Reason.ACCOUNT_CLOSED)],
    )
    async def test_a_shut_account_is_not_posted_to_but_may_be_let_go(
        self, clerk: Clerk, leg: int, state: AccountState, reason: Reason
    ) -> None:
        order = await placed(clerk)
        account = order.debit_account_id if leg == 1 else order.credit_account_id
        await clerk.house.ledger_windows.set_state(account, state)

        assert await clerk.give(post(order)) == Refusal(reason, leg)
        await clerk.book(release(order))

    async def test_a_hold_whose_time_is_over_is_not_posted(self, clerk: Clerk) -> None:
        order = await placed(clerk, expires_at=LATER)
        await clerk.house.ledger_windows.end_time_of(order.hold_id)

        assert await clerk.give(post(order, 101)) == Refusal(Reason.HOLD_EXPIRED)

    async def test_reasons_of_the_hold_come_before_those_of_the_accounts(self, clerk: Clerk) -> None:
        order = await placed(clerk)
        await clerk.house.ledger_windows.set_state(order.debit_account_id, AccountState.FROZEN)

        assert await clerk.give(post(order, 101)) == Refusal(Reason.HOLD_EXCEEDED)

    async def test_an_unknown_hold(self, clerk: Clerk) -> None:
        unknown = HoldId(UUID(int=7))

        order = PostHold(id=LedgerTransactionId(UUID(int=8)), hold_id=unknown)
        assert await clerk.give(order) == Refusal(Reason.UNKNOWN_HOLD)
        assert await clerk.give(ReleaseHold(hold_id=unknown)) == Refusal(Reason.UNKNOWN_HOLD)

    async def test_of_ten_postings_at_once_no_more_is_booked_than_was_held(self, clerk: Clerk) -> None:
        order = await placed(clerk)

        ends = await asyncio.gather(*(clerk.give(post(order, 30)) for _ in range(10)))

        assert sum(isinstance(end, Posting) for end in ends) == 3
        assert {end for end in ends if isinstance(end, Refusal)} == {Refusal(Reason.HOLD_EXCEEDED)}
        assert await clerk.balances(order.debit_account_id) == (10, -10, 0)

    async def test_a_posting_may_be_reversed(self, clerk: Clerk) -> None:
        order = await placed(clerk)
        posting = await clerk.book(post(order, 40))

        await clerk.book(reverse(posting.transaction_id))

        assert await clerk.balances(order.debit_account_id) == (100, -60, 40)

    async def test_a_dry_run_posts_nothing(self, clerk: Clerk) -> None:
        order = await placed(clerk)
        before = await clerk.house.ledger_windows.accounts()

        tried = await clerk.give(post(order, 40), dry_run=True)

        assert isinstance(tried, Posting)
        assert [leg.balance_minor for leg in tried.entries] == [60, 40]
        assert await clerk.house.ledger_windows.accounts() == before
        assert (await clerk.house.ledger_windows.hold(order.hold_id)).posted_minor == 0


class TestReleasing:
    """Letting go."""

    async def test_a_hold_is_let_go_whole(self, clerk: Clerk) -> None:
        order = await placed(clerk)

        posting = await clerk.book(release(order))

        assert (posting.transaction_id, posting.entries) == (None, ())
        assert state_of(posting) == (HoldState.VOIDED, 0, 100)
        assert await clerk.balances(order.debit_account_id) == (100, 0, 100)
        assert await clerk.balances(order.credit_account_id) == (0, 0, 0)

    async def test_of_a_hold_that_is_posted_in_part_the_rest_is_let_go(self, clerk: Clerk) -> None:
        order = await placed(clerk)
        await clerk.book(post(order, 30))

        assert state_of(await clerk.book(release(order))) == (HoldState.POSTED, 30, 70)

    async def test_what_is_closed_is_let_go_no_more(self, clerk: Clerk) -> None:
        released, posted = await placed(clerk), await placed(clerk)
        await clerk.book(release(released))
        await clerk.book(post(posted))

        for order in (released, posted):
            assert await clerk.give(release(order)) == Refusal(Reason.HOLD_CLOSED)
            assert await clerk.give(post(order)) == Refusal(Reason.HOLD_CLOSED)

    async def test_a_hold_expires_when_its_time_is_over_and_not_before(self, clerk: Clerk) -> None:
        order, endless = await placed(clerk, expires_at=LATER), await placed(clerk)

        assert await clerk.give(release(order, expired=True)) == Refusal(Reason.HOLD_NOT_DUE)
        assert await clerk.give(release(endless, expired=True)) == Refusal(Reason.HOLD_NOT_DUE)
        await clerk.house.ledger_windows.end_time_of(order.hold_id)

        assert state_of(await clerk.book(release(order, expired=True))) == (HoldState.EXPIRED, 0, 100)
        assert await clerk.give(release(order, expired=True)) == Refusal(Reason.HOLD_CLOSED)

    async def test_a_hold_whose_time_is_over_may_be_let_go_by_hand(self, clerk: Clerk) -> None:
        order = await placed(clerk, expires_at=LATER)
        await clerk.house.ledger_windows.end_time_of(order.hold_id)

        assert state_of(await clerk.book(release(order))) == (HoldState.VOIDED, 0, 100)

    async def test_of_posting_and_letting_go_at_once_one_happens(self, clerk: Clerk) -> None:
        order = await placed(clerk)

        ends = await asyncio.gather(clerk.give(post(order)), clerk.give(release(order)), clerk.give(release(order)))

        assert sum(isinstance(end, Posting) for end in ends) == 1
        assert [end for end in ends if isinstance(end, Refusal)] == [Refusal(Reason.HOLD_CLOSED)] * 2
        assert (await clerk.balances(order.debit_account_id))[1] == 0


class TestPayments:
    """What payments hold is theirs."""

    async def test_a_payments_hold_is_touched_by_its_payment_alone(self, clerk: Clerk) -> None:
        story = await keep(clerk.house, story_for(clerk.house))
        hold_id = story.payment.hold_id

        order = PostHold(id=LedgerTransactionId(UUID(int=8)), hold_id=hold_id)
        assert await clerk.give(order) == Refusal(Reason.UNKNOWN_HOLD)
        assert await clerk.give(ReleaseHold(hold_id=hold_id)) == Refusal(Reason.UNKNOWN_HOLD)

        await keep(clerk.house, story.succeed())
        assert (await clerk.house.ledger_windows.hold(hold_id)).state is HoldState.POSTED

    async def test_payments_and_transfers_meet_on_one_account(self, clerk: Clerk) -> None:
        await keep(clerk.house, story_for(clerk.house).succeed())
        accounts = (await clerk.house.ledger_windows.accounts()).values()
        (cash,) = [one for one in accounts if one.code == clearing(clerk.house.account, EUR).code]
        other = await clerk.open()

        posting = await clerk.book(pair(other, cash.id, 400))

        assert [leg.balance_minor for leg in posting.entries] == [-400, 600]
