"""Proving what came since the last proved point: nothing is gone through twice, and nothing is left out."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from unittest.mock import AsyncMock

import asyncpg
import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.postgres import proof_accounts, proof_pages
from adapters.postgres.identity import PostgresTenants
from adapters.postgres.proof import CHECKS, PostgresProof
from application.ledger.prove import ProofReport, ProveHandler
from application.ports.identity import ProviderAccount, Tenants
from application.ports.ledger import ProofStep, Stretch
from domain.ids import LedgerTransactionId, TenantId
from domain.posting import PostHold
from tests.adapters.postgres.general_ledger import GeneralLedger, general_ledger
from tests.adapters.postgres.ledger_corruptions import statement
from tests.fakes.house import House


class OneTenant(Tenants):
    """Knows one tenant, who has no provider."""

    def __init__(self, tenant_id: TenantId) -> None:
        self._tenant_id = tenant_id

    async def open(self, tenant: object) -> None:
        raise NotImplementedError

    async def ids(self) -> tuple[TenantId, ...]:
        return (self._tenant_id,)

    async def provider_accounts(self, tenant_id: TenantId) -> tuple[ProviderAccount, ...]:
        return ()


class Prover(msgspec.Struct, frozen=True):
    """Proves one tenant's books, and remembers how many rows of what it went through."""

    handler: ProveHandler
    seen: dict[str, int]

    async def prove(self, *, full: bool = False) -> ProofReport:
        self.seen.clear()
        return await self.handler(full=full, on_step=self._count)

    def _count(self, _tenant: str, _stretch: Stretch, step: ProofStep) -> None:
        self.seen[step.walk] = self.seen.get(step.walk, 0) + step.rows


def found(report: ProofReport) -> set[str]:
    """Give the checks that found something."""
    return {result.check for result in report.results if result.faults}


@pytest.fixture
async def books(house: House, owner: asyncpg.Connection) -> GeneralLedger:
    """A general ledger."""
    return await general_ledger(house, owner)


@pytest.fixture
def prover(house: House, engine: AsyncEngine) -> Prover:
    """A prover that waits for no stragglers."""
    proof = PostgresProof(engine, margin_seconds=0)
    return Prover(ProveHandler(OneTenant(house.tenant_id), proof, AsyncMock(), CHECKS), {})


async def points(owner: asyncpg.Connection, house: House) -> Sequence[asyncpg.Record]:
    """Give the proved points."""
    sql = "select * from fm.proof_points where tenant_id = $1 order by proved_to"
    return list(await owner.fetch(sql, house.tenant_id))


async def test_the_first_proof_goes_through_everything_and_takes_a_point(
    books: GeneralLedger, prover: Prover, owner: asyncpg.Connection
) -> None:
    report = await prover.prove()

    assert report.holds
    assert prover.seen["entries by account"] == prover.seen["entries by transaction"] == 16
    (point,) = await points(owner, books.house)
    assert (point["is_full"], point["entries"], point["snapshots"]) == (True, 16, 2)
    (stretch,) = report.stretches
    assert (stretch.since, stretch.is_point_taken, stretch.horizon) == (None, True, point["proved_to"])


async def test_the_next_proof_goes_only_through_what_came_since(
    books: GeneralLedger, prover: Prover, owner: asyncpg.Connection
) -> None:
    first = await prover.prove()
    hold = await books.hold(40)
    await books.give(PostHold(id=LedgerTransactionId(uuid7()), hold_id=hold))
    await books.give(books.transfer(5))

    report = await prover.prove()

    assert report.holds
    assert prover.seen["entries by account"] == 4
    (stretch,) = report.stretches
    assert (stretch.since, stretch.is_point_taken) == (first.stretches[0].horizon, True)
    ((_, total),) = report.totals
    assert total.entries == 20
    assert [(one["is_full"], one["entries"], one["snapshots"]) for one in await points(owner, books.house)] == [
        (True, 16, 2),
        (False, 20, 2),
    ]
    assert (await prover.prove(full=True)).totals == report.totals


async def test_a_quiet_ledger_takes_no_new_point(
    books: GeneralLedger, prover: Prover, owner: asyncpg.Connection
) -> None:
    await prover.prove()
    report = await prover.prove()

    assert (report.holds, report.stretches[0].is_point_taken) == (True, False)
    assert prover.seen["entries by account"] == 0
    assert len(await points(owner, books.house)) == 1


async def test_snapshots_that_are_replaced_are_forgotten(
    books: GeneralLedger, prover: Prover, owner: asyncpg.Connection
) -> None:
    for _ in range(3):
        await books.give(books.transfer(5))
        await prover.prove()

    snapshots = await owner.fetch(
        "select account_id, proved_to, entries, balance_minor from fm.balance_snapshots where tenant_id = $1",
        books.house.tenant_id,
    )
    assert {one["account_id"] for one in snapshots} == {books.cash, books.owed}
    assert {one["proved_to"] for one in snapshots} == {(await points(owner, books.house))[-1]["proved_to"]}


