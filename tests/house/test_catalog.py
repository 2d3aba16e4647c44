"""The rules of the schema, read from PostgreSQL's own catalog, and a planted fault for each: none may slip through.

The rules are those of docs/decisions: one tenant per key (S1), references within a tenant (S2), reference tables that
point to nobody's rows (S3), nothing deferred and nothing that acts by itself (S4), no narrow sequences (S5), exact
amounts and zoned times (S6), and functions that begin with their tenant (C1).
"""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.fakes.stores import Database, Servers, cloned

DIRECTORIES = ("api_key_directory", "provider_account_directory", "fx_rates")
"""The only tables without a tenant in front: what is looked up before the tenant is known (S8), and the rates that
sources publish, which are the same for all tenants (S3)."""

LINT = """
with ours as (
  -- Parts of a table repeat what their table says.
  select c.oid, c.relname, t.attnum as tenant, coalesce(t.attnotnull, false) as tenant_is_given
  from pg_class c
    left join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id' and not t.attisdropped
  where c.relnamespace = 'fm'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    and c.relname <> all ($1::name[])
),
directories as (
  select c.oid, c.relname from pg_class c where c.relnamespace = 'fm'::regnamespace and c.relname = any ($1::name[])
),
columns as (
  select o.oid, o.relname, a.attname, a.attnum, format_type(a.atttypid, null) as type
  from (select oid, relname from ours union all select oid, relname from directories) o
    join pg_attribute a on a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped
)
select 'S1 no tenant' as rule, relname::text as subject from ours where tenant is null
union all
select 'S1 the tenant may be null', relname::text from ours where tenant is not null and not tenant_is_given
union all
select 'S1 no primary key', o.relname::text from ours o
  where not exists (select from pg_constraint k where k.conrelid = o.oid and k.contype = 'p')
union all
select 'S1 unique across tenants', i.indexrelid::regclass::text
  from pg_index i join ours o on o.oid = i.indrelid
  where i.indisunique and i.indkey[0] is distinct from o.tenant
union all
select 'S2 reference without the tenant', k.conname::text
  from pg_constraint k join ours here on here.oid = k.conrelid join ours there on there.oid = k.confrelid
  where k.contype = 'f' and k.conparentid = 0
    and (k.conkey[1] is distinct from here.tenant or k.confkey[1] is distinct from there.tenant)
union all
select 'S2 reference that changes rows by itself', k.conname::text
  from pg_constraint k join ours o on o.oid = k.conrelid
  where k.contype = 'f' and k.conparentid = 0 and (k.confdeltype in ('n', 'd') or k.confupdtype in ('n', 'd', 'c'))
union all
select 'S3 directory points to a tenant', k.conname::text
  from pg_constraint k join directories d on d.oid = k.conrelid join ours o on o.oid = k.confrelid where k.contype = 'f'
union all
select 'S4 deferrable', k.conname::text from pg_constraint k
  where k.connamespace = 'fm'::regnamespace and k.condeferrable
union all
select 'S4 exclusion', k.conname::text from pg_constraint k
  where k.connamespace = 'fm'::regnamespace and k.contype = 'x'
union all
select 'S4 trigger', t.tgname::text from pg_trigger t join pg_class c on c.oid = t.tgrelid
  where c.relnamespace = 'fm'::regnamespace and not t.tgisinternal
union all
select 'S4 rule', r.rulename::text from pg_rewrite r join pg_class c on c.oid = r.ev_class
  where c.relnamespace = 'fm'::regnamespace and c.relkind in ('r', 'p')
union all
select 'S5 narrow sequence', n.relname || '.' || n.attname from columns n
    join pg_depend d on d.refobjid = n.oid and d.refobjsubid = n.attnum and d.classid = 'pg_class'::regclass
    join pg_class s on s.oid = d.objid and s.relkind = 'S'
  where n.type in ('integer', 'smallint')
union all
select 'S6 inexact or timeless type', n.relname || '.' || n.attname from columns n
  where n.type in ('real', 'double precision', 'money', 'timestamp without time zone', 'time without time zone')
union all
select 'S6 amount that is no bigint', n.relname || '.' || n.attname from columns n
  where n.attname like '%\\_minor' and n.type <> 'bigint'
union all
select 'C1 function without its tenant in front', p.proname::text from pg_proc p
  where p.pronamespace = 'fm'::regnamespace and p.prorettype <> 'trigger'::regtype
    and (p.proargnames[1], p.proargtypes[0]) is distinct from ('p_tenant'::text, 'uuid'::regtype::oid)
order by 1, 2
"""

