"""Keeping our accounts at providers: what configures them is versions, and nothing changes a version."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from application.ports.journal import Answer, Claim, Resume
from application.ports.providers import AccountState
from domain.audit import AuditRecord
from domain.ids import ProviderAccountId, TenantId


class NewProviderAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account with its first version: a configuration that was checked, and credentials that are sealed."""

    id: ProviderAccountId
    provider: str
    name: str
    config: Mapping[str, object]
    credentials: bytes
    actor: str
    note: str | None = None


class AccountChange(msgspec.Struct, frozen=True, kw_only=True):
    """The next version of an account: `expected_version` is the latest one that its author has seen.

    Without `config` or `credentials` (sealed for the next version) these stay as they are in the version before it.
    """

    id: ProviderAccountId
    expected_version: int
    actor: str
    config: Mapping[str, object] | None = None
    credentials: bytes | None = None
    note: str | None = None
    effective_from: datetime | None = None
    rolled_back_from: int | None = None


class AccountVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version as it is kept; `credentials_version` is the one that brought the credentials which go with it."""

    version: int
    config: dict[str, object]
    credentials_version: int
    note: str | None
    actor: str
    rolled_back_from: int | None
    effective_from: datetime
    created_at: datetime


class ConnectedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account with the version in force and the number of the latest one, whose time may be yet to come."""

    id: ProviderAccountId
    provider: str
    name: str
    state: AccountState
    created_at: datetime
    latest_version: int
    in_force: AccountVersion


class AccountInForce(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of an account now, in numbers: what the numbers stand for never changes."""

    id: ProviderAccountId
    provider: str
    name: str
    state: AccountState
    version: int
    credentials_version: int


class ProviderAccountBook(Protocol):
    """Connects accounts and changes them; each act is on record, with the audit record that it comes with."""

    async def connect(
        self, tenant_id: TenantId, account: NewProviderAccount, *, audit: AuditRecord, claim: Claim | None
    ) -> ConnectedAccount | Resume | Answer:
        """Keep a new account, enabled, its first version in force. Raises IDEM_IN_FLIGHT, IDEM_MISMATCH."""
        ...

    async def change(self, tenant_id: TenantId, change: AccountChange, *, audit: AuditRecord) -> AccountVersion:
        """Make the next version. Raises NOT_FOUND; STATE_CONFLICT when `expected_version` is not the latest."""
        ...

    async def set_state(
        self, tenant_id: TenantId, account_id: ProviderAccountId, state: AccountState, *, audit: AuditRecord
    ) -> ConnectedAccount:
        """Enable or disable; nothing happens where it is so already. Raises NOT_FOUND."""
        ...


class ProviderAccountQueries(Protocol):
    """Reads accounts and their versions."""

    async def get(self, tenant_id: TenantId, account_id: ProviderAccountId) -> ConnectedAccount:
        """Read an account. Raises NOT_FOUND."""
        ...

    async def page(
        self, tenant_id: TenantId, *, after: ProviderAccountId | None, limit: int
    ) -> tuple[ConnectedAccount, ...]:
        """List accounts in the order in which they were connected."""
        ...

    async def version(self, tenant_id: TenantId, account_id: ProviderAccountId, version: int) -> AccountVersion:
        """Read one version. Raises NOT_FOUND."""
        ...

    async def versions(
        self, tenant_id: TenantId, account_id: ProviderAccountId, *, before: int | None, limit: int
    ) -> tuple[AccountVersion, ...]:
        """List versions older than `before`, newest first; none for an account that is not there."""
        ...


class AccountsInForce(Protocol):
    """Reads what a provider is opened with."""

    async def in_force(self, tenant_id: TenantId) -> tuple[AccountInForce, ...]:
        """Give what is true now of all accounts of a tenant, in the order in which they were connected."""
        ...

    async def find_config(
        self, tenant_id: TenantId, account_id: ProviderAccountId, version: int
    ) -> dict[str, object] | None:
        """Give the configuration of a version; None when there is no such version."""
        ...

    async def find_sealed(self, tenant_id: TenantId, account_id: ProviderAccountId, version: int) -> bytes | None:
        """Give the credentials that a version brought, sealed; None when it brought none."""
        ...
