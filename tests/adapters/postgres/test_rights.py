"""The application's role owns nothing, writes no table by itself, and calls nothing but whole steps."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from adapters import postgres
from tests.fakes.house import House
from tests.fakes.keeping import keep, story_for

ADAPTERS = Path(next(iter(postgres.__path__)))
INNER = (
    *("claim_key", "write_states", "lock_books", "post", "write_events"),
    *("book_entry", "book_legs", "check_legs", "do_order", "reserve_limits", "shift_pending", "tell_of_postings"),
    "write_provider_account",
)
"""Parts of the write path that may only run as a whole."""

WRITES = (
    "insert into {} default values",
    "update {} set {column} = {column}",
    "delete from {}",
    "truncate {}",
    "lock table {} in exclusive mode",
    "select * from {} for update",
    "alter table {} add column more text",
    "drop table {}",
)
OUR_FUNCTIONS = "pronamespace in ('fm'::regnamespace, 'fm_ops'::regnamespace)"


@pytest.fixture
async def application(application_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the running application."""
    connection = await asyncpg.connect(application_url)
    yield connection
    await connection.close()


async def tables(owner: asyncpg.Connection) -> list[str]:
    """Give every table of ours, parts included."""
    sql = """select oid::regclass::text as name from pg_class
      where relnamespace = 'fm'::regnamespace and relkind in ('r', 'p')"""
    return sorted(row["name"] for row in await owner.fetch(sql))


def called_by_the_adapters() -> set[str]:
    """Read which functions the adapters call."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in ADAPTERS.glob("*.py"))
    return set(re.findall(r"\b(fm(?:_ops)?\.\w+)\(", code))


async def test_no_table_is_written_emptied_or_locked_by_the_application(
    application: asyncpg.Connection, owner: asyncpg.Connection
) -> None:
    allowed = []
    for name in await tables(owner):
        column = await owner.fetchval(
            "select attname from pg_attribute where attrelid = $1::regclass and attnum = 1", name
        )
        for statement in (one.format(name, column=column) for one in WRITES):
            try:
                async with application.transaction():
                    await application.execute(statement)
            except asyncpg.InsufficientPrivilegeError:
                continue
            allowed.append(statement)

    assert allowed == []


async def test_entries_are_append_only_even_for_rows_that_the_application_can_see(
    house: House, application: asyncpg.Connection
) -> None:
    await keep(house, story_for(house).succeed())

    async with application.transaction():
        await application.execute("select set_config('app.tenant', $1, true)", str(house.tenant_id))
        assert await application.fetchval("select count(*) from fm.entries") == 2
    for statement in ("update fm.entries set amount_minor = 1", "delete from fm.entries"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await application.execute(statement)


@pytest.mark.parametrize("name", INNER)
async def test_a_part_of_the_write_path_cannot_be_called_by_itself(
    application: asyncpg.Connection, owner: asyncpg.Connection, name: str
) -> None:
    types = await owner.fetchval(
        "select array(select format_type(t, null) from unnest(proargtypes) t) from pg_proc where oid = $1::regproc",
        f"fm.{name}",
    )
    nulls = ", ".join(f"null::{one}" for one in types)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute(f"select fm.{name}({nulls})")


async def test_the_application_may_call_exactly_what_its_adapters_call(owner: asyncpg.Connection) -> None:
    callable_by_role = await owner.fetch(
        f"""
        select oid::regproc::text as name from pg_proc
        where {OUR_FUNCTIONS} and has_function_privilege('mediator_app', oid, 'execute')
        """  # noqa: S608 -- our own words
    )

    assert {row["name"] for row in callable_by_role} == called_by_the_adapters()


async def test_nobody_else_may_call_anything(owner: asyncpg.Connection) -> None:
    open_to_all = await owner.fetch(
        f"""
        select p.oid::regproc::text as name
        from pg_proc p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        where {OUR_FUNCTIONS} and a.grantee = 0
        """  # noqa: S608 -- our own words
    )

    assert open_to_all == []


async def test_the_application_owns_nothing(owner: asyncpg.Connection) -> None:
    owned = await owner.fetchval(
        """
        select count(*) from pg_shdepend d join pg_roles r on r.oid = d.refobjid
        where r.rolname = 'mediator_app' and d.deptype = 'o'
        """
    )

    assert owned == 0


async def test_the_application_is_nobody_special(owner: asyncpg.Connection) -> None:
    role = await owner.fetchrow(
        "select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls from pg_roles "
        "where rolname = 'mediator_app'"
    )

    assert role is not None
    assert set(role.values()) == {False}


@pytest.mark.parametrize("schema", ["fm", "fm_ops", "public"])
async def test_the_application_makes_nothing_in_any_schema(application: asyncpg.Connection, schema: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute(f"create table {schema}.mine (id integer)")


async def test_the_application_makes_no_schema(application: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute("create schema mine")


async def test_every_function_that_runs_as_the_owner_says_where_it_looks_for_names(owner: asyncpg.Connection) -> None:
    careless = await owner.fetch(
        f"""
        select oid::regproc::text as name from pg_proc
        where {OUR_FUNCTIONS} and prosecdef and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)
        """  # noqa: S608 -- our own words
    )

    assert careless == []


async def test_a_part_that_is_made_later_gives_no_rights_of_its_own(fresh_database_owner: asyncpg.Connection) -> None:
    await fresh_database_owner.execute("select fm_ops.ensure_partitions(7)")
    readable = await fresh_database_owner.fetch(
        """
        select oid::regclass::text as name from pg_class where relispartition and relkind = 'r'
          and relnamespace = 'fm'::regnamespace
          and has_table_privilege('mediator_app', oid, 'select, insert, update, delete, truncate')
        """
    )

    assert readable == []