RECENT = {
    "an amount": (
        "update fm.entries set amount_minor = amount_minor + 1 where tenant_id = $1 and transaction_id = $2",
        {"running_balances_chain", "posted_balances_equal_entries"},
    ),
    "one side": (
        "update fm.entries set amount_minor = 1 where tenant_id = $1 and transaction_id = $2 and line = 1",
        {"entries_balance", "running_balances_chain", "posted_balances_equal_entries"},
    ),
    "a balance": (
        "update fm.entries set balance_minor = balance_minor + 1 where tenant_id = $1 and transaction_id = $2",
        {"running_balances_chain", "accounts_stand_at_their_last_entry"},
    ),
    "entries are gone": (
        "delete from fm.entries where tenant_id = $1 and transaction_id = $2",
        {"transactions_have_entries", "posted_balances_equal_entries", "accounts_stand_at_their_last_entry"},
    ),
    "the transaction is gone": (
        "delete from fm.ledger_transactions where tenant_id = $1 and id = $2",
        {"entries_have_a_transaction", "posted_keys_have_what_they_posted"},
    ),
    "an account that does not exist": (
        "update fm.entries set account_id = $2 where tenant_id = $1 and transaction_id = $2 and line = 1",
        {
            "entries_match_their_account",
            "entries_agree_both_ways",
            "posted_balances_equal_entries",
            "accounts_stand_at_their_last_entry",
        },
    ),
}


@pytest.mark.parametrize("name", RECENT)
async def test_a_recent_corruption_is_found_and_no_point_is_taken(
    books: GeneralLedger, prover: Prover, owner: asyncpg.Connection, name: str
) -> None:
    await prover.prove()
    transfer = books.transfer(77)
    await books.give(transfer)
    sql, checks = RECENT[name]
    assert not (await owner.execute(sql, books.house.tenant_id, transfer.id)).endswith(" 0")

    report = await prover.prove()

    assert found(report) == checks
    assert not report.stretches[0].is_point_taken
    assert len(await points(owner, books.house)) == 1


async def test_what_was_proved_is_not_gone_through_again_but_by_a_full_proof(
    books: GeneralLedger, prover: Prover, owner: asyncpg.Connection
) -> None:
    await prover.prove()
    await owner.execute(
        statement("update fm.entries set balance_minor = balance_minor + 1 where :first_entry"), books.house.tenant_id
    )

    assert found(await prover.prove()) == set()
    assert found(await prover.prove(full=True)) == {"running_balances_chain"}


@pytest.mark.parametrize(
    ("sql", "check"),
    [
        ("update fm.ledger_accounts set posted_debits = posted_debits + 1", "posted_balances_equal_entries"),
        ("update fm.ledger_accounts set pending_debits = pending_debits + 1", "pending_balances_equal_holds"),
        ("update fm.balance_snapshots set balance_minor = balance_minor + 1", "snapshots_stand_on_entries"),
        ("update fm.balance_snapshots set posted_debits = posted_debits - 1", "posted_balances_equal_entries"),
    ],
)
async def test_a_proof_of_what_came_since_sees_changed_balances_of_accounts_that_did_not_move(
    books: GeneralLedger, prover: Prover, owner: asyncpg.Connection, sql: str, check: str
) -> None:
    await prover.prove()
    await owner.execute(f"{sql} where tenant_id = $1", books.house.tenant_id)

    assert check in found(await prover.prove())


async def test_an_entry_that_appears_before_the_proved_point_is_found(
    books: GeneralLedger, prover: Prover, owner: asyncpg.Connection
) -> None:
    await prover.prove()
    transfer = books.transfer(77)
    await books.give(transfer)
    await owner.execute(
        "with t as (update fm.ledger_transactions t set recorded_at = p.proved_to - interval '1 us', "
        "effective_at = p.proved_to - interval '1 us' from fm.proof_points p "
        "where t.tenant_id = $1 and p.tenant_id = $1 and t.id = $2 returning t.recorded_at) "
        "update fm.entries e set recorded_at = t.recorded_at from t where e.tenant_id = $1 and e.transaction_id = $2",
        books.house.tenant_id,
        transfer.id,
    )

    assert {"entries_agree_both_ways", "snapshots_stand_on_entries"} <= found(await prover.prove())


