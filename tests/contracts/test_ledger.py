"""The promise of the ledger's readers: accounts as they stand, entries newest first, page by page."""

from datetime import UTC, datetime, timedelta

import pytest
from uuid_utils.compat import uuid7

from application.ports.ledger import EntryFilter
from application.ports.payments import BookedEntry
from domain.bookkeeping import clearing, payable
from domain.errors import VAL_CURSOR, MediatorError
from domain.ids import LedgerAccountId, LedgerTransactionId, TenantId
from domain.money import Currency
from domain.payments import CaptureMode
from tests.fakes.house import House
from tests.fakes.keeping import keep, story_for
from tests.fakes.story import EUR, UNKNOWN
from tests.fakes.world import SettableWorld

EVERYTHING = EntryFilter()


async def entries(house: House, wanted: EntryFilter = EVERYTHING) -> list[BookedEntry]:
    """List all entries that are wanted."""
    return list(await house.ledger.entries(house.tenant_id, wanted, before=None, limit=100))


async def account_id(house: House, code: str, currency: str = "EUR") -> LedgerAccountId:
    """Find an account."""
    (found,) = await house.ledger.accounts(house.tenant_id, after=None, limit=9, currency=currency, code=code)
    return found.id


class TestAccounts:
    """Accounts in the order in which they were opened."""

    async def test_a_fresh_tenant_has_no_accounts(self, house: House) -> None:
        assert await house.ledger.accounts(house.tenant_id, after=None, limit=9, currency=None, code=None) == ()

    async def test_an_account_shows_what_is_booked_held_and_at_risk(self, house: House) -> None:
        await keep(house, story_for(house).succeed())
        await keep(house, story_for(house, amount_minor=300).settle(UNKNOWN))
        await keep(house, story_for(house, amount_minor=50))

        (account,) = await house.ledger.accounts(
            house.tenant_id, after=None, limit=9, currency="EUR", code=payable(EUR).code
        )
        assert (account.normal_balance, account.posted_credits, account.posted_debits) == ("credit", 1000, 0)
        assert (account.pending_credits, account.pending_debits, account.at_risk) == (350, 0, 300)

    async def test_each_entry_and_each_change_of_a_hold_is_one_version_of_an_account(self, house: House) -> None:
        await keep(house, story_for(house).succeed())

        accounts = await house.ledger.accounts(house.tenant_id, after=None, limit=9, currency=None, code=None)
        assert [one.version for one in accounts] == [3, 3]

    @pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
    async def test_pages_of_any_size_show_each_account_once(self, house: House, limit: int) -> None:
        for currency in ("EUR", "JPY", "KWD"):
            await keep(house, story_for(house, currency=currency))

        shown: list[LedgerAccountId] = []
        while True:
            after = shown[-1] if shown else None
            found = await house.ledger.accounts(house.tenant_id, after=after, limit=limit, currency=None, code=None)
            shown.extend(one.id for one in found)
            if len(found) < limit:
                break
        assert len(shown) == len(set(shown)) == 6
        assert shown == sorted(shown)

    async def test_accounts_are_found_by_currency_and_by_code(self, house: House) -> None:
        for currency in ("EUR", "JPY"):
            await keep(house, story_for(house, currency=currency))
        code = clearing(house.account, Currency("JPY")).code

        found = await house.ledger.accounts(house.tenant_id, after=None, limit=9, currency="JPY", code=code)
        assert [(one.code, one.currency) for one in found] == [(code, "JPY")]
        assert await house.ledger.accounts(house.tenant_id, after=None, limit=9, currency="KWD", code=None) == ()

    async def test_another_tenant_sees_no_account_and_no_entry(self, house: House) -> None:
        await keep(house, story_for(house).succeed())
        stranger = TenantId(uuid7())

        assert await house.ledger.accounts(stranger, after=None, limit=9, currency=None, code=None) == ()
        assert await house.ledger.entries(stranger, EVERYTHING, before=None, limit=9) == ()


