"""Ledgers that are carried from one tenant to another: they arrive as they left, or not at all."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.postgres.identity import PostgresTenants
from adapters.postgres.ledger_copies import PostgresLedgerCopies
from adapters.postgres.proof import CHECKS, PostgresProof
from adapters.system import SystemWorld
from application.call import Call
from application.ledger import import_ledger
from application.ledger.export_ledger import ExportLedger, ExportLedgerHandler
from application.ledger.import_ledger import Imported, ImportLedger, ImportLedgerHandler
from application.ledger.ledger_file import DECODER, Reckoning, written
from application.ledger.remove_import import RemoveImportHandler
from application.ports.ledger_copies import Manifest, Trailer
from domain.errors import NOT_FOUND, STATE_CONFLICT, VAL_FIELD, ErrorCode, MediatorError
from domain.ids import HoldId, LedgerTransactionId, TenantId
from domain.posting import Placed, PostHold, Reason, Refusal, ReleaseHold, Reverse
from tests.adapters.postgres.general_ledger import GeneralLedger, general_ledger, open_ledger
from tests.adapters.postgres.ledger_corruptions import statement
from tests.fakes.house import House, postgres_house
from tests.fakes.identity import a_tenant
from tests.fakes.keeping import keep, story_for
from tests.fakes.story import UNKNOWN

TABLES = (
    "ledger_accounts",
    "ledger_transactions",
    "entries",
    "holds",
    "ledger_references",
    "ledger_reversals",
)


class Carrier(msgspec.Struct, frozen=True):
    """Carries ledgers out and in."""

    engine: AsyncEngine
    copies: PostgresLedgerCopies
    proof: PostgresProof

    async def tenant(self) -> TenantId:
        """Open an empty tenant."""
        opened = a_tenant(uuid7(), (), at=datetime.now(UTC))
        await PostgresTenants(self.engine).open(opened)
        return opened.tenant_id

    async def export(self, tenant_id: TenantId) -> tuple[list[bytes], Trailer]:
        """Give the file of a tenant's ledger."""
        lines: list[bytes] = []
        trailer = await ExportLedgerHandler(self.copies)(ExportLedger(tenant_id=tenant_id, write=lines.append))
        return lines, trailer

    async def import_(self, tenant_id: TenantId, lines: Iterable[bytes]) -> Imported:
        """Carry a file in."""
        handler = ImportLedgerHandler(self.copies, self.proof, SystemWorld())
        return await handler(ImportLedger(lines=lambda: lines), a_call(tenant_id))

    async def found(self, tenant_id: TenantId) -> set[str]:
        """Give the checks that find something."""
        return {check for check in CHECKS if await self.proof.check(tenant_id, check)}


def a_call(tenant_id: TenantId) -> Call:
    return Call(tenant_id=tenant_id, actor="prn_test", request_id="req_test")


@pytest.fixture
def carrier(engine: AsyncEngine) -> Carrier:
    return Carrier(engine, PostgresLedgerCopies(engine), PostgresProof(engine, margin_seconds=0))


@pytest.fixture
async def books(house: House, owner: asyncpg.Connection) -> GeneralLedger:
    """A ledger with one of each kind, and payments beside."""
    books = await general_ledger(house, owner)
    await keep(house, story_for(house).succeed().give_back(100).succeed())
    await keep(house, story_for(house, currency="JPY").settle(UNKNOWN))
    await owner.execute(
        "update fm.ledger_accounts set state = 'closed' where tenant_id = $1 and currency = 'JPY' and code like 'm%'",
        house.tenant_id,
    )
    return books


ROWS = "select (to_jsonb(t) - 'tenant_id')::text as row from fm.:table t where tenant_id = $1"


async def rows(owner: asyncpg.Connection, tenant_id: TenantId) -> dict[str, list[str]]:
    """Give every row of a ledger without its tenant."""
    return {
        table: sorted(
            row["row"]
            for row in await owner.fetch(
                ROWS.replace(":table", table),
                tenant_id,
            )
        )
        for table in TABLES
    }


async def counts(owner: asyncpg.Connection, tenant_id: TenantId) -> dict[str, int]:
    return {table: len(found) for table, found in (await rows(owner, tenant_id)).items()}


