"""The promise of transfers: booked whole, with running balances; a dry run tells what would be booked."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.accounts import AccountState
from domain.ids import LedgerAccountId
from domain.ledger import Direction
from domain.money import Currency
from domain.posting import Leg, Posting, Reason, Refusal, Transfer
from tests.fakes.clerk import EUR, Clerk, credit, debit, pair, refused, transfer

JPY = Currency("JPY")
NOBODY = LedgerAccountId(UUID("01999999-0000-7000-8000-000000000000"))


class TestBooking:
    """What a transfer makes."""

    async def test_a_transfer_books_its_legs_with_running_balances(self, clerk: Clerk) -> None:
        cash, owed = await clerk.open(normal=Direction.DEBIT), await clerk.open()
        order = pair(cash, owed, 700)

        posting = await clerk.book(order)

        assert posting.transaction_id == order.id
        assert [(one.line, one.account_id, one.direction) for one in posting.entries] == [
            (1, cash, Direction.DEBIT),
            (2, owed, Direction.CREDIT),
        ]
        assert [(one.amount_minor, one.balance_minor, one.account_version) for one in posting.entries] == [
            (700, 700, 1),
            (700, 700, 1),
        ]
        assert await clerk.balances(cash) == await clerk.balances(owed) == (700, 0, 700)
        assert (posting.hold, posting.replayed) == (None, False)

    async def test_what_is_answered_is_what_is_kept(self, clerk: Clerk) -> None:
        cash, owed = await clerk.open(normal=Direction.DEBIT), await clerk.open()
        made = [await clerk.book(pair(cash, owed, amount)) for amount in (5, 7, 11)]

        answered = [leg for posting in made for leg in posting.entries]
        kept = await clerk.house.ledger_windows.entries()
        assert kept == sorted(answered, key=lambda leg: (leg.account_id, leg.account_version))
        assert [one.id for one in await clerk.house.ledger_windows.transactions()] == [
            posting.transaction_id for posting in made
        ]

    async def test_a_leg_against_the_normal_side_decreases_the_account(self, clerk: Clerk) -> None:
        first, second = await clerk.open(), await clerk.open()

        posting = await clerk.book(pair(first, second, 30))

        assert [leg.balance_minor for leg in posting.entries] == [-30, 30]
        assert await clerk.balances(first) == (-30, 0, -30)

    async def test_many_legs_in_several_currencies_are_one_transaction(self, clerk: Clerk) -> None:
        euro, yen = [await clerk.open() for _ in range(2)], [await clerk.open(currency=JPY) for _ in range(2)]
        legs = (debit(euro[0], 100), credit(euro[1], 100), debit(yen[1], 16000, JPY), credit(yen[0], 16000, JPY))

        posting = await clerk.book(transfer(*legs))

        assert [(leg.currency, leg.balance_minor) for leg in posting.entries] == [
            (EUR, -100),
            (EUR, 100),
            (JPY, -16000),
            (JPY, 16000),
        ]

    async def test_an_account_in_several_legs_has_a_balance_and_a_version_after_each(self, clerk: Clerk) -> None:
        one, other = await clerk.open(), await clerk.open()

        posting = await clerk.book(transfer(debit(one, 10), credit(other, 4), credit(one, 1), credit(other, 5)))

        assert [(leg.balance_minor, leg.account_version) for leg in posting.entries] == [
            (-10, 1),
            (4, 1),
            (-9, 2),
            (9, 2),
        ]

    @pytest.mark.parametrize("turned", [False, True])
    async def test_a_transfer_from_an_account_to_itself_leaves_it_as_it_was(
        self, clerk: Clerk, *, turned: bool
    ) -> None:
        account = await clerk.funded(50)
        legs = (debit(account, 20), credit(account, 20))

        posting = await clerk.book(transfer(*reversed(legs) if turned else legs))

        running = [(leg.balance_minor, leg.account_version) for leg in posting.entries]
        assert running == ([(70, 2), (50, 3)] if turned else [(30, 2), (50, 3)])
        assert await clerk.balances(account) == (50, 0, 50)

    async def test_credit_may_come_before_debit(self, clerk: Clerk) -> None:
        one, other = await clerk.open(), await clerk.open()

        posting = await clerk.book(transfer(credit(one, 5), debit(other, 5)))

        assert [(leg.line, leg.account_id, leg.balance_minor) for leg in posting.entries] == [
            (1, one, 5),
            (2, other, -5),
        ]

    @pytest.mark.parametrize("code", ["JPY", "EUR", "KWD", "CLF"])
    async def test_minor_units_are_moved_as_they_are_whatever_the_currencys_decimals(
        self, clerk: Clerk, code: str
    ) -> None:
        currency = Currency(code)
        one, other = await clerk.open(currency=currency), await clerk.open(currency=currency)

        for amount in (1, 9, 2**53, 2**53 + 1):
            await clerk.book(pair(one, other, amount, currency))

        assert (await clerk.balances(other))[0] == 10 + 2**54 + 1

    async def test_it_counts_for_the_time_that_was_asked_for_and_is_recorded_now(self, clerk: Clerk) -> None:
        one, other = await clerk.open(), await clerk.open()
        then = datetime(2025, 2, 3, 4, 5, 6, 789, tzinfo=UTC)

        before = datetime.now(UTC)
        posting = await clerk.book(transfer(debit(one, 5), credit(other, 5), effective_at=then))

        (kept,) = await clerk.house.ledger_windows.transactions()
        assert (kept.effective_at, kept.recorded_at) == (then, posting.recorded_at)
        assert before - timedelta(seconds=1) <= kept.recorded_at <= datetime.now(UTC) + timedelta(seconds=1)

    async def test_without_another_time_it_counts_for_that_of_its_recording(self, clerk: Clerk) -> None:
        await clerk.book(pair(await clerk.open(), await clerk.open(), 5))

        (kept,) = await clerk.house.ledger_windows.transactions()
        assert kept.effective_at == kept.recorded_at

    async def test_times_of_recording_never_run_backwards(self, clerk: Clerk) -> None:
        one, other = await clerk.open(), await clerk.open()

        times = [(await clerk.book(pair(one, other, 1))).recorded_at for _ in range(5)]

        assert times == sorted(times)


class TestDryRuns:
    """A dry run answers what would happen, and nothing happens."""

    async def test_it_answers_what_would_be_made(self, clerk: Clerk) -> None:
        account, other = await clerk.funded(100), await clerk.open()
        order = pair(account, other, 60, reference="invoice")
        before = await clerk.house.ledger_windows.accounts()
        entries = await clerk.house.ledger_windows.entries()

        tried = [await clerk.give(order, dry_run=True) for _ in range(2)]

        for posting in tried:
            assert isinstance(posting, Posting)
            assert [leg.balance_minor for leg in posting.entries] == [40, 60]
        assert await clerk.house.ledger_windows.accounts() == before
        assert await clerk.house.ledger_windows.entries() == entries
        really = await clerk.book(order)
        assert isinstance(tried[0], Posting)
        assert (really.entries, really.transaction_id) == (tried[0].entries, tried[0].transaction_id)

    async def test_it_refuses_for_the_same_reason(self, clerk: Clerk) -> None:
        empty, other = await clerk.open(overdraft=0), await clerk.open()

        assert await clerk.give(pair(empty, other, 1), dry_run=True) == Refusal(Reason.INSUFFICIENT_FUNDS, 1)

    async def test_it_tells_nobody(self, clerk: Clerk) -> None:
        order = pair(await clerk.open(), await clerk.open(), 1)
        told = await clerk.house.windows.outbox_tags(), await clerk.house.windows.audit_actions()

        await clerk.give(order, dry_run=True)

        assert (await clerk.house.windows.outbox_tags(), await clerk.house.windows.audit_actions()) == told


class TestSize:
    """Transfers with very many legs."""

    async def test_a_thousand_legs_are_booked_and_a_late_one_is_named(self, clerk: Clerk) -> None:
        hub, shut = await clerk.open(), await clerk.open(state=AccountState.FROZEN)
        spokes = [await clerk.open() for _ in range(3)]
        legs: list[Leg] = [debit(hub, 999)] + [credit(spokes[number % 3], 1) for number in range(998)]

        posting = await clerk.book(Transfer(id=pair(hub, hub, 1).id, legs=(*legs, credit(hub, 1))))
        assert len(posting.entries) == 1000
        assert [(await clerk.balances(one))[0] for one in (hub, *spokes)] == [-998, 333, 333, 332]
        outcome = await clerk.give(transfer(*legs, credit(shut, 1)))
        assert refused(outcome) == Refusal(Reason.ACCOUNT_FROZEN, 1000)
