"""Keeping a tenant's routing rules as versions, and reading why each payment went where it went."""

from datetime import datetime
from typing import Protocol

import msgspec

from domain.audit import AuditRecord
from domain.ids import PaymentId, TenantId
from domain.payments import PaymentState
from domain.routing import RouteDecision, RouteRule, RuleSet


class NewRuleSet(msgspec.Struct, frozen=True, kw_only=True):
    """The next version of the rules: `expected_version` is the latest one that its author has seen."""

    rules: tuple[RouteRule, ...]
    expected_version: int
    note: str | None = None
    effective_from: datetime | None = None
    rolled_back_from: int | None = None


class StoredRuleSet(msgspec.Struct, frozen=True, kw_only=True):
    """One version as it is kept: never changed, in force from `effective_from` until a later one is."""

    version: int
    rules: tuple[RouteRule, ...]
    note: str | None
    actor: str
    rolled_back_from: int | None
    effective_from: datetime
    created_at: datetime


class RoutedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A past payment's decision, with where it ended: for a replay under other rules."""

    decision: RouteDecision
    provider: str
    state: PaymentState


class RouteBook(Protocol):
    """Keeps rules and decisions. A decision itself is committed with its payment, by the journal."""

    async def in_force(self, tenant_id: TenantId) -> RuleSet:
        """Give the rules that hold now; version 0 without rules before there are any."""
        ...

    async def add(self, tenant_id: TenantId, ruleset: NewRuleSet, *, audit: AuditRecord) -> StoredRuleSet:
        """Make the next version. Raises STATE_CONFLICT when `expected_version` is not the latest."""
        ...

    async def version(self, tenant_id: TenantId, version: int) -> StoredRuleSet:
        """Read one version. Raises NOT_FOUND."""
        ...

    async def versions(self, tenant_id: TenantId, *, before: int | None, limit: int) -> tuple[StoredRuleSet, ...]:
        """List versions, newest first, older than `before`."""
        ...

    async def decision(self, tenant_id: TenantId, payment_id: PaymentId) -> RouteDecision:
        """Read why a payment went where it went. Raises NOT_FOUND."""
        ...

    async def past(self, tenant_id: TenantId, *, before: PaymentId | None, limit: int) -> tuple[RoutedPayment, ...]:
        """Give past decisions with what became of their payments, newest first."""
        ...