class TestEntries:
    """Entries, newest first."""

    async def test_the_newest_entry_comes_first(self, house: House) -> None:
        await keep(house, story_for(house).succeed().give_back(100).succeed())

        assert [(one.kind, one.line) for one in await entries(house)] == [
            ("refund", 2),
            ("refund", 1),
            ("capture", 2),
            ("capture", 1),
        ]

    @pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
    async def test_pages_of_any_size_show_each_entry_once(self, house: House, limit: int) -> None:
        story = story_for(house, capture_mode=CaptureMode.MANUAL).succeed()
        for _ in range(3):
            story.capture(100).succeed()
        await keep(house, story)

        shown: list[tuple[LedgerTransactionId, int]] = []
        while True:
            before = shown[-1] if shown else None
            found = await house.ledger.entries(house.tenant_id, EVERYTHING, before=before, limit=limit)
            shown.extend((LedgerTransactionId(one.transaction_id), one.line) for one in found)
            if len(found) < limit:
                break
        assert len(shown) == len(set(shown)) == 6
        assert shown == sorted(shown, reverse=True)

    async def test_entries_are_found_by_account_and_payment(self, house: House) -> None:
        story = await keep(house, story_for(house).succeed())
        await keep(house, story_for(house, currency="JPY").succeed())
        account = await account_id(house, payable(EUR).code)

        by_account = await entries(house, EntryFilter(account_id=account))
        assert [(one.account_code, one.direction) for one in by_account] == [(payable(EUR).code, "credit")]
        by_payment = await entries(house, EntryFilter(payment_id=story.payment.id))
        assert {one.payment_id for one in by_payment} == {story.payment.id}

    async def test_an_entry_says_how_its_account_stood_after_it(self, house: House) -> None:
        await keep(house, story_for(house, amount_minor=1000).succeed().give_back(300).succeed())
        account = await account_id(house, payable(EUR).code)

        mine = await entries(house, EntryFilter(account_id=account))

        assert [(one.direction, one.amount_minor, one.balance_minor) for one in mine] == [
            ("debit", 300, 700),
            ("credit", 1000, 1000),
        ]
        assert mine[0].account_version > mine[1].account_version > 0
        assert {one.reference for one in mine} == {None}

    @pytest.mark.parametrize("limit", [1, 2, 3, 4])
    async def test_entries_of_an_account_come_as_they_were_booked_whatever_their_identifiers(
        self, house: House, limit: int
    ) -> None:
        now = datetime.now(UTC)
        for days in (0, 300, 100, 200):
            await keep(house, story_for(house, world=SettableWorld(now - timedelta(days=days), seed=days)).succeed())
        wanted = EntryFilter(account_id=await account_id(house, payable(EUR).code))

        shown: list[BookedEntry] = []
        while True:
            before = (LedgerTransactionId(shown[-1].transaction_id), shown[-1].line) if shown else None
            found = await house.ledger.entries(house.tenant_id, wanted, before=before, limit=limit)
            shown.extend(found)
            if len(found) < limit:
                break
        assert [one.balance_minor for one in shown] == [4000, 3000, 2000, 1000]

    async def test_a_cursor_of_another_account_is_refused(self, house: House) -> None:
        await keep(house, story_for(house).succeed())
        account = await account_id(house, payable(EUR).code)
        other = next(one for one in await entries(house) if one.account_id != account)

        with pytest.raises(MediatorError) as refused:
            await house.ledger.entries(
                house.tenant_id,
                EntryFilter(account_id=account),
                before=(LedgerTransactionId(other.transaction_id), other.line),
                limit=9,
            )
        assert refused.value.entry is VAL_CURSOR

    async def test_entries_are_found_by_the_time_at_which_they_were_booked(self, house: House) -> None:
        await keep(house, story_for(house, world=SettableWorld(datetime.now(UTC))).succeed())
        booked_at = (await entries(house))[0].recorded_at

        assert len(await entries(house, EntryFilter(recorded_from=booked_at))) == 2
        assert await entries(house, EntryFilter(recorded_from=booked_at + timedelta(microseconds=1))) == []
        assert await entries(house, EntryFilter(recorded_before=booked_at)) == []
        later = EntryFilter(recorded_from=booked_at, recorded_before=booked_at + timedelta(microseconds=1))
        assert len(await entries(house, later)) == 2

    async def test_entries_are_found_by_their_time_even_if_the_deciding_clock_was_ahead(self, house: House) -> None:
        ahead = SettableWorld(datetime.now(UTC) + timedelta(minutes=1))
        await keep(house, story_for(house, world=ahead).succeed())
        booked_at = (await entries(house))[0].recorded_at

        assert len(await entries(house, EntryFilter(recorded_before=booked_at + timedelta(seconds=1)))) == 2