async def state(owner: asyncpg.Connection, tenant_id: TenantId) -> list[str]:
    sql = "select state from fm.ledger_imports where tenant_id = $1 order by started_at"
    return [row["state"] for row in await owner.fetch(sql, tenant_id)]


def signed(lines: list[bytes]) -> list[bytes]:
    """Write the trailer of changed lines as a forger would."""
    trailer = msgspec.json.decode(lines[-1], type=Trailer)
    digest = hashlib.sha256(b"".join(lines[:-1])).hexdigest()
    return [*lines[:-1], written(msgspec.structs.replace(trailer, digest=digest))]


def retold(manifest: bytes, **changes: object) -> bytes:
    """Write a manifest that says something else."""
    return written(msgspec.structs.replace(msgspec.json.decode(manifest, type=Manifest), **changes))


async def test_a_ledger_arrives_as_it_left(books: GeneralLedger, carrier: Carrier, owner: asyncpg.Connection) -> None:
    lines, trailer = await carrier.export(books.house.tenant_id)
    there = await carrier.tenant()

    imported = await carrier.import_(there, lines)

    assert imported == Imported(trailer=trailer, resumed_behind=0)
    assert await rows(owner, there) == await rows(owner, books.house.tenant_id)
    assert await carrier.found(there) == set()
    assert await state(owner, there) == ["finished"]
    again, _ = await carrier.export(there)
    assert again[1:-1] == lines[1:-1]


async def test_a_file_counts_and_adds_up_what_it_holds(
    books: GeneralLedger, carrier: Carrier, owner: asyncpg.Connection
) -> None:
    lines, trailer = await carrier.export(books.house.tenant_id)

    there = await counts(owner, books.house.tenant_id)
    assert trailer.counts == {
        "account": there["ledger_accounts"],
        "transaction": there["ledger_transactions"],
        "entry": there["entries"],
        "reference": 1,
        "reversal": 1,
        "hold": there["holds"],
    }
    assert {one: (sum_.debits, sum_.credits) for one, sum_ in trailer.sums.items()} == {
        "CHF": ("14050", "14050"),
        "EUR": ("1100", "1100"),
    }
    assert trailer.digest == hashlib.sha256(b"".join(lines[:-1])).hexdigest()
    assert [msgspec.json.decode(lines[0])["type"], msgspec.json.decode(lines[-1])["type"]] == ["manifest", "trailer"]


async def test_what_arrived_goes_on_as_any_ledger(
    books: GeneralLedger, carrier: Carrier, owner: asyncpg.Connection, engine: AsyncEngine, owner_url: str
) -> None:
    hold = await books.hold(70)
    lines, _ = await carrier.export(books.house.tenant_id)
    tenant = a_tenant(uuid7(), (), at=datetime.now(UTC))
    await PostgresTenants(engine).open(tenant)
    await carrier.import_(tenant.tenant_id, lines)
    arrived = GeneralLedger(postgres_house(tenant, engine, owner_url), books.cash, books.owed)

    await arrived.give(arrived.transfer(5))
    await arrived.give(PostHold(id=LedgerTransactionId(uuid7()), hold_id=HoldId(hold)))
    used = Placed(order=arrived.transfer(1, reference="invoice-7"), actor="prn_test", request_id="req_test")

    assert await arrived.house.journal.post(tenant.tenant_id, used) == Refusal(Reason.REFERENCE_USED)
    assert await carrier.found(tenant.tenant_id) == set()
    assert await carrier.found(books.house.tenant_id) == set()


async def test_an_empty_ledger_is_carried_too(carrier: Carrier, owner: asyncpg.Connection) -> None:
    here, there = await carrier.tenant(), await carrier.tenant()
    lines, trailer = await carrier.export(here)

    await carrier.import_(there, lines)

    assert len(lines) == 2
    assert set(trailer.counts.values()) == {0}
    assert await state(owner, there) == ["finished"]


async def test_a_ledger_of_long_ago_finds_room(
    books: GeneralLedger, carrier: Carrier, owner: asyncpg.Connection
) -> None:
    await owner.execute("select fm_ops.ensure_partitions(1)")
    lines, _ = await carrier.export(books.house.tenant_id)
    aged = [line.replace(b'"2026-', b'"1987-').replace(b'"2027-', b'"1988-') for line in lines]
    there = await carrier.tenant()

    if datetime.now(UTC).year != 2026:
        pytest.skip("the years are written into this test")
    await carrier.import_(there, signed(aged))

    first = await owner.fetchval("select min(recorded_at) from fm.entries where tenant_id = $1", there)
    assert first.year == 1987


