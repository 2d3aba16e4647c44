"""The promise of the readers of an account's history: both ends of one moment, pages in order, one tenant's alone."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.postgres.statements import PostgresStatementReads
from application.ports.identity import NewTenant
from application.ports.statements import Place, StatementFrame, StatementReads
from domain.ids import LedgerAccountId, PaymentId, RefundId, TenantId
from domain.ledger import Direction
from domain.statements import Period, StatementEntry
from tests.fakes.statements import History, MemoryStatementReads, an_account, keep_history

FIRST = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
MONTH = Period(FIRST, (FIRST + timedelta(days=32)).replace(day=1))
STEP = timedelta(microseconds=1)

Keep = Callable[[History], Awaitable[StatementReads]]


@pytest.fixture(params=["memory", "postgres"])
def keep(request: pytest.FixtureRequest, tenant_id: TenantId) -> Keep:
    """Keep a history of the tenant and give what reads it."""

    async def in_memory(history: History) -> StatementReads:
        return MemoryStatementReads([(tenant_id, history)])

    async def in_postgres(history: History) -> StatementReads:
        await keep_history(request.getfixturevalue("owner_url"), tenant_id, history)
        return PostgresStatementReads(request.getfixturevalue("engine"))

    return in_postgres if request.param == "postgres" else in_memory


@pytest.fixture
def tenant_id(tenant: NewTenant) -> TenantId:
    return tenant.tenant_id


async def framed(reads: StatementReads, tenant_id: TenantId, history: History, period: Period) -> StatementFrame:
    frame = await reads.find_frame(tenant_id, history.account.id, period)
    assert frame is not None
    return frame


async def walked(
    reads: StatementReads, tenant_id: TenantId, history: History, period: Period = MONTH, *, limit: int = 100
) -> list[StatementEntry]:
    """Read all pages of a period."""
    frame = await framed(reads, tenant_id, history, period)
    found: list[StatementEntry] = []
    while True:
        after = Place(found[-1].recorded_at, found[-1].account_version) if found else None
        page = await reads.entries(
            tenant_id, history.account.id, period, last_version=frame.last_version, after=after, limit=limit
        )
        found.extend(page)
        if len(page) < limit:
            return found


async def test_an_account_without_entries_begins_and_ends_with_nothing(keep: Keep, tenant_id: TenantId) -> None:
    history = History(an_account("KWD", Direction.DEBIT))
    reads = await keep(history)

    frame = await framed(reads, tenant_id, history, MONTH)

    assert frame.account == history.account
    assert (frame.opening_minor, frame.closing_minor, frame.last_version) == (0, 0, 0)
    assert await walked(reads, tenant_id, history) == []


async def test_the_ends_are_the_balances_before_the_first_moment_and_before_the_last(
    keep: Keep, tenant_id: TenantId
) -> None:
    history = History().book(1, MONTH.start).book(2, MONTH.start + STEP).book(-4, MONTH.end - STEP).book(8, MONTH.end)
    reads = await keep(history)

    async def ends(period: Period) -> tuple[int, int, list[int]]:
        frame = await framed(reads, tenant_id, history, period)
        entries = await walked(reads, tenant_id, history, period)
        return frame.opening_minor, frame.closing_minor, [one.amount_minor for one in entries]

    assert await ends(MONTH) == (0, -1, [1, 2, 4])
    assert await ends(Period(MONTH.start + STEP, MONTH.end)) == (1, -1, [2, 4])
    assert await ends(Period(MONTH.start + 2 * STEP, MONTH.end - STEP)) == (3, 3, [])
    assert await ends(Period(MONTH.end, MONTH.end + STEP)) == (-1, 7, [8])
    assert await ends(Period(MONTH.start, MONTH.start + STEP)) == (0, 1, [1])


async def test_an_entry_comes_with_the_words_of_its_transaction(keep: Keep, tenant_id: TenantId) -> None:
    history = History(an_account("CLF", Direction.DEBIT)).book(
        9_000_000_000_000_000_000,
        MONTH.start,
        kind="refund",
        reference="invoice 7",
        description="नेपाल",
        effective_at=MONTH.start - timedelta(days=400),
        payment_id=PaymentId(uuid7()),
        refund_id=RefundId(uuid7()),
    )
    reads = await keep(history)

    assert await walked(reads, tenant_id, history) == history.entries


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6])
async def test_pages_of_any_size_give_each_entry_once_in_order_across_months(
    keep: Keep, tenant_id: TenantId, limit: int
) -> None:
    history = History()
    for at in (MONTH.start, MONTH.start, MONTH.start + STEP, MONTH.end, MONTH.end + STEP):
        history.book(5, at)
    reads = await keep(history)
    period = Period(MONTH.start, MONTH.end + timedelta(days=1))

    assert await walked(reads, tenant_id, history, period, limit=limit) == history.entries


async def test_what_comes_after_the_frame_is_not_in_its_pages(keep: Keep, tenant_id: TenantId) -> None:
    history = History().book(1, MONTH.start).book(2, MONTH.start)
    reads = await keep(history)

    page = await reads.entries(tenant_id, history.account.id, MONTH, last_version=1, after=None, limit=9)

    assert [one.amount_minor for one in page] == [1]


async def test_an_account_of_another_tenant_or_of_nobody_is_not_found(keep: Keep, tenant_id: TenantId) -> None:
    history = History().book(5, MONTH.start)
    reads = await keep(history)

    assert await reads.find_frame(TenantId(uuid7()), history.account.id, MONTH) is None
    assert await reads.find_frame(tenant_id, LedgerAccountId(uuid7()), MONTH) is None


@pytest.mark.parametrize(("normal_balance", "signed"), [(Direction.DEBIT, 100), (Direction.CREDIT, 100)])
async def test_what_holds_keep_is_not_available(
    tenant_id: TenantId, owner_url: str, engine: AsyncEngine, normal_balance: Direction, signed: int
) -> None:
    history = History(an_account(normal_balance=normal_balance)).book(signed, MONTH.start)
    await keep_history(owner_url, tenant_id, history, pending_minor=30)

    frame = await framed(PostgresStatementReads(engine), tenant_id, history, MONTH)

    assert (frame.closing_minor, frame.available_minor) == (100, 70)
    assert abs(datetime.now(UTC) - frame.as_of) < timedelta(minutes=1)
