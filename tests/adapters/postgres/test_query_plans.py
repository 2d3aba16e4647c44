"""Every query finds its rows by an index: what the planner really did, among thousands of rows, in each real call."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from sqlalchemy import event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.postgres.balances import PostgresBalanceReads
from adapters.postgres.engine import PoolSize, make_engine, tenant_reads
from adapters.postgres.identity import PostgresTenants
from adapters.postgres.proof import PostgresProof
from application.ports.balances import Basis
from application.ports.callbacks import CallbackFilter
from application.ports.journal import Claim, Keep
from application.ports.ledger import EntryFilter
from application.ports.payments import PaymentFilter
from domain.callbacks import CallbackState
from domain.ids import CallbackId, EventId, LedgerAccountId, LedgerTransactionId, PaymentId, ProviderAccountId
from domain.money import Currency
from domain.payments import PaymentState
from domain.providers import OperationKind
from tests.adapters.postgres.crowd import crowd
from tests.fakes.house import House, postgres_house
from tests.fakes.identity import a_tenant
from tests.fakes.keeping import a_key, an_answer, keep, story_for
from tests.fakes.stores import Servers, cloned
from tests.fakes.story import Story

ROWS = 2_000
READ_MAX = 500
"""How many rows one call may read, where it gives 51 at most and each may need its account and its transaction."""

EXPLAINING = """
    alter role {login} in database {database} set session_preload_libraries = 'auto_explain';
    alter database {database} set auto_explain.log_min_duration = 0;
    alter database {database} set auto_explain.log_nested_statements = on;
    alter database {database} set auto_explain.log_level = 'notice';
    alter database {database} set auto_explain.log_format = 'json';
    alter database {database} set auto_explain.log_analyze = on;
    alter database {database} set auto_explain.log_timing = off;