Fault = tuple[str, str, str]

FAULTS: dict[str, Fault] = {
    "a table without a tenant": (
        "S1 no tenant",
        "planted",
        "create table fm.planted (id uuid primary key)",
    ),
    "a table whose tenant may be null": (
        "S1 the tenant may be null",
        "planted",
        "create table fm.planted (tenant_id uuid, id uuid not null, constraint p unique (tenant_id, id))",
    ),
    "a table without a key": (
        "S1 no primary key",
        "planted",
        "create table fm.planted (tenant_id uuid not null, id uuid not null)",
    ),
    "a key that begins with something else": (
        "S1 unique across tenants",
        "fm.planted_pkey",
        "create table fm.planted (tenant_id uuid not null, id uuid not null, primary key (id, tenant_id))",
    ),
    "a unique index across tenants": (
        "S1 unique across tenants",
        "fm.planted",
        "create unique index planted on fm.payments (reference)",
    ),
    "a partial unique index across tenants": (
        "S1 unique across tenants",
        "fm.planted",
        "create unique index planted on fm.payments (id) where state = 'created'",
    ),
    "a reference that forgets the tenant": (
        "S2 reference without the tenant",
        "planted",
        """create table fm.planted_parent (tenant_id uuid not null, id uuid not null unique,
            primary key (tenant_id, id));
          create table fm.planted_child (tenant_id uuid not null, id uuid not null, parent_id uuid,
            primary key (tenant_id, id),
            constraint planted foreign key (parent_id) references fm.planted_parent (id))""",
    ),
    "a reference with the tenant in the wrong place": (
        "S2 reference without the tenant",
        "planted",
        """create table fm.planted (tenant_id uuid not null, id uuid not null, refund_id uuid,
          primary key (tenant_id, id),
          constraint planted foreign key (refund_id, tenant_id) references fm.refunds (tenant_id, id))""",
    ),
    "a reference that sets null": (
        "S2 reference that changes rows by itself",
        "planted",
        """alter table fm.refunds add constraint planted foreign key (tenant_id, payment_id)
          references fm.payments (tenant_id, id) on delete set null""",
    ),
    "a reference that sets a default": (
        "S2 reference that changes rows by itself",
        "planted",
        """alter table fm.refunds add constraint planted foreign key (tenant_id, payment_id)
          references fm.payments (tenant_id, id) on delete set default""",
    ),
    "a reference that follows a changed key": (
        "S2 reference that changes rows by itself",
        "planted",
        """alter table fm.refunds add constraint planted foreign key (tenant_id, payment_id)
          references fm.payments (tenant_id, id) on update cascade""",
    ),
    "a directory that points to a tenant": (
        "S3 directory points to a tenant",
        "planted",
        """alter table fm.api_key_directory add constraint planted foreign key (tenant_id, api_key_id)
          references fm.api_keys (tenant_id, id)""",
    ),
    "a deferrable reference": (
        "S4 deferrable",
        "planted",
        """alter table fm.refunds add constraint planted foreign key (tenant_id, payment_id)
          references fm.payments (tenant_id, id) deferrable""",
    ),
    "a deferrable key": (
        "S4 deferrable",
        "planted",
        "alter table fm.refunds add constraint planted unique (tenant_id, hold_id) deferrable initially deferred",
    ),
    "an exclusion": (
        "S4 exclusion",
        "planted",
        "alter table fm.refunds add constraint planted exclude using btree (hold_id with =)",
    ),
    "a trigger": (
        "S4 trigger",
        "planted",
        """create function fm.planted_trigger() returns trigger language plpgsql as 'begin return new; end';
          create trigger planted before update on fm.payments for each row execute function fm.planted_trigger()""",
    ),
    "a trigger on a part": (
        "S4 trigger",
        "planted",
        """create function fm.planted_trigger() returns trigger language plpgsql as 'begin return new; end';
          create table fm.planted_part partition of fm.events for values from ('1999-01-01') to ('1999-02-01');
          create trigger planted before update on fm.planted_part for each row execute function fm.planted_trigger()""",
    ),
    "a rule": (
        "S4 rule",
        "planted",
        "create rule planted as on delete to fm.entries do instead nothing",
    ),
    "a narrow serial": (
        "S5 narrow sequence",
        "payments.planted",
        "alter table fm.payments add column planted serial",
    ),
    "a narrow identity": (
        "S5 narrow sequence",
        "payments.planted",
        "alter table fm.payments add column planted smallint generated always as identity",
    ),
    "a time without a zone": (
        "S6 inexact or timeless type",
        "payments.planted",
        "alter table fm.payments add column planted timestamp",
    ),
    "a float": (
        "S6 inexact or timeless type",
        "payments.planted",
        "alter table fm.payments add column planted double precision",
    ),
    "a short float": (
        "S6 inexact or timeless type",
        "payments.planted",
        "alter table fm.payments add column planted real",
    ),
    "the type money": (
        "S6 inexact or timeless type",
        "payments.planted",
        "alter table fm.payments add column planted money",
    ),
    "a time without a zone in a directory": (
        "S6 inexact or timeless type",
        "api_key_directory.planted",
        "alter table fm.api_key_directory add column planted timestamp",
    ),
    "an amount of another type": (
        "S6 amount that is no bigint",
        "payments.planted_minor",
        "alter table fm.payments add column planted_minor integer",
    ),
    "a function without its tenant": (
        "C1 function without its tenant in front",
        "planted",
        "create function fm.planted(p_unit jsonb) returns void language sql as ''",
    ),
    "a function whose tenant is no identifier": (
        "C1 function without its tenant in front",
        "planted",
        "create function fm.planted(p_tenant text) returns void language sql as ''",
    ),
    "a function without arguments": (
        "C1 function without its tenant in front",
        "planted",
        "create function fm.planted() returns void language sql as ''",
    ),
}
"""Each fault: the rule that must find it, under which name, and how it is planted."""