async def test_a_transaction_whose_identifier_is_older_than_its_recording_is_gone_through_all_the_same(
    books: GeneralLedger, prover: Prover
) -> None:
    await prover.prove()
    old = LedgerTransactionId(type(uuid7())(int=(uuid7().int >> 80 << 80) - (10**9 * 60 << 80)))
    await books.give(msgspec.structs.replace(books.transfer(7), id=old))

    report = await prover.prove()

    assert (report.holds, report.stretches[0].is_point_taken, report.totals[0][1].entries) == (True, True, 18)


async def test_nothing_that_may_still_be_committed_lies_before_a_point(
    books: GeneralLedger, house: House, engine: AsyncEngine, owner: asyncpg.Connection, owner_url: str
) -> None:
    before = await owner.fetchval("select clock_timestamp()")
    straggler = await asyncpg.connect(owner_url)
    async with straggler.transaction():
        began = await straggler.fetchval("select now()")
        stretch = await PostgresProof(engine, margin_seconds=0).stretch(house.tenant_id, full=False)
        assert before <= began
        assert stretch.horizon <= began
    await straggler.close()
    cautious = await PostgresProof(engine).stretch(house.tenant_id, full=False)
    assert cautious.horizon < await owner.fetchval("select clock_timestamp()") - timedelta(seconds=59)


async def test_fresh_entries_are_checked_but_not_yet_proved_for_good(
    books: GeneralLedger, house: House, engine: AsyncEngine, owner: asyncpg.Connection
) -> None:
    prover = Prover(ProveHandler(OneTenant(house.tenant_id), PostgresProof(engine), AsyncMock(), CHECKS), {})

    report = await prover.prove()

    assert (report.holds, report.totals[0][1].entries, report.stretches[0].is_point_taken) == (True, 16, False)
    assert await points(owner, house) == []
    await owner.execute(statement("update fm.entries set balance_minor = 1 where :last_entry"), house.tenant_id)
    assert not (await prover.prove()).holds


async def test_of_two_proofs_at_once_one_takes_the_point(
    books: GeneralLedger, house: House, engine: AsyncEngine, owner: asyncpg.Connection
) -> None:
    proof = PostgresProof(engine, margin_seconds=0)
    one, other = [await proof.stretch(house.tenant_id, full=False) for _ in range(2)]
    taken: list[bool] = []
    for stretch in (one, other):
        steps = [step async for step in proof.steps(house.tenant_id, stretch)]
        proved = steps[-1].proved
        assert proved is not None
        taken.append(await proof.take_point(house.tenant_id, stretch, proved))

    assert taken == [True, False]
    assert len(await points(owner, house)) == 1


async def test_books_are_sound_at_every_moment_while_they_are_written(
    books: GeneralLedger, prover: Prover, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof_accounts, "ENTRIES_MAX", 10)
    monkeypatch.setattr(proof_pages, "ROWS_MAX", 10)

    async def busy() -> None:
        for number in range(1, 25):
            await books.give(books.transfer(number, reference=f"{uuid7()}"))
            hold = await books.hold(number)
            await books.give(PostHold(id=LedgerTransactionId(uuid7()), hold_id=hold, amount_minor=1, final=True))

    writers = [asyncio.create_task(busy()) for _ in range(4)]
    reports: list[ProofReport] = []
    while not all(one.done() for one in writers):
        reports.append(await prover.prove(full=len(reports) % 3 == 0))
    await asyncio.gather(*writers)
    reports.append(await prover.prove())

    assert [found(one) for one in reports] == [set()] * len(reports)
    assert len(await points(owner, books.house)) == sum(one.stretches[0].is_point_taken for one in reports) >= 1
    assert reports[-1].totals == (await prover.prove(full=True)).totals
    assert reports[-1].totals[0][1].entries == 16 + 4 * 24 * 4


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 100])
async def test_pages_of_any_size_prove_the_same(
    books: GeneralLedger, prover: Prover, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(proof_accounts, "ENTRIES_MAX", size)
    monkeypatch.setattr(proof_accounts, "ACCOUNTS_MAX", min(size, 2))
    monkeypatch.setattr(proof_pages, "ROWS_MAX", size)

    report = await prover.prove(full=True)

    assert report.holds
    assert prover.seen["entries by account"] == prover.seen["entries by transaction"] == 16
    assert report.stretches[0].is_point_taken
    await books.give(books.transfer(3))
    assert (await prover.prove()).totals == (await prover.prove(full=True)).totals


async def test_tenants_without_a_ledger_are_sound(engine: AsyncEngine, house: House) -> None:
    del house
    proof = PostgresProof(engine)
    tenant_id = (await PostgresTenants(engine).ids())[-1]
    report = await ProveHandler(OneTenant(tenant_id), proof, AsyncMock(), CHECKS)()

    assert (report.holds, report.totals, report.stretches[0].is_point_taken) == (True, (), False)
    assert isinstance(report.stretches[0].horizon, datetime)