Forgery = Callable[[list[bytes]], list[bytes]]
TRAILER = "the trailer does not say what the lines before it hold"
AS_WE = "not written as we write it"
FORGERIES: dict[str, tuple[Forgery, str]] = {
    "a byte is another": (lambda lines: [lines[0], lines[1].replace(b"bank", b"bonk"), *lines[2:]], TRAILER),
    "a line is gone": (lambda lines: [*lines[:3], *lines[4:]], TRAILER),
    "a line is there twice": (lambda lines: [*lines[:3], lines[2], *lines[3:]], TRAILER),
    "two lines changed places": (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], TRAILER),
    "kinds changed places": (
        lambda lines: [lines[0], lines[-2], *lines[1:-2], lines[-1]],
        "account stands behind hold",
    ),
    "a count is another": (lambda lines: [*lines[:-1], lines[-1].replace(b'"hold":', b'"hold":1')], TRAILER),
    "the trailer is gone": (lambda lines: lines[:-1], "ends before its trailer"),
    "the last line is cut": (lambda lines: [*lines[:-1], lines[-1][:-9]], "not whole"),
    "the manifest is gone": (lambda lines: lines[1:], "not a manifest"),
    "something follows": (lambda lines: [*lines, lines[1]], "follows the trailer"),
    "two files are one": (lambda lines: [*lines, *lines], "follows the trailer"),
    "it is empty": (lambda _: [], "ends before its trailer"),
    "a manifest within": (lambda lines: [*lines[:2], lines[0], *lines[2:]], "a manifest within"),
    "a line is no JSON": (lambda lines: [*lines[:3], b"{]\n", *lines[3:]], "malformed"),
    "an unknown field": (lambda lines: [lines[0], lines[1].replace(b"{", b'{"x":1,', 1), *lines[2:]], "unknown field"),
    "an unknown kind": (lambda lines: [lines[0], b'{"type":"gift"}\n', *lines[1:]], "gift"),
    "a line has spaces": (lambda lines: [lines[0], lines[1].replace(b",", b", "), *lines[2:]], AS_WE),
    "a later version": (lambda lines: signed([retold(lines[0], version=2), *lines[1:]]), "we read"),
    "it was made tomorrow": (
        lambda lines: signed([retold(lines[0], exported_at=datetime.now(UTC) + timedelta(days=1)), *lines[1:]]),
        "younger than the database",
    ),
    "it was made before": (
        lambda lines: signed([retold(lines[0], exported_at=datetime.now(UTC) - timedelta(days=1)), *lines[1:]]),
        "younger than the file",
    ),
    "it stands for other times": (
        lambda lines: signed([retold(lines[0], last_recorded_at=datetime(2000, 1, 1, tzinfo=UTC)), *lines[1:]]),
        "outside of the times",
    ),
    "one side says more": (lambda lines: reckoned(_heavier(lines)), "debits and credits differ"),
}


def reckoned(lines: list[bytes]) -> list[bytes]:
    """Write the trailer anew, from what the lines hold."""
    reckoning = Reckoning()
    for raw in lines[:-1]:
        reckoning.add(DECODER.decode(raw), raw)
    return [*lines[:-1], written(reckoning.trailer())]


def _heavier(lines: list[bytes]) -> list[bytes]:
    """Raise the amount of one entry."""
    return [one.replace(b'"amount_minor":10000,', b'"amount_minor":10001,', 1) for one in lines]


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_file_that_is_not_whole_is_refused_before_anything_is_written(
    books: GeneralLedger, carrier: Carrier, owner: asyncpg.Connection, name: str
) -> None:
    forged, why = FORGERIES[name]
    lines, _ = await carrier.export(books.house.tenant_id)
    there = await carrier.tenant()

    with pytest.raises(MediatorError, match=why) as refused:
        await carrier.import_(there, forged(lines))

    assert refused.value.entry is VAL_FIELD
    assert set((await counts(owner, there)).values()) == {0}
    assert await state(owner, there) == []


