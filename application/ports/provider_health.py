"""How provider accounts are doing, and what an operator decided about them by hand."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from domain.audit import AuditRecord
from domain.ids import ProviderAccountId, TenantId
from domain.manifests import OperationClass


class BreakerSetting(StrEnum):
    """What a person decided: `open` lets no new money through, `closed` refuses nothing, `auto` leaves it to us.

    `open` never stops what finishes a payment, and no questions: what is under way must come to its end.
    """

    AUTO = "auto"
    OPEN = "open"
    CLOSED = "closed"


class CircuitState(StrEnum):
    """Whether requests of a class go through; `half_open` asks something harmless before the next one does."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class StoredBreaker(msgspec.Struct, frozen=True, kw_only=True):
    """An account's setting as it is kept; before anybody set it, it is `auto` without an author."""

    provider_account_id: ProviderAccountId
    provider: str
    setting: BreakerSetting = BreakerSetting.AUTO
    note: str | None = None
    actor: str | None = None
    set_at: datetime | None = None


class NewBreaker(msgspec.Struct, frozen=True, kw_only=True):
    """A setting as somebody wants it."""

    provider_account_id: ProviderAccountId
    setting: BreakerSetting
    note: str | None = None


class Breakers(Protocol):
    """Keeps what was decided by hand: one row for each account, and the audit trail of its changes."""

    async def get(self, tenant_id: TenantId, account_id: ProviderAccountId) -> StoredBreaker:
        """Read an account's setting. Raises NOT_FOUND for an account that the tenant does not have."""
        ...

    async def put(self, tenant_id: TenantId, breaker: NewBreaker, *, audit: AuditRecord) -> StoredBreaker:
        """Set it, with its audit record. Raises NOT_FOUND."""
        ...

    async def all(self, tenant_id: TenantId) -> tuple[StoredBreaker, ...]:
        """Read the setting of each account of a tenant, in the order in which the accounts were made."""
        ...

    async def by_hand(self, tenant_id: TenantId) -> dict[ProviderAccountId, BreakerSetting]:
        """Give the settings of a tenant that are not `auto`."""
        ...


class CircuitHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One class of operations at an account.

    `tries_again_in_seconds` is for an open circuit, `paused_seconds` how long the provider asked to be left alone.
    `calls` and `failures` of the last `window_seconds` are those of the process that answers.
    """

    operation_class: OperationClass
    state: CircuitState
    tries_again_in_seconds: float
    paused_seconds: float
    calls: int
    failures: int
    window_seconds: float


class AccountHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How an account is doing: what all processes know of its circuits, and what is under way from this one."""

    breaker: StoredBreaker
    is_healthy: bool
    circuits: tuple[CircuitHealth, ...]
    under_way: int
    waiting: int
    concurrency_limit: int


class ProviderHealth(Protocol):
    """Knows how provider accounts are doing."""

    async def of(self, tenant_id: TenantId, breaker: StoredBreaker) -> AccountHealth:
        """Tell how an account is doing, under this setting of its breaker."""
        ...
