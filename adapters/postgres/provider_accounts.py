"""Provider accounts and their versions in PostgreSQL."""

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.control_calls import called_control, made_of
from adapters.postgres.engine import tenant_reads
from application.ports.journal import Answer, Claim, Resume
from application.ports.provider_accounts import (
    AccountChange,
    AccountInForce,
    AccountsInForce,
    AccountVersion,
    ConnectedAccount,
    NewProviderAccount,
    ProviderAccountBook,
    ProviderAccountQueries,
)
from application.ports.providers import AccountState
from domain.audit import AuditRecord
from domain.errors import NOT_FOUND, STATE_CONFLICT, MediatorError
from domain.ids import Prefix, ProviderAccountId, TenantId, public_id

CONNECT = text("select fm.connect_provider(:tenant, cast(:document as jsonb))::text")
CHANGE = text("select fm.change_provider_account(:tenant, cast(:document as jsonb))::text")
SET_STATE = text("select fm.set_provider_account_state(:tenant, cast(:document as jsonb))")

ACCOUNTS = """
    select jsonb_build_object('id', a.id, 'provider', a.provider, 'name', a.name, 'state', a.state,
        'created_at', a.created_at, 'in_force', to_jsonb(v) - 'credentials',
        'latest_version', (select max(q.version) from fm.provider_account_versions q
          where q.tenant_id = a.tenant_id and q.provider_account_id = a.id))::text
    from fm.provider_accounts a cross join lateral (
      select q.* from fm.provider_account_versions q
      where q.tenant_id = a.tenant_id and q.provider_account_id = a.id and q.effective_from <= clock_timestamp()
      order by q.version desc limit 1) v
    where a.tenant_id = :tenant and {condition} order by a.id limit :limit
"""
VERSIONS = """
    select (to_jsonb(v) - 'credentials')::text from fm.provider_account_versions v
    where v.tenant_id = :tenant and v.provider_account_id = :account and {condition}
    order by v.version desc limit :limit
"""
IN_FORCE = text(
    """
    select a.id, a.provider, a.name, a.state, v.version, v.credentials_version
    from fm.provider_accounts a cross join lateral (
      select q.version, q.credentials_version from fm.provider_account_versions q
      where q.tenant_id = a.tenant_id and q.provider_account_id = a.id and q.effective_from <= clock_timestamp()
      order by q.version desc limit 1) v
    where a.tenant_id = :tenant order by a.id
    """
)
ONE = "select {what} from fm.provider_account_versions where {key}"
KEY = "tenant_id = :tenant and provider_account_id = :account and version = :version"
CONFIG = text(ONE.format(what="config::text", key=KEY))
SEALED = text(ONE.format(what="credentials", key=KEY))


