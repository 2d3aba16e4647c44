"""Balances at a time: equal to adding up every entry that counts, at every moment, by either time."""

from datetime import UTC, datetime, timedelta
from random import Random

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.postgres.balances import PostgresBalanceReads
from application.ports.balances import BalanceAt, Basis
from domain.errors import NOT_FOUND, MediatorError
from domain.ids import LedgerAccountId, LedgerTransactionId, TenantId
from domain.posting import PostHold
from tests.adapters.postgres.general_ledger import GeneralLedger, general_ledger, open_ledger
from tests.fakes.house import House
from tests.fakes.keeping import keep, story_for

COUNTED = {
    Basis.RECORDED: "recorded_at",
    Basis.EFFECTIVE: "coalesce(effective_at, recorded_at)",
}


@pytest.fixture
def reads(engine: AsyncEngine) -> PostgresBalanceReads:
    """What is tested."""
    return PostgresBalanceReads(engine)


@pytest.fixture
async def books(house: House, owner: asyncpg.Connection) -> GeneralLedger:
    """A ledger in which a third of all entries count for another time than that of their recording."""
    ledger = await open_ledger(house, owner)
    random = Random(7)  # noqa: S311 -- amounts and times of a test, the same in each run
    now = datetime.now(UTC)
    for _ in range(30):
        moved = random.choice([None, None, now - timedelta(minutes=random.randint(1, 99)), now + timedelta(days=1)])
        await ledger.give(ledger.transfer(random.choice([-1, 1]) * random.randint(1, 99), effective_at=moved))
    return ledger


async def added_up(owner: asyncpg.Connection, books: GeneralLedger, basis: Basis, as_of: datetime) -> int:
    """Add up every entry of the cash account that counts for a time."""
    sql = f"""select coalesce(sum(case direction when 'debit' then amount_minor else -amount_minor end), 0)::bigint
      from fm.entries where tenant_id = $1 and account_id = $2 and {COUNTED[basis]} <= $3"""  # noqa: S608 -- ours
    return int(await owner.fetchval(sql, books.house.tenant_id, books.cash, as_of))


async def moments(owner: asyncpg.Connection, books: GeneralLedger) -> list[datetime]:
    """Give every time at which a balance changes, by either count, and those just before and after."""
    sql = """select distinct unnest(array[recorded_at, coalesce(effective_at, recorded_at)]) as at from fm.entries
      where tenant_id = $1 order by at"""
    found = [row["at"] for row in await owner.fetch(sql, books.house.tenant_id)]
    tick = timedelta(microseconds=1)
    return [moment for one in found for moment in (one - tick, one, one + tick)]


@pytest.mark.parametrize("basis", Basis)
async def test_a_balance_is_what_its_entries_add_up_to_at_every_moment(
    books: GeneralLedger, owner: asyncpg.Connection, reads: PostgresBalanceReads, basis: Basis
) -> None:
    for as_of in await moments(owner, books):
        balance = await reads.balance_at(books.house.tenant_id, books.cash, as_of=as_of, basis=basis)

        assert balance.posted_minor == await added_up(owner, books, basis, as_of), as_of
        assert (balance.as_of, balance.basis, balance.pending_minor, balance.available_minor) == (
            as_of,
            basis,
            None,
            None,
        )


@pytest.mark.parametrize("basis", Basis)
async def test_the_balance_of_now_has_everything_that_counts_by_now(
    books: GeneralLedger, owner: asyncpg.Connection, reads: PostgresBalanceReads, basis: Basis
) -> None:
    balance = await reads.balance_at(books.house.tenant_id, books.cash, as_of=None, basis=basis)

    assert balance.posted_minor == await added_up(owner, books, basis, balance.as_of)
    assert balance.version == 30


async def test_both_sides_of_the_books_agree_at_every_moment(
    books: GeneralLedger, owner: asyncpg.Connection, reads: PostgresBalanceReads
) -> None:
    for as_of in await moments(owner, books):
        cash, owed = [
            await reads.balance_at(books.house.tenant_id, one, as_of=as_of, basis=Basis.EFFECTIVE)
            for one in (books.cash, books.owed)
        ]
        assert cash.posted_minor == owed.posted_minor


async def test_a_balance_of_the_past_as_recorded_never_changes_again(
    books: GeneralLedger, reads: PostgresBalanceReads, owner: asyncpg.Connection
) -> None:
    past: datetime = await owner.fetchval("select clock_timestamp()")

    async def then(basis: Basis) -> int:
        return (await reads.balance_at(books.house.tenant_id, books.cash, as_of=past, basis=basis)).posted_minor

    recorded, effective = await then(Basis.RECORDED), await then(Basis.EFFECTIVE)
    await books.give(books.transfer(1_000, effective_at=past))

    assert (await then(Basis.RECORDED), await then(Basis.EFFECTIVE)) == (recorded, effective + 1_000)


async def test_what_is_held_is_told_for_now(
    house: House, owner: asyncpg.Connection, reads: PostgresBalanceReads
) -> None:
    books = await general_ledger(house, owner)
    hold = await books.hold(7)
    await books.give(PostHold(id=LedgerTransactionId(uuid7()), hold_id=hold, amount_minor=3))

    async def balance(account: LedgerAccountId) -> BalanceAt:
        return await reads.balance_at(house.tenant_id, account, as_of=None, basis=Basis.RECORDED)

    cash, owed = await balance(books.cash), await balance(books.owed)
    posted = 10_000 + 2_500 + 300 + 150 + 60 + 900 + 3
    coming = 500 + 250 + 4
    assert (cash.posted_minor, cash.pending_minor, cash.available_minor) == (posted, posted + coming, posted)
    assert (owed.posted_minor, owed.pending_minor, owed.available_minor) == (posted, posted + coming, posted)


async def test_payments_count_for_the_time_of_their_recording(
    house: House, owner: asyncpg.Connection, reads: PostgresBalanceReads
) -> None:
    await keep(house, story_for(house).succeed())
    row = await owner.fetchrow("select id, created_at from fm.ledger_accounts where tenant_id = $1", house.tenant_id)
    assert row is not None

    for basis in Basis:
        after = await reads.balance_at(house.tenant_id, row["id"], as_of=None, basis=basis)
        before = await reads.balance_at(house.tenant_id, row["id"], as_of=row["created_at"], basis=basis)
        assert (after.posted_minor, before.posted_minor, before.version) == (1000, 0, 0)


@pytest.mark.parametrize("as_of", [None, datetime(2020, 1, 1, tzinfo=UTC)])
@pytest.mark.parametrize("basis", Basis)
async def test_another_tenants_account_does_not_exist(
    books: GeneralLedger, reads: PostgresBalanceReads, as_of: datetime | None, basis: Basis
) -> None:
    with pytest.raises(MediatorError) as refused:
        await reads.balance_at(TenantId(uuid7()), books.cash, as_of=as_of, basis=basis)

    assert refused.value.entry is NOT_FOUND


async def test_an_account_is_empty_before_there_was_any(books: GeneralLedger, reads: PostgresBalanceReads) -> None:
    balance = await reads.balance_at(
        books.house.tenant_id, books.cash, as_of=datetime(1999, 1, 1, tzinfo=UTC), basis=Basis.RECORDED
    )

    assert (balance.posted_minor, balance.version, balance.code) == (0, 0, "bank:main:cash")