"""
"""From its next connection on, the application is told the plan of every statement, also inside functions."""

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
LATER = LONG_AGO + timedelta(days=1)
SOON = datetime.now(UTC) + timedelta(minutes=1)
MIDDLE = UUID("018bcfe5-6800-7001-8000-0000000003e8")
"""An identifier in the middle of the crowd."""
CALLBACK = CallbackId(UUID("018bcff4-aa40-700a-8000-0000000003e8"))
"""A callback in the middle of the crowd."""


class Node(msgspec.Struct, frozen=True):
    """One step of a plan: the table that it reads, and how many rows it had to look at."""

    kind: str = msgspec.field(name="Node Type")
    table: str | None = msgspec.field(name="Relation Name", default=None)
    rows: float = msgspec.field(name="Actual Rows", default=0)
    loops: float = msgspec.field(name="Actual Loops", default=0)
    removed: float = msgspec.field(name="Rows Removed by Filter", default=0)
    rechecked: float = msgspec.field(name="Rows Removed by Index Recheck", default=0)
    children: tuple["Node", ...] = msgspec.field(name="Plans", default=())

    @property
    def read(self) -> int:
        """How many rows of its table it looked at."""
        return round((self.rows + self.removed + self.rechecked) * self.loops) if self.table else 0

    def all(self) -> Iterator["Node"]:
        """Give this step and every step below it."""
        yield self
        for child in self.children:
            yield from child.all()


class Plan(msgspec.Struct, frozen=True):
    """What the server did for one statement."""

    statement: str = msgspec.field(name="Query Text")
    root: Node = msgspec.field(name="Plan")


class Crowd(msgspec.Struct, frozen=True):
    """A tenant among thousands of rows, one of its payments, and the plans that the server tells."""

    house: House
    story: Story
    engine: AsyncEngine
    told: list[str]
    big_tables: frozenset[str]
    owner_url: str

    def plans(self) -> list[Plan]:
        """Give the plans of what was asked since they were asked for last."""
        plans = [msgspec.json.decode(told[told.index("{") :], type=Plan) for told in self.told if "plan:" in told]
        self.told.clear()
        return plans

    def scans(self, plans: list[Plan]) -> list[tuple[str | None, str]]:
        """Give the big tables that were read from end to end, with the statement that did it."""
        return [
            (node.table, plan.statement)
            for plan in plans
            for node in plan.root.all()
            if node.kind == "Seq Scan" and node.table in self.big_tables and node.loops
        ]


@pytest.fixture(scope="module")
async def crowded(servers: Servers) -> AsyncIterator[Crowd]:
    """Two tenants with thousands of rows each; one of them is asked."""
    async with cloned(servers) as database:
        login = make_url(database.application_url).username
        owner = await asyncpg.connect(database.owner_url)
        await owner.execute(EXPLAINING.format(login=login, database=database.name))
        engine = make_engine(database.application_url, pool=PoolSize(1, 0), application="tests-plans")
        told: list[str] = []

        @event.listens_for(engine.sync_engine, "connect")
        def _listen(connection: Any, _: object) -> None:
            connection.driver_connection.add_log_listener(lambda _, message: told.append(message.message))

        crowded = []
        for _ in range(2):
            tenant = a_tenant(uuid7(), ((ProviderAccountId(uuid7()), "sandbox"),), at=datetime.now(UTC))
            await PostgresTenants(engine).open(tenant)
            house = postgres_house(tenant, engine, database.owner_url)
            story = await keep(house, story_for(house).succeed().give_back(100))
            await crowd(owner, house, ROWS)
            crowded.append((house, story))
        idle = a_tenant(uuid7(), ((ProviderAccountId(uuid7()), "sandbox"),), at=datetime.now(UTC))
        await PostgresTenants(engine).open(idle)
        await owner.execute("analyze")
        await engine.dispose()
        yield Crowd(*crowded[0], engine, told, await big_tables(owner), database.owner_url)
        await engine.dispose()
        await owner.close()


@pytest.fixture
def owner_of_crowd(crowded: Crowd) -> str:
    """The owner's address of the crowd's database."""
    return crowded.owner_url


async def big_tables(owner: asyncpg.Connection) -> frozenset[str]:
    """Give the tables and parts that are crowded."""
    sql = "select relname from pg_class where relnamespace = 'fm'::regnamespace and relkind = 'r' and reltuples >= $1"
    return frozenset(row["relname"] for row in await owner.fetch(sql, float(ROWS)))


Ask = Callable[[Crowd], Awaitable[object]]


def page(before: PaymentId | None = None, **conditions: Any) -> Ask:
    """List payments."""
    wanted = PaymentFilter(**conditions)
    return lambda one: one.house.queries.page(one.house.tenant_id, wanted, before=before, limit=51)


def entries(before: tuple[LedgerTransactionId, int] | None = None, **conditions: Any) -> Ask:
    """List entries."""
    wanted = EntryFilter(**conditions)
    return lambda one: one.house.ledger.entries(one.house.tenant_id, wanted, before=before, limit=51)


def entries_of_an_account(before: str = "none", **conditions: Any) -> Ask:
    """List the entries of an account, from the newest on or behind the newest."""

    async def ask(one: Crowd) -> object:
        views = await one.house.ledger.accounts(one.house.tenant_id, after=None, limit=1, currency=None, code=None)
        wanted = EntryFilter(account_id=views[0].id, **conditions)
        page = await one.house.ledger.entries(one.house.tenant_id, wanted, before=None, limit=51)
        if before == "newest":
            cursor = (LedgerTransactionId(page[0].transaction_id), page[0].line)
            one.told.clear()
            await one.house.ledger.entries(one.house.tenant_id, wanted, before=cursor, limit=51)
        return page

    return ask


def balance(basis: Basis, as_of: datetime | None = None) -> Ask:
    """Read the balance of an account at a time."""

    async def ask(one: Crowd) -> object:
        views = await one.house.ledger.accounts(one.house.tenant_id, after=None, limit=1, currency=None, code=None)
        reads = PostgresBalanceReads(one.engine)
        return await reads.balance_at(one.house.tenant_id, views[0].id, as_of=as_of, basis=basis)

    return ask


def accounts(after: LedgerAccountId | None = None, currency: str | None = None, code: str | None = None) -> Ask:
    """List accounts."""
    return lambda one: one.house.ledger.accounts(
        one.house.tenant_id, after=after, limit=51, currency=currency, code=code
    )


def callbacks(before: CallbackId | None = None, **conditions: Any) -> Ask:
    """List callbacks."""
    wanted = CallbackFilter(**conditions)
    return lambda one: one.house.callbacks.page(one.house.tenant_id, wanted, before=before, limit=51)


async def earlier_events(one: Crowd) -> object:
    """Ask whether an event must wait."""
    event = (await one.house.inbox.get(one.house.tenant_id, CALLBACK)).events[0]
    one.told.clear()
    return await one.house.inbox.must_wait(one.house.tenant_id, event, since=LONG_AGO)


def commit_of_a_new_payment(one: Crowd) -> Awaitable[object]:
    """Commit an intention with its claim."""
    unit = story_for(one.house).units[0]
    claim = Claim(a_key(str(unit.after.payment.id)), unit.after.operations[-1].id, 30.0)
    return one.house.journal.commit(msgspec.structs.replace(unit, idempotency=claim))


def commit_of_an_outcome(one: Crowd) -> Awaitable[object]:
    """Commit an intention, then its outcome with its answer."""

    async def ask() -> object:
        story = await keep(one.house, story_for(one.house))
        one.told.clear()
        unit = story.succeed().units[-1]
        key = a_key(str(unit.after.payment.id))
        return await one.house.journal.commit(msgspec.structs.replace(unit, idempotency=Keep(key, an_answer())))

    return ask()


CALLS: dict[str, Ask] = {
    "payment": lambda one: one.house.payments.get(one.house.tenant_id, one.story.payment.id),
    "payment of an operation": lambda one: one.house.payments.get_by_operation(
        one.house.tenant_id, one.story.operation().id
    ),
    "operation of a key": lambda one: one.house.payments.find_operation(one.house.tenant_id, "opn_777"),
    "events of a payment": lambda one: one.house.queries.events(one.house.tenant_id, one.story.payment.id),
    "entries of a payment": lambda one: one.house.queries.entries(one.house.tenant_id, one.story.payment.id),
    "event": lambda one: one.house.events.get(one.house.tenant_id, one.story.last.event_id),
    "payments": page(),
    "payments older than one": page(PaymentId(MIDDLE)),
    "payments in a state": page(state=PaymentState.SUCCEEDED),
    "payments in a rare state": page(state=PaymentState.NEEDS_REVIEW),
    "payments in a state older than one": page(PaymentId(MIDDLE), state=PaymentState.FAILED),
    "payments at a provider": page(provider="sandbox"),
    "payments at no provider": page(provider="bank"),
    "payments in a currency": page(currency=Currency("JPY")),
    "payments in a rare currency": page(currency=Currency("CLF")),
    "payments with a reference": page(reference="order-77"),
    "payments from a time on": page(created_from=LONG_AGO),
    "payments before a time": page(created_before=LATER),
    "payments within a time": page(created_from=LONG_AGO, created_before=LATER),
    "payments with everything": page(
        PaymentId(MIDDLE),
        state=PaymentState.SUCCEEDED,
        provider="sandbox",
        currency=Currency("EUR"),
        reference="order-77",
        created_from=LONG_AGO,
        created_before=LATER,
    ),
    "accounts": accounts(),
    "accounts after one": accounts(after=LedgerAccountId(MIDDLE)),
    "accounts in a currency": accounts(currency="EUR"),
    "accounts by code": accounts(code="merchant:main:payable"),
    "entries": entries(),
    "entries older than one": entries((LedgerTransactionId(MIDDLE), 1)),
    "entries of an account": entries_of_an_account(),
    "entries of an account behind one": entries_of_an_account("newest"),
    "entries of an account of just now": entries_of_an_account(recorded_from=SOON),
    "entries of an account before a time": entries_of_an_account(recorded_before=LATER),
    "entries of an account within a time": entries_of_an_account(recorded_from=LONG_AGO, recorded_before=SOON),
    "entries of one payment": entries(payment_id=MIDDLE),
    "entries from a time on": entries(recorded_from=LONG_AGO),
    "entries before a time": entries(recorded_before=LATER),
    "entries of just now": entries(recorded_from=SOON),
    "entries within a time": entries(recorded_from=LONG_AGO, recorded_before=LATER),
    "balance": balance(Basis.RECORDED),
    "balance of what counts": balance(Basis.EFFECTIVE),
    "balance of long ago": balance(Basis.RECORDED, LONG_AGO),
    "balance of just now": balance(Basis.RECORDED, SOON),
    "balance of what counts for long ago": balance(Basis.EFFECTIVE, LONG_AGO),
    "balance of what counts for just now": balance(Basis.EFFECTIVE, SOON),
    "events to give on": lambda one: one.house.outbox.claim_events(one.house.tenant_id, limit=10, lease_seconds=60),
    "events given on": lambda one: one.house.outbox.events_given(one.house.tenant_id, (EventId(MIDDLE),)),
    "operations to ask about": lambda one: one.house.outbox.claim_operations(
        one.house.tenant_id, limit=10, lease_seconds=60
    ),
    "unsent payments": lambda one: one.house.outbox.claim_unsent(one.house.tenant_id, limit=10, age_seconds=1),
    "old keys": lambda one: one.house.outbox.forget_keys(age_seconds=3600.0 * 24, limit=10),
    "provider account": lambda one: one.house.account_queries.get(one.house.tenant_id, one.house.account),
    "provider accounts": lambda one: one.house.account_queries.page(one.house.tenant_id, after=None, limit=51),
    "versions of an account": lambda one: one.house.account_queries.versions(
        one.house.tenant_id, one.house.account, before=1_000, limit=51
    ),
    "version of an account": lambda one: one.house.account_queries.version(one.house.tenant_id, one.house.account, 77),
    "accounts in force": lambda one: one.house.accounts_in_force.in_force(one.house.tenant_id),
    "credentials": lambda one: one.house.accounts_in_force.find_sealed(one.house.tenant_id, one.house.account, 1),
    "callback": lambda one: one.house.inbox.get(one.house.tenant_id, CALLBACK),
    "callbacks": callbacks(),
    "callbacks older than one": callbacks(CALLBACK),
    "callbacks in a state": callbacks(state=CallbackState.APPLIED),
    "callbacks in a rare state": callbacks(state=CallbackState.UNREADABLE),
    "callbacks of a provider": callbacks(provider="sandbox"),
    "callbacks of an account": callbacks(provider_account_id=ProviderAccountId(MIDDLE)),
    "callbacks within a time": callbacks(received_from=LONG_AGO, received_before=LATER),
    "callbacks not read": lambda one: one.house.inbox.unread(
        one.house.tenant_id, one.house.account, up_to=CALLBACK, limit=20
    ),
    "earlier events": earlier_events,
    "callback that is finished": lambda one: one.house.inbox.finish(one.house.tenant_id, CALLBACK),
    "operations of a charge": lambda one: one.house.payments.find_operations(
        one.house.tenant_id, one.house.account, kind=OperationKind.CAPTURE, provider_reference="ch_77"
    ),
    "operation of a name": lambda one: one.house.payments.find_operations(
        one.house.tenant_id, one.house.account, kind=None, operation_reference="ch_77"
    ),
    "known key": lambda one: one.house.journal.recall(
        one.house.tenant_id, msgspec.structs.replace(a_key("key-77"), fingerprint=b"\x00"), lease_seconds=1
    ),
    "new payment": commit_of_a_new_payment,
    "outcome": commit_of_an_outcome,
}


@pytest.mark.parametrize("name", CALLS)
async def test_rows_are_found_by_an_index(crowded: Crowd, name: str) -> None:
    crowded.told.clear()
    await CALLS[name](crowded)
    plans = crowded.plans()

    assert plans
    assert crowded.scans(plans) == []


@pytest.mark.parametrize("name", [name for name in CALLS if name != "events to give on"])  # It looks at what waits.
async def test_not_many_more_rows_are_read_than_are_given(crowded: Crowd, name: str) -> None:
    crowded.told.clear()
    await CALLS[name](crowded)
    read = {
        (plan.statement, node.table): node.read
        for plan in crowded.plans()
        for node in plan.root.all()
        if node.table in crowded.big_tables  # The driver reads the catalog now and then, for the types.
    }

    assert sum(read.values()) < READ_MAX, read


POINT = """
  with point as (insert into fm.proof_points values ($1, clock_timestamp(), true, 0, '{}', 0, now())
    returning proved_to)
  insert into fm.balance_snapshots
  select distinct on (e.account_id) e.tenant_id, e.account_id, point.proved_to, 0, 0, 0, e.balance_minor,
    e.account_version, e.recorded_at
  from fm.entries e, point where e.tenant_id = $1 order by e.account_id, e.recorded_at desc, e.account_version desc
