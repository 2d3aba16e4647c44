"""Migrations go up, down and up again, may run twice and at once, give way to traffic, and carry no code of ours."""

import ast
import asyncio
import re
from pathlib import Path

import asyncpg
import pytest

from adapters.postgres import migrating
from adapters.postgres.migrating import allow_login, downgrade, migrate, newest_revision, owner_engine, require_version
from tests.fakes.stores import Database, Servers, emptied, run

MIGRATIONS = Path(__file__).parents[2] / "migrations"
ROOMS = ("domain", "application", "adapters", "entrypoints")


async def fingerprint(url: str) -> list[tuple[object, ...]]:
    """Describe the whole schema: tables, columns, constraints, indexes, functions, policies and rights."""
    connection = await asyncpg.connect(url)
    rows: list[tuple[object, ...]] = []
    for sql in (
        """select c.relname, c.relkind::text, c.relacl::text, c.reloptions::text, a.attname, a.attnotnull,
             format_type(a.atttypid, a.atttypmod) from pg_class c
           left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
           where c.relnamespace::regnamespace::text in ('fm', 'fm_ops') order by 1, a.attnum""",
        """select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
           where connamespace::regnamespace::text in ('fm', 'fm_ops') order by 1, 2""",
        "select indexdef from pg_indexes where schemaname in ('fm', 'fm_ops') order by 1",
        """select oid::regprocedure::text, prosrc, prosecdef, proacl::text from pg_proc
           where pronamespace::regnamespace::text in ('fm', 'fm_ops') order by 1""",
        "select tablename, policyname, roles::text, qual from pg_policies where schemaname = 'fm' order by 1, 2",
        "select nspname, nspacl::text from pg_namespace where nspname in ('fm', 'fm_ops') order by 1",
    ):
        rows.extend(tuple(row) for row in await connection.fetch(sql))
    await connection.close()
    return rows


async def revision(url: str) -> str | None:
    """Read which revision a database is at."""
    connection = await asyncpg.connect(url)
    found = await connection.fetchval("select version_num from public.alembic_version")
    await connection.close()
    return None if found is None else str(found)


async def test_the_schema_goes_up_and_down_and_up_to_the_same(empty_database: Database) -> None:
    url = empty_database.owner_url
    await migrate(url)
    first = await fingerprint(url)
    await downgrade(url)
    nothing = await fingerprint(url)
    await migrate(url)

    assert len(first) > 300
    assert nothing == []
    assert await fingerprint(url) == first


async def test_migrating_twice_changes_nothing(empty_database: Database) -> None:
    await migrate(empty_database.owner_url)
    once = await fingerprint(empty_database.owner_url)
    await migrate(empty_database.owner_url)

    assert await fingerprint(empty_database.owner_url) == once


async def test_a_migrated_database_is_at_the_newest_revision(empty_database: Database) -> None:
    await migrate(empty_database.owner_url)

    newest = max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert newest_revision() == newest == await revision(empty_database.owner_url)


async def test_two_who_migrate_at_once_are_no_trouble(empty_database: Database) -> None:
    await asyncio.gather(*(migrate(empty_database.owner_url) for _ in range(3)))

    assert await revision(empty_database.owner_url) == newest_revision()


async def test_two_databases_of_one_server_are_migrated_at_once(servers: Servers) -> None:
    async with emptied(servers) as first, emptied(servers) as second:
        await asyncio.gather(migrate(first.owner_url), migrate(second.owner_url))

        assert await fingerprint(first.owner_url) == await fingerprint(second.owner_url)


async def test_a_migration_that_has_to_wait_gives_way_and_is_tried_again(empty_database: Database) -> None:
    blocker = await asyncpg.connect(empty_database.owner_url)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("create schema fm")
    waits: list[int] = []
    first_wait = asyncio.Event()

    def on_wait(attempt: int) -> None:
        waits.append(attempt)
        first_wait.set()

    migration = asyncio.create_task(migrate(empty_database.owner_url, on_wait=on_wait))
    await asyncio.wait_for(first_wait.wait(), timeout=5)
    await transaction.rollback()
    await migration
    await blocker.close()

    assert waits[0] == 1
    assert await revision(empty_database.owner_url) == newest_revision()


async def test_a_migration_that_never_gets_its_lock_gives_up_and_leaves_nothing(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "TRIES_MAX", 2)
    blocker = await asyncpg.connect(empty_database.owner_url)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("create schema fm")

    with pytest.raises(RuntimeError, match="a lock could not be had in 2 tries"):
        await migrate(empty_database.owner_url)
    await transaction.rollback()
    await blocker.close()

    assert await fingerprint(empty_database.owner_url) == []


async def test_a_server_of_today_is_new_enough(database: Database) -> None:
    engine = owner_engine(database.owner_url)
    version = await require_version(engine)
    await engine.dispose()

    assert re.fullmatch(r"\d+\.\d+", version)


async def test_an_old_server_is_refused_before_anything_is_done(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "POSTGRES_MAJOR_MIN", 99)

    with pytest.raises(RuntimeError, match="too old: the mediator needs 99 or newer"):
        await migrate(empty_database.owner_url)
    assert await fingerprint(empty_database.owner_url) == []


async def test_a_login_of_any_name_may_become_the_application(fresh_database: Database) -> None:
    login = f'Odd "name" of {fresh_database.name}'
    quoted = login.replace('"', '""')
    await run(fresh_database.owner_url, f'create role "{quoted}" login')
    await allow_login(fresh_database.owner_url, login)
    owner = await asyncpg.connect(fresh_database.owner_url)
    member = await owner.fetchval("select pg_has_role($1, 'mediator_app', 'member')", login)
    await owner.close()
    await run(fresh_database.owner_url, f'drop role "{quoted}"')

    assert member is True


async def test_the_applications_own_role_needs_no_grant_to_itself(fresh_database: Database) -> None:
    await allow_login(fresh_database.owner_url, "mediator_app")


def sources() -> list[Path]:
    """Give the Python files of the migrations."""
    return sorted(MIGRATIONS.rglob("*.py"))


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(MIGRATIONS)))
def test_a_migration_carries_no_code_of_the_application(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]

    assert [name for name in imported if name.partition(".")[0] in ROOMS] == []


@pytest.mark.parametrize("path", sorted((MIGRATIONS / "versions").glob("[0-9]*.py")), ids=lambda path: path.stem)
def test_a_revision_changes_its_schema_by_scripts_that_do_not_wait_for_locks(path: Path) -> None:
    code = path.read_text(encoding="utf-8")
    upgrade = code[code.index("def upgrade") : code.index("def downgrade")]

    assert "run_script(" in upgrade
    assert not re.search(r"op\.(create|drop|add|alter|rename|bulk)", code)


async def test_a_database_of_another_state_of_the_schema_is_refused_untouched(empty_database: Database) -> None:
    url = empty_database.owner_url
    await migrate(url)
    await migrate(url)
    await run(url, "comment on schema fm_ops is 'made by other scripts'")
    before = await fingerprint(url)

    with pytest.raises(RuntimeError, match=r"another state of revision 0001.*empty database"):
        await migrate(url)

    assert await fingerprint(url) == before


async def test_a_database_from_before_states_were_remembered_is_refused(empty_database: Database) -> None:
    url = empty_database.owner_url
    await migrate(url)
    await run(url, "comment on schema fm_ops is null")

    with pytest.raises(RuntimeError, match="another state"):
        await migrate(url)