@pytest.fixture(scope="module")
async def planted(servers: Servers) -> AsyncIterator[Database]:
    """A database in which nobody else holds a lock."""
    async with cloned(servers) as clone:
        yield clone


@pytest.fixture
async def owner(planted: Database) -> AsyncIterator[asyncpg.Connection]:
    """The schema's owner, in a transaction that is never committed."""
    connection = await asyncpg.connect(planted.owner_url)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


async def findings(owner: asyncpg.Connection) -> set[tuple[str, str]]:
    """Run the lint."""
    return {(row["rule"], row["subject"]) for row in await owner.fetch(LINT, list(DIRECTORIES))}


async def test_the_schema_keeps_every_rule(owner: asyncpg.Connection) -> None:
    assert await findings(owner) == set()


@pytest.mark.parametrize("name", FAULTS)
async def test_a_planted_fault_is_found(owner: asyncpg.Connection, name: str) -> None:
    rule, subject, planting = FAULTS[name]
    await owner.execute(planting)

    assert (rule, subject) in await findings(owner)


def test_every_rule_has_a_planted_fault() -> None:
    rules = {line.split("'")[1] for line in LINT.splitlines() if line.startswith("select '")}

    assert rules == {rule for rule, _, _ in FAULTS.values()}


async def test_the_directories_are_the_only_tables_that_are_keyed_by_something_else(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch(
        """
        select c.relname from pg_class c
          join pg_index i on i.indrelid = c.oid and i.indisprimary
          join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
        where c.relnamespace = 'fm'::regnamespace and a.attname <> 'tenant_id'
        """
    )

    assert sorted(row["relname"] for row in rows) == sorted(DIRECTORIES)