UNSOUND = {
    "a balance": "update fm.ledger_accounts set posted_debits = posted_debits + 1 where tenant_id = $1",
    "a running balance": "update fm.entries set balance_minor = balance_minor + 1 where :first_entry",
    "a hold": "update fm.holds set posted_minor = 1 where tenant_id = $1 and state = 'pending'",
    "a reversal": "delete from fm.ledger_reversals where tenant_id = $1",
    "a reference": "delete from fm.ledger_references where tenant_id = $1",
    "an entry without an account": "update fm.entries set account_id = gen_random_uuid() where :last_entry",
}


@pytest.mark.parametrize("name", UNSOUND)
async def test_a_ledger_that_is_not_sound_is_refused_and_removed_again(
    books: GeneralLedger, carrier: Carrier, owner: asyncpg.Connection, name: str
) -> None:
    assert not (await owner.execute(statement(UNSOUND[name]), books.house.tenant_id)).endswith(" 0")
    lines, _ = await carrier.export(books.house.tenant_id)
    there = await carrier.tenant()

    with pytest.raises(MediatorError, match="not sound") as refused:
        await carrier.import_(there, lines)

    assert refused.value.entry is VAL_FIELD
    assert set((await counts(owner, there)).values()) == {0}
    assert await state(owner, there) == ["removed"]


async def test_what_the_schema_refuses_is_refused_in_words(
    books: GeneralLedger, carrier: Carrier, owner: asyncpg.Connection
) -> None:
    lines, _ = await carrier.export(books.house.tenant_id)
    there = await carrier.tenant()
    forged = [line.replace(b'"normal_balance":"debit"', b'"normal_balance":"odd"') for line in lines]

    with pytest.raises(MediatorError, match="ledger_accounts_normal_balance_check") as refused:
        await carrier.import_(there, signed(forged))

    assert refused.value.entry is VAL_FIELD
    assert set((await counts(owner, there)).values()) == {0}


async def refusal(carrier: Carrier, tenant_id: TenantId, lines: list[bytes]) -> ErrorCode:
    with pytest.raises(MediatorError) as refused:
        await carrier.import_(tenant_id, lines)
    return refused.value.entry


async def test_a_tenant_that_has_a_ledger_takes_no_other(
    books: GeneralLedger, carrier: Carrier, owner: asyncpg.Connection
) -> None:
    lines, _ = await carrier.export(books.house.tenant_id)
    before = await rows(owner, books.house.tenant_id)

    assert await refusal(carrier, books.house.tenant_id, lines) is STATE_CONFLICT
    there = await carrier.tenant()
    await carrier.import_(there, lines)
    assert await refusal(carrier, there, lines) is STATE_CONFLICT
    assert await refusal(carrier, TenantId(uuid7()), lines) is NOT_FOUND
    assert await rows(owner, books.house.tenant_id) == before == await rows(owner, there)
    assert await RemoveImportHandler(carrier.copies)(a_call(there)) == 0
    assert await rows(owner, there) == before


class Cut(Exception):
    """The machine went away."""


@pytest.mark.parametrize("taken", range(6))
async def test_an_interrupted_import_goes_on_where_it_stopped(
    books: GeneralLedger,
    carrier: Carrier,
    owner: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    taken: int,
) -> None:
    monkeypatch.setattr(import_ledger, "LINES_MAX", 3)
    lines, _ = await carrier.export(books.house.tenant_id)
    there = await carrier.tenant()
    calls = 0
    take = PostgresLedgerCopies.take

    async def take_some(*arguments: object, **named: object) -> None:
        nonlocal calls
        if calls == taken:
            raise Cut
        calls += 1
        await take(*arguments, **named)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(PostgresLedgerCopies, "take", take_some)
    with pytest.raises(Cut):
        await carrier.import_(there, lines)
    monkeypatch.setattr(PostgresLedgerCopies, "take", take)
    assert await state(owner, there) == ["running"]
    states = await owner.fetch("select distinct state from fm.ledger_accounts where tenant_id = $1", there)
    assert {row["state"] for row in states} <= {"frozen"}
    other, _ = await carrier.export(books.house.tenant_id)
    assert await refusal(carrier, there, other) is STATE_CONFLICT

    imported = await carrier.import_(there, lines)

    assert imported.resumed_behind == 3 * taken
    assert await rows(owner, there) == await rows(owner, books.house.tenant_id)