"""
"""Pretends that everything until now was proved."""


async def test_a_proof_of_what_came_since_does_not_read_what_was_proved(crowded: Crowd, owner_of_crowd: str) -> None:
    tenant_id = crowded.house.tenant_id
    owner = await asyncpg.connect(owner_of_crowd)
    await owner.execute(POINT, tenant_id)
    proof = PostgresProof(crowded.engine, margin_seconds=0)
    stretch = await proof.stretch(tenant_id, full=False)
    crowded.told.clear()
    _ = [step async for step in proof.steps(tenant_id, stretch)]
    plans = crowded.plans()
    await owner.execute("delete from fm.balance_snapshots where tenant_id = $1", tenant_id)
    await owner.execute("delete from fm.proof_points where tenant_id = $1", tenant_id)
    await owner.close()

    books = {name for name in crowded.big_tables if name.startswith(("entries", "ledger_transactions"))}
    assert len(books) == 2
    assert [scan for scan in crowded.scans(plans) if scan[0] in books] == []
    read = [node.read for plan in plans for node in plan.root.all() if node.table in books]
    assert read
    assert sum(read) < READ_MAX


async def test_looking_for_tenants_with_work_scans_nothing_but_what_waits(crowded: Crowd) -> None:
    crowded.told.clear()
    await crowded.house.outbox.due_tenants(limit=10)

    # The outbox holds nothing but what waits; with two tenants in it, half of it is not worth an index.
    assert {table for table, _ in crowded.scans(crowded.plans())} <= {"outbox"}


async def test_a_scan_of_a_whole_table_would_be_seen(crowded: Crowd) -> None:
    assert {"payments", "outbox", "holds", "provider_operations"} < crowded.big_tables
    crowded.told.clear()
    async with tenant_reads(crowded.engine, crowded.house.tenant_id) as connection:
        await connection.exec_driver_sql("set local enable_indexscan = off")
        await connection.exec_driver_sql("set local enable_bitmapscan = off")
        await connection.exec_driver_sql("select 1 from fm.payments where reference = 'order-77'")
        await connection.exec_driver_sql("select 1 from fm.ledger_accounts")
    plans = crowded.plans()

    assert [table for table, _ in crowded.scans(plans)] == ["payments"]
    assert max(node.read for plan in plans for node in plan.root.all()) > READ_MAX
