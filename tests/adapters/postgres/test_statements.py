"""Statements over the real posting functions: they add up while others post, and find their rows by the index."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.postgres.statements import ENTRIES, FRAME, PostgresStatementReads
from adapters.statements.forms import WrittenForms
from adapters.system import SystemWorld
from application.call import Call
from application.ledger.get_statement import GetStatement, GetStatementHandler
from application.ports.statements import StatementForm
from domain.ids import LedgerTransactionId
from domain.ledger import Direction
from domain.posting import Leg, Placed, Posting, Transfer
from tests.fakes.house import House
from tests.fakes.statements import History, an_account, keep_history

FIRST = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
END = (FIRST + timedelta(days=32)).replace(day=1)
LANES, TRANSFERS = 8, 10


async def told(house: House, engine: AsyncEngine, history: History) -> dict[str, Any]:
    """Get this month's statement as JSON; it cannot be had unless it adds up."""
    handler = GetStatementHandler(PostgresStatementReads(engine), WrittenForms(), SystemWorld())
    command = GetStatement(
        account_id=history.account.id, form=StatementForm.JSON, recorded_from=FIRST, recorded_before=END
    )
    call = Call(tenant_id=house.tenant_id, actor="prn_test", request_id="req_test")
    document = await handler(command, call)
    found: dict[str, Any] = msgspec.json.decode(document.body)
    return found


async def transfer(house: House, debit: History, credit: History, minor: int) -> None:
    """Move money from one account to another, as the API does."""
    sides = ((debit, Direction.DEBIT), (credit, Direction.CREDIT))
    legs = tuple(
        Leg(account_id=one.account.id, direction=side, amount_minor=minor, currency=one.account.currency)
        for one, side in sides
    )
    order = Transfer(id=LedgerTransactionId(uuid7()), legs=legs, reference=f"r-{uuid7()}")
    outcome = await house.journal.post(house.tenant_id, Placed(order=order, actor="prn_test", request_id="req_test"))
    assert isinstance(outcome, Posting), outcome


@pytest.fixture
async def pair(house: House, owner_url: str) -> tuple[History, History]:
    """Two empty accounts of the tenant."""
    made = (
        History(an_account("EUR", Direction.DEBIT, code="bank:main")),
        History(an_account("EUR", Direction.CREDIT, code="customer:1")),
    )
    for one in made:
        await keep_history(owner_url, house.tenant_id, one)
    return made


async def test_every_statement_that_is_read_while_others_post_adds_up_and_only_grows(
    house: House, engine: AsyncEngine, pair: tuple[History, History]
) -> None:
    bank, customer = pair
    read: list[int] = []

    async def post(lane: int) -> None:
        for number in range(TRANSFERS):
            await transfer(house, bank, customer, lane * TRANSFERS + number + 1)

    async def watch(posting: asyncio.Future[list[None]]) -> None:
        while not posting.done():
            read.append(len((await told(house, engine, customer))["entries"]))

    posting = asyncio.gather(*(post(lane) for lane in range(LANES)))
    await asyncio.gather(posting, watch(posting))

    count = LANES * TRANSFERS
    for one in pair:
        statement = await told(house, engine, one)
        assert len(statement["entries"]) == count
        assert statement["closing_balance"] == statement["available"] == count * (count + 1) // 2
    assert read == sorted(read)


async def test_a_statement_of_a_page_reads_that_page_along_the_index(
    house: House, owner: asyncpg.Connection, owner_url: str
) -> None:
    busy = History(an_account("JPY")).book(1, FIRST)
    for _ in range(3_000):
        busy.book(1)
    await keep_history(owner_url, house.tenant_id, busy)
    await owner.execute("analyze fm.entries")
    values = {"tenant": house.tenant_id, "account": busy.account.id, "start": FIRST, "end": END}
    place = {"last_version": 3_001, "limit": 100, "after_at": FIRST, "after": 1}
    after = "and e.recorded_at >= :after_at and (e.recorded_at, e.account_version) > (:after_at, :after)"

    for sql in (str(FRAME), ENTRIES.format(after=after), ENTRIES.format(after="")):
        plan = await explained(owner, sql, values | place)
        steps = [one for one in walked(plan) if str(one.get("Relation Name", "")).startswith("entries")]
        ran = [one for one in steps if one["Actual Rows"] + one.get("Rows Removed by Filter", 0)]  # not an empty month
        assert ran
        for one in ran:
            assert one["Node Type"] in {"Index Scan", "Index Only Scan"}, one
            assert "account" in one["Index Name"], one
            assert one["Actual Rows"] + one.get("Rows Removed by Filter", 0) <= 101, one


async def explained(owner: asyncpg.Connection, sql: str, values: dict[str, object]) -> dict[str, Any]:
    """Run a statement with these values and give the plan that it really took."""
    used = [name for name in values if f":{name}" in sql]
    for number, name in sorted(enumerate(used, start=1), key=lambda one: -len(one[1])):
        sql = sql.replace(f":{name}", f"${number}")
    async with owner.transaction():
        await owner.execute("set local enable_sort = off")  # as `tenant_reads(in_order=True)` reads
        rows = await owner.fetchval(f"explain (analyze, format json) {sql}", *(values[name] for name in used))
    plan: dict[str, Any] = json.loads(rows)[0]["Plan"]
    return plan


def walked(step: dict[str, Any]) -> list[dict[str, Any]]:
    return [step, *(below for child in step.get("Plans", ()) for below in walked(child))]
