"""Provider accounts and their versions in memory."""

import msgspec

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
from domain.ids import ProviderAccountId, TenantId
from tests.fakes.journal import claimed, recalled
from tests.fakes.tables import Connection, MemoryDatabase


class MemoryProviderAccountQueries(ProviderAccountQueries, AccountsInForce):
    """Reads from the memory database."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Use this database."""
        self._database = database
        self.readings = 0

    async def get(self, tenant_id: TenantId, account_id: ProviderAccountId) -> ConnectedAccount:
        """Read an account."""
        connection = self._connection(tenant_id, account_id)
        return ConnectedAccount(
            id=account_id,
            provider=self._database.accounts[account_id].provider,
            name=connection.name,
            state=connection.state,
            created_at=connection.created_at,
            latest_version=len(connection.versions),
            in_force=self._in_force(connection),
        )

    async def page(
        self, tenant_id: TenantId, *, after: ProviderAccountId | None, limit: int
    ) -> tuple[ConnectedAccount, ...]:
        """List accounts."""
        ids = sorted(one for one in self._database.tables(tenant_id).connections if after is None or one > after)
        return tuple([await self.get(tenant_id, one) for one in ids[:limit]])

    async def version(self, tenant_id: TenantId, account_id: ProviderAccountId, version: int) -> AccountVersion:
        """Read one version."""
        connection = self._database.tables(tenant_id).connections.get(account_id)
        for one in connection.versions if connection else ():
            if one.version == version:
                return one
        raise MediatorError(NOT_FOUND, "There is no such version.")

    async def versions(
        self, tenant_id: TenantId, account_id: ProviderAccountId, *, before: int | None, limit: int
    ) -> tuple[AccountVersion, ...]:
        """List versions, newest first."""
        connection = self._database.tables(tenant_id).connections.get(account_id)
        found = reversed(connection.versions if connection else [])
        return tuple(one for one in found if before is None or one.version < before)[:limit]

    async def in_force(self, tenant_id: TenantId) -> tuple[AccountInForce, ...]:
        """Give what is true now, and count how often that was asked."""
        self.readings += 1
        return tuple(
            AccountInForce(
                id=one.id,
                provider=one.provider,
                name=one.name,
                state=one.state,
                version=one.in_force.version,
                credentials_version=one.in_force.credentials_version,
            )
            for one in await self.page(tenant_id, after=None, limit=1_000)
        )

    async def find_config(
        self, tenant_id: TenantId, account_id: ProviderAccountId, version: int
    ) -> dict[str, object] | None:
        """Give a version's configuration."""
        try:
            return (await self.version(tenant_id, account_id, version)).config
        except MediatorError:
            return None

    async def find_sealed(self, tenant_id: TenantId, account_id: ProviderAccountId, version: int) -> bytes | None:
        """Give the credentials that a version brought."""
        return self._database.tables(tenant_id).sealed.get((account_id, version))

    def _connection(self, tenant_id: TenantId, account_id: ProviderAccountId) -> Connection:
        found = self._database.tables(tenant_id).connections.get(account_id)
        if found is None:
            raise MediatorError(NOT_FOUND, "There is no such account.")
        return found

    def _in_force(self, connection: Connection) -> AccountVersion:
        now = self._database.clock()
        return [one for one in connection.versions if one.effective_from <= now][-1]


class MemoryProviderAccountBook(ProviderAccountBook):
    """Writes into the memory database."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Use this database."""
        self._database = database
        self._queries = MemoryProviderAccountQueries(database)

    async def connect(
        self, tenant_id: TenantId, account: NewProviderAccount, *, audit: AuditRecord, claim: Claim | None
    ) -> ConnectedAccount | Resume | Answer:
        """Keep a new account."""
        tables, now = self._database.tables(tenant_id), self._database.clock()
        if claim is not None:
            earlier = recalled(tables, claim.key, claim.lease_seconds, now)
            if earlier is not None:
                return earlier
            claimed(tables, claim, now)
        self._database.connect(tenant_id, account)
        tables.audit.append(audit)
        return await self._queries.get(tenant_id, account.id)

    async def change(self, tenant_id: TenantId, change: AccountChange, *, audit: AuditRecord) -> AccountVersion:
        """Make the next version, after the one that it follows in time."""
        latest = (await self._queries.get(tenant_id, change.id)).latest_version
        if change.expected_version != latest:
            raise MediatorError(STATE_CONFLICT, "The account moved on.")
        tables, now = self._database.tables(tenant_id), self._database.clock()
        versions = tables.connections[change.id].versions
        effective_from = max(change.effective_from or now, now)
        base = [one for one in versions if one.effective_from <= effective_from][-1]
        made = AccountVersion(
            version=latest + 1,
            # As it comes back from a store.
            config=msgspec.json.decode(msgspec.json.encode(base.config if change.config is None else change.config)),
            credentials_version=base.credentials_version if change.credentials is None else latest + 1,
            note=change.note,
            actor=change.actor,
            rolled_back_from=change.rolled_back_from,
            effective_from=effective_from,
            created_at=now,
        )
        versions.append(made)
        if change.credentials is not None:
            tables.sealed[change.id, made.version] = change.credentials
        tables.audit.append(audit)
        return made

    async def set_state(
        self, tenant_id: TenantId, account_id: ProviderAccountId, state: AccountState, *, audit: AuditRecord
    ) -> ConnectedAccount:
        """Enable or disable."""
        account = await self._queries.get(tenant_id, account_id)
        if account.state is not state:
            tables = self._database.tables(tenant_id)
            tables.connections[account_id].state = state
            tables.audit.append(audit)
        return await self._queries.get(tenant_id, account_id)
