"""The commands that work on a database: tenants, proof, jobs, migrations, psql."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
import redis
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from uuid_utils.compat import uuid7

from adapters.postgres.engine import asyncpg_url
from adapters.postgres.jobs import PostgresParkedJobs
from adapters.postgres.migrating import newest_revision
from application.ports.queue import ParkedJob
from domain.ids import Prefix, TenantId, find_id, public_id
from entrypoints.cli.commands.shell_db import address_and_password
from tests.entrypoints.cli.conftest import Run
from tests.fakes.stores import Database, run


@pytest.fixture
def tenant_id(on_a_database: Database, mediator: Run) -> TenantId:
    """A tenant that was opened from the command line."""
    said = mediator("tenants", "open", "A shop", "--json")
    found = find_id(Prefix.TENANT, msgspec.json.decode(said.out)["tenant"])
    assert found is not None
    return TenantId(found)


def on_database(database: Database, *statements: str) -> None:
    """Do what only the owner may do."""
    asyncio.run(run(database.owner_url, *statements))


AN_OLD_BOOKING = (
    """
    insert into fm.ledger_accounts (tenant_id, id, code, currency, normal_balance, posted_debits, posted_credits,
      version, created_at)
    values (:tenant, '00000000-0000-7000-8000-00000000000a', 'cash', 'EUR', 'debit', 7, 0, 1, now()),
      (:tenant, '00000000-0000-7000-8000-00000000000b', 'owed', 'EUR', 'credit', 0, 7, 1, now())
    """,
    """
    insert into fm.ledger_transactions (tenant_id, id, kind, actor, request_id, effective_at, recorded_at)
    select :tenant, '00000000-0000-7000-8000-00000000000c', 'transfer', 'prn_1', 'req_1', t.at, t.at
    from date_trunc('minute', now() - interval '10 minutes') t(at)
    """,
    """
    insert into fm.entries (tenant_id, transaction_id, line, account_id, account_version, balance_minor, direction,
      currency, amount_minor, recorded_at)
    select t.tenant_id, t.id, case a.code when 'cash' then 1 else 2 end, a.id, 1, 7, a.normal_balance, 'EUR', 7,
      t.recorded_at
    from fm.ledger_transactions t join fm.ledger_accounts a on a.tenant_id = t.tenant_id where t.tenant_id = :tenant
    """,
)
"""A transfer that nobody can still be about to commit."""


def park(database: Database, tenant_id: TenantId) -> UUID:
    """Put a job aside."""
    job = ParkedJob(
        tenant_id=tenant_id,
        id=uuid7(),
        actor="resolve",
        arguments={"operation_id": str(uuid7())},
        error="TimeoutError: it took too long",
        attempts=9,
        parked_at=datetime.now(UTC),
    )

    async def keep() -> None:
        engine = create_async_engine(asyncpg_url(database.application_url), poolclass=NullPool)
        await PostgresParkedJobs(engine).park(job)
        await engine.dispose()

    asyncio.run(keep())
    return job.id


def test_tenant_is_opened_and_its_key_printed(on_a_database: Database, mediator: Run) -> None:
    said = mediator("tenants", "open", "A shop")

    assert (said.code, said.err, on_a_database.name in said.out) == (0, "", False)
    assert [line.split()[0] for line in said.out.splitlines()] == ["tenant", "operator", "api"]
    assert "fmk_live_" in said.out


def test_proof_of_sound_books_ends_with_0(tenant_id: TenantId, mediator: Run) -> None:
    said = mediator("prove")

    assert (said.code, said.err) == (0, "")
    assert "The books hold: every currency sums to zero" in said.out
    assert public_id(Prefix.TENANT, tenant_id) not in said.out  # It has no entries.


def test_proof_goes_on_from_the_last_proved_point_unless_it_shall_be_full(
    tenant_id: TenantId, on_a_database: Database, mediator: Run
) -> None:
    on_database(on_a_database, *(sql.replace(":tenant", f"'{tenant_id}'") for sql in AN_OLD_BOOKING))

    first, second, full = (
        mediator("prove", "--json"),
        mediator("prove", "--json"),
        mediator("prove", "--full", "--json"),
    )

    def stretch(text: str) -> tuple[object, ...]:
        (mine,) = [
            one
            for one in msgspec.json.decode(text)["stretches"]
            if one["tenant"] == public_id(Prefix.TENANT, tenant_id)
        ]
        return mine["since"] is None, mine["is_point_taken"], mine["rows"]

    assert (first.code, second.code, full.code) == (0, 0, 0)
    assert (stretch(first.out), stretch(full.out)) == ((True, True, 8), (True, True, 8))
    assert stretch(second.out) == (False, False, 4)  # Two accounts, each looked at twice; nothing came since.
    on_database(on_a_database, "update fm.entries set balance_minor = 8")
    assert mediator("prove", "--full").code == 1


def test_proof_of_corrupted_books_names_the_fault_and_ends_with_1(
    tenant_id: TenantId, on_a_database: Database, mediator: Run
) -> None:
    account = f"'{tenant_id}', '{uuid7()}', 'merchant:main:payable', 'EUR', 'credit', 5, now()"
    columns = "tenant_id, id, code, currency, normal_balance, posted_debits, created_at"
    on_database(on_a_database, f"insert into fm.ledger_accounts ({columns}) values ({account})")  # noqa: S608 -- ours

    said = mediator("prove")
    as_json = mediator("prove", "--json")

    assert (said.code, as_json.code) == (1, 1)
    assert "posted_balances_equal_entries: merchant:main:payable EUR: cached 5/0, entries 0/0" in said.out
    assert "The books do not hold: 1 faults" in said.out
    document = msgspec.json.decode(as_json.out)
    assert document["holds"] is False
    assert [result["check"] for result in document["results"] if result["faults"]] == ["posted_balances_equal_entries"]


def test_database_without_our_schema_is_refused_in_words(
    mediator: Run, empty_database: Database, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "a-secret-of-more-than-32-characters")
    monkeypatch.setenv("DATABASE_URL", empty_database.application_url)
    monkeypatch.setenv("REDIS_URL", redis_url)

    said = mediator("prove")

    assert (said.code, said.out) == (1, "")
    assert (
        said.err == "mediator: The database is not at the revision that this version needs: run `mediator migrate`.\n"
    )


def test_migration_brings_an_empty_database_up_to_date(
    mediator: Run, empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "a-secret-of-more-than-32-characters")
    monkeypatch.setenv("DATABASE_URL", empty_database.application_url)
    monkeypatch.setenv("DATABASE_OWNER_URL", empty_database.owner_url)

    said = [mediator("migrate") for _ in range(2)]

    assert [(one.code, one.out, one.err) for one in said] == [
        (0, f"The database is at revision {newest_revision()}.\n", "")
    ] * 2


def test_jobs_are_listed_and_handed_to_the_worker_once(
    tenant_id: TenantId, on_a_database: Database, mediator: Run, redis_url: str
) -> None:
    job = public_id(Prefix.JOB, park(on_a_database, tenant_id))

    listed = mediator("jobs", "list")
    as_json = msgspec.json.decode(mediator("jobs", "list", "--json").out)
    given = mediator("jobs", "requeue", job)
    again = mediator("jobs", "requeue", job)

    assert (listed.code, job in listed.out, "it took too long" in listed.out) == (0, True, True)
    assert [(one["id"], one["tenant"], one["attempts"]) for one in as_json] == [
        (job, public_id(Prefix.TENANT, tenant_id), 9)
    ]
    assert (given.code, given.out) == (0, f"{job} resolve was handed to the worker\n")
    assert (again.code, again.err) == (1, f"mediator: {job} does not wait\n")
    assert mediator("jobs", "list").out == "No job waits.\n"
    client = redis.Redis.from_url(redis_url)
    assert client.llen("{dramatiq}:operations") == 1
    client.close()


def test_all_jobs_are_handed_to_the_worker(tenant_id: TenantId, on_a_database: Database, mediator: Run) -> None:
    jobs = [public_id(Prefix.JOB, park(on_a_database, tenant_id)) for _ in range(3)]

    said = mediator("jobs", "requeue", "--all")

    assert said.code == 0
    assert [line.split()[0] for line in said.out.splitlines()] == jobs
    assert mediator("jobs", "list").out == "No job waits.\n"


@pytest.mark.parametrize("arguments", [[], ["job_1"], ["--all", "job_00000000000000000000000000000000"]])
def test_requeue_wants_to_know_exactly_which_jobs(arguments: list[str], mediator: Run) -> None:
    said = mediator("jobs", "requeue", *arguments)

    assert (said.code, said.out) == (2, "")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://app:p%40ss@db:5432/mediator?sslmode=require",
            ("postgresql://app@db:5432/mediator?sslmode=require", "p@ss"),
        ),
        ("postgresql+asyncpg://db/mediator", ("postgresql://db/mediator", "")),
        ("postgres://app@[::1]:5432/mediator", ("postgresql://app@[::1]:5432/mediator", "")),
    ],
)
def test_password_of_the_database_is_kept_off_the_command_line(url: str, expected: tuple[str, str]) -> None:
    assert address_and_password(url) == expected