async def test_an_interrupted_import_can_be_removed_and_begun_again(
    books: GeneralLedger, carrier: Carrier, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, _ = await carrier.export(books.house.tenant_id)
    there = await carrier.tenant()

    async def cut(*_: object, **__: object) -> None:
        raise Cut

    with monkeypatch.context() as patched:
        patched.setattr(ImportLedgerHandler, "_require_proof", cut)
        with pytest.raises(Cut):
            await carrier.import_(there, lines)
    assert sum((await counts(owner, there)).values()) > 40

    removed = await RemoveImportHandler(carrier.copies)(a_call(there))

    assert removed == sum((await counts(owner, books.house.tenant_id)).values())
    assert set((await counts(owner, there)).values()) == {0}
    await carrier.import_(there, lines)
    assert await state(owner, there) == ["removed", "finished"]
    assert await rows(owner, there) == await rows(owner, books.house.tenant_id)


async def test_no_point_is_taken_while_a_ledger_is_on_its_way(
    books: GeneralLedger, carrier: Carrier, owner: asyncpg.Connection
) -> None:
    lines, _ = await carrier.export(books.house.tenant_id)
    there = await carrier.tenant()
    await carrier.import_(there, lines)
    await owner.execute("update fm.ledger_imports set state = 'running' where tenant_id = $1", there)
    stretch = await carrier.proof.stretch(there, full=True)
    steps = [step async for step in carrier.proof.steps(there, stretch)]
    assert steps[-1].proved is not None

    assert not await carrier.proof.take_point(there, stretch, steps[-1].proved)
    await owner.execute("update fm.ledger_imports set state = 'finished' where tenant_id = $1", there)
    assert await carrier.proof.take_point(there, stretch, steps[-1].proved)


async def test_an_import_is_on_record(books: GeneralLedger, carrier: Carrier, owner: asyncpg.Connection) -> None:
    lines, trailer = await carrier.export(books.house.tenant_id)
    there = await carrier.tenant()
    await carrier.import_(there, lines)

    row = await owner.fetchrow(
        "select actor, details from fm.audit_events where tenant_id = $1 and action = 'ledger.import'", there
    )
    assert row is not None
    assert (row["actor"], msgspec.json.decode(row["details"])["digest"]) == ("prn_test", trailer.digest)


Act = tuple[str, int]
ACTS = st.lists(
    st.tuples(st.sampled_from(["in", "out", "back", "hold", "post", "release"]), st.integers(1, 2**53 + 7)), max_size=12
)


async def act(books: GeneralLedger, acts: list[Act]) -> None:
    """Do all of it; what is refused is left out."""
    holds: list[HoldId] = []
    done: list[LedgerTransactionId] = []
    for kind, number in acts:
        match kind:
            case "in" | "out":
                transfer = books.transfer(number if kind == "in" else -number, reference=f"{uuid7()}")
                await books.give(transfer)
                done.append(transfer.id)
            case "back" if done:
                await books.give(Reverse(id=LedgerTransactionId(uuid7()), reverses_id=done.pop()))
            case "post" if holds:
                await books.give(PostHold(id=LedgerTransactionId(uuid7()), hold_id=holds.pop()))
            case "release" if holds:
                await books.give(ReleaseHold(hold_id=holds.pop(0)))
            case "hold":
                holds.append(await books.hold(number))
            case _:
                pass


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
async def test_whatever_happened_a_ledger_arrives_as_it_left(
    carrier: Carrier, owner: asyncpg.Connection, engine: AsyncEngine, owner_url: str, acts: list[Act]
) -> None:
    tenant = a_tenant(uuid7(), (), at=datetime.now(UTC))
    await PostgresTenants(engine).open(tenant)
    books = await open_ledger(postgres_house(tenant, engine, owner_url), owner)
    await act(books, acts)
    there = await carrier.tenant()

    lines, _ = await carrier.export(tenant.tenant_id)
    await carrier.import_(there, lines)

    assert await rows(owner, there) == await rows(owner, tenant.tenant_id)
    assert (await carrier.export(there))[0][1:-1] == lines[1:-1]
