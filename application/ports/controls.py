"""Opening and changing what the ledger goes by: accounts, limits and monitors. Nothing here moves money."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from application.ports.journal import Answer, Claim, Resume
from domain.accounts import Account, AccountState
from domain.audit import AuditRecord
from domain.ids import LedgerAccountId, LimitId, MonitorId, TenantId
from domain.ledger import Direction
from domain.limits import LimitPolicy, LimitScope, LimitUsage
from domain.money import Currency
from domain.monitors import Comparison, Measure, Monitor


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account that is to be opened. `overdraft_limit`: minor units below zero; None is without limit."""

    id: LedgerAccountId
    code: str
    currency: Currency
    normal_balance: Direction
    overdraft_limit: int | None
    metadata: dict[str, str]


class AccountChange(msgspec.Struct, frozen=True, kw_only=True):
    """What of an account is to change: a None leaves it, but for `overdraft_limit`, which `sets_overdraft` goes by."""

    id: LedgerAccountId
    version: int | None = None
    state: AccountState | None = None
    sets_overdraft: bool = False
    overdraft_limit: int | None = None
    metadata: dict[str, str] | None = None


class AccountBook(Protocol):
    """Keeps accounts. What is made or changed is durable, with its audit record, when a call returns."""

    async def open(
        self, tenant_id: TenantId, account: NewAccount, *, audit: AuditRecord, claim: Claim | None
    ) -> Account | Resume | Answer:
        """Open an account, or say what the claimed key led to before.

        Raises LEDGER_ACCOUNT_EXISTS, IDEM_IN_FLIGHT, IDEM_MISMATCH.
        """
        ...

    async def change(self, tenant_id: TenantId, change: AccountChange, *, audit: AuditRecord) -> Account:
        """Change an account under its lock.

        Raises NOT_FOUND; LEDGER_ACCOUNT_CLOSED for one that is closed; STATE_CONFLICT when it is not at `version`, or
        is to be closed and its posted or pending balance is not zero.
        """
        ...

    async def get(self, tenant_id: TenantId, account_id: LedgerAccountId) -> Account:
        """Read an account. Raises NOT_FOUND."""
        ...


class NewLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A limit that is to begin; see `LimitPolicy`."""

    id: LimitId
    scope: LimitScope
    subject_id: UUID
    currency: Currency
    window_seconds: int
    amount_max: int | None
    count_max: int | None


class LimitNow(msgspec.Struct, frozen=True, kw_only=True):
    """A limit with what was counted in the window that is open now, and when that window began."""

    policy: LimitPolicy
    usage: LimitUsage
    window_start: datetime


class LimitBook(Protocol):
    """Keeps limits. Postings that begin after a call returned go by it."""

    async def make(
        self, tenant_id: TenantId, limit: NewLimit, *, audit: AuditRecord, claim: Claim | None
    ) -> LimitNow | Resume | Answer:
        """Begin a limit, or say what the claimed key led to before.

        Raises LEDGER_ACCOUNT_UNKNOWN, LEDGER_CURRENCY_MISMATCH, NOT_FOUND for an API key that is not the tenant's,
        IDEM_IN_FLIGHT, IDEM_MISMATCH.
        """
        ...

    async def end(self, tenant_id: TenantId, limit_id: LimitId, *, audit: AuditRecord) -> LimitNow:
        """End a limit; ending it again changes nothing. Raises NOT_FOUND."""
        ...

    async def get(self, tenant_id: TenantId, limit_id: LimitId) -> LimitNow:
        """Read a limit. Raises NOT_FOUND."""
        ...

    async def page(
        self, tenant_id: TenantId, *, scope: LimitScope | None, before: LimitId | None, limit: int, ended: bool
    ) -> tuple[LimitNow, ...]:
        """List limits, newest first; those that ended only if `ended`."""
        ...


class NewMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor that is to begin; see `Monitor`."""

    id: MonitorId
    account_id: LedgerAccountId
    measure: Measure
    comparison: Comparison
    threshold_minor: int
    description: str | None


class MonitorBook(Protocol):
    """Keeps monitors. Postings that begin after a call returned go by it."""

    async def make(
        self, tenant_id: TenantId, monitor: NewMonitor, *, audit: AuditRecord, claim: Claim | None
    ) -> Monitor | Resume | Answer:
        """Begin a monitor, or say what the claimed key led to before.

        Raises LEDGER_ACCOUNT_UNKNOWN, IDEM_IN_FLIGHT, IDEM_MISMATCH.
        """
        ...

    async def end(self, tenant_id: TenantId, monitor_id: MonitorId, *, audit: AuditRecord) -> Monitor:
        """End a monitor; ending it again changes nothing. Raises NOT_FOUND."""
        ...

    async def get(self, tenant_id: TenantId, monitor_id: MonitorId) -> Monitor:
        """Read a monitor. Raises NOT_FOUND."""
        ...

    async def page(
        self,
        tenant_id: TenantId,
        *,
        account_id: LedgerAccountId | None,
        before: MonitorId | None,
        limit: int,
        ended: bool,
    ) -> tuple[Monitor, ...]:
        """List monitors, newest first; those that ended only if `ended`."""
        ...