class PostgresProviderAccountBook(ProviderAccountBook):
    """Writes through functions, one call for each act."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine
        self._queries = PostgresProviderAccountQueries(engine)

    async def connect(
        self, tenant_id: TenantId, account: NewProviderAccount, *, audit: AuditRecord, claim: Claim | None
    ) -> ConnectedAccount | Resume | Answer:
        """Keep a new account."""
        reply = await called_control(self._engine, CONNECT, tenant_id, account, audit=audit, claim=claim)
        made = made_of(reply, _Made)
        return await self._queries.get(tenant_id, made.id) if isinstance(made, _Made) else made

    async def change(self, tenant_id: TenantId, change: AccountChange, *, audit: AuditRecord) -> AccountVersion:
        """Make the next version; the function says when somebody was faster."""
        reply = await called_control(self._engine, CHANGE, tenant_id, change, audit=audit, claim=None)
        if reply is None:
            raise _no_account(change.id)
        found = msgspec.json.decode(reply, type=_Changed)
        if found.row is None:
            detail = f"The account is at version {found.latest}, not at {change.expected_version}; decide again."
            raise MediatorError(STATE_CONFLICT, detail)
        return found.row

    async def set_state(
        self, tenant_id: TenantId, account_id: ProviderAccountId, state: AccountState, *, audit: AuditRecord
    ) -> ConnectedAccount:
        """Enable or disable."""
        what = _State(id=account_id, state=state)
        if not await called_control(self._engine, SET_STATE, tenant_id, what, audit=audit, claim=None):
            raise _no_account(account_id)
        return await self._queries.get(tenant_id, account_id)


class PostgresProviderAccountQueries(ProviderAccountQueries):
    """Reads under row-level security; sealed credentials never come along."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def get(self, tenant_id: TenantId, account_id: ProviderAccountId) -> ConnectedAccount:
        """Read an account. Raises NOT_FOUND."""
        rows = await self._rows(ACCOUNTS, "a.id = :id", tenant_id, {"id": account_id, "limit": 1})
        if not rows:
            raise _no_account(account_id)
        return msgspec.json.decode(rows[0], type=ConnectedAccount)

    async def page(
        self, tenant_id: TenantId, *, after: ProviderAccountId | None, limit: int
    ) -> tuple[ConnectedAccount, ...]:
        """List accounts along their key, which is in order of time."""
        condition = "true" if after is None else "a.id > :after"
        values: dict[str, object] = {"limit": limit} | ({} if after is None else {"after": after})
        rows = await self._rows(ACCOUNTS, condition, tenant_id, values)
        return tuple(msgspec.json.decode(row, type=ConnectedAccount) for row in rows)

    async def version(self, tenant_id: TenantId, account_id: ProviderAccountId, version: int) -> AccountVersion:
        """Read one version. Raises NOT_FOUND."""
        values = {"account": account_id, "version": version, "limit": 1}
        rows = await self._rows(VERSIONS, "v.version = :version", tenant_id, values)
        if not rows:
            raise MediatorError(NOT_FOUND, f"There is no version {version} of that provider account.")
        return msgspec.json.decode(rows[0], type=AccountVersion)

    async def versions(
        self, tenant_id: TenantId, account_id: ProviderAccountId, *, before: int | None, limit: int
    ) -> tuple[AccountVersion, ...]:
        """List versions, newest first."""
        condition = "true" if before is None else "v.version < :before"
        values: dict[str, object] = {"account": account_id, "limit": limit}
        rows = await self._rows(VERSIONS, condition, tenant_id, values | ({} if before is None else {"before": before}))
        return tuple(msgspec.json.decode(row, type=AccountVersion) for row in rows)

    async def _rows(self, statement: str, condition: str, tenant_id: TenantId, values: dict[str, object]) -> list[str]:
        asked = text(statement.format(condition=condition))
        async with tenant_reads(self._engine, tenant_id) as connection:
            return list((await connection.execute(asked, {"tenant": tenant_id, **values})).scalars().all())


class PostgresAccountsInForce(AccountsInForce):
    """Reads what a provider is opened with, under row-level security."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections."""
        self._engine = engine

    async def in_force(self, tenant_id: TenantId) -> tuple[AccountInForce, ...]:
        """Give what is true now; the database's clock says what now is."""
        async with tenant_reads(self._engine, tenant_id) as connection:
            rows = (await connection.execute(IN_FORCE, {"tenant": tenant_id})).mappings().all()
        return tuple(msgspec.convert(dict(row), AccountInForce) for row in rows)

    async def find_config(
        self, tenant_id: TenantId, account_id: ProviderAccountId, version: int
    ) -> dict[str, object] | None:
        """Give a version's configuration."""
        values = {"tenant": tenant_id, "account": account_id, "version": version}
        async with tenant_reads(self._engine, tenant_id) as connection:
            row = (await connection.execute(CONFIG, values)).scalar_one_or_none()
        return None if row is None else msgspec.json.decode(row, type=dict[str, object])

    async def find_sealed(self, tenant_id: TenantId, account_id: ProviderAccountId, version: int) -> bytes | None:
        """Give the credentials that a version brought."""
        values = {"tenant": tenant_id, "account": account_id, "version": version}
        async with tenant_reads(self._engine, tenant_id) as connection:
            row: bytes | None = (await connection.execute(SEALED, values)).scalar_one_or_none()
        return row


class _Made(msgspec.Struct):
    """What `fm.connect_provider` made."""

    id: ProviderAccountId


class _Changed(msgspec.Struct):
    """What `fm.change_provider_account` says: a row when it made one."""

    latest: int
    row: AccountVersion | None = None


class _State(msgspec.Struct):
    """What `fm.set_provider_account_state` takes."""

    id: ProviderAccountId
    state: AccountState


def _no_account(account_id: ProviderAccountId) -> MediatorError:
    account = public_id(Prefix.PROVIDER_ACCOUNT, account_id)
    return MediatorError(NOT_FOUND, f"There is no provider account {account}.")
