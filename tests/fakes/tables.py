"""The database in memory: what the fakes of one test share, one set of tables per tenant."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import msgspec

from application.ports.callbacks import StoredCallback, StoredEvent
from application.ports.identity import NewTenant, ProviderAccount, StoredApiKey
from application.ports.journal import Answer, IdempotencyKey
from application.ports.provider_accounts import AccountVersion, NewProviderAccount
from application.ports.provider_health import StoredBreaker
from application.ports.providers import AccountState
from application.ports.queue import ParkedJob
from application.ports.routing import StoredRuleSet
from domain.audit import AuditRecord
from domain.beneficiaries import Beneficiary
from domain.dossier import Dossier
from domain.events import Event, tag_of
from domain.ids import (
    AttemptId,
    BeneficiaryId,
    CallbackId,
    EventId,
    OperationId,
    PaymentId,
    PayoutId,
    ProviderAccountId,
    RefundId,
    TenantId,
)
from domain.payments import Payment, PaymentAttempt, ProviderOperation
from domain.payout_dossier import PayoutDossier
from domain.payouts import Payout, PayoutOperation
from domain.refunds import Refund
from domain.routing import RouteDecision
from tests.fakes.books import Books


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an idempotency key."""

    fingerprint: bytes
    state: str
    created_at: datetime
    resource_id: UUID | None = None
    locked_until: datetime | None = None
    answer: Answer | None = None
    seen_count: int = 1


class OutboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """An event that waits to be given on."""

    event_id: EventId
    tag: str
    claimed_until: datetime | None = None


class Connection(msgspec.Struct):
    """An account at a provider with all of its versions."""

    name: str
    created_at: datetime
    versions: list[AccountVersion]
    state: AccountState = AccountState.ENABLED


class Tables:
    """Everything that is kept for one tenant."""

    def __init__(self) -> None:
        """Begin empty."""
        self.payments: dict[PaymentId, Payment] = {}
        self.attempts: dict[AttemptId, PaymentAttempt] = {}
        self.operations: dict[OperationId, ProviderOperation] = {}
        self.refunds: dict[RefundId, Refund] = {}
        self.beneficiaries: dict[BeneficiaryId, Beneficiary] = {}
        self.payouts: dict[PayoutId, Payout] = {}
        self.payout_operations: dict[OperationId, PayoutOperation] = {}
        self.payout_claims: dict[PayoutId, datetime] = {}
        self.books = Books()
        self.events: dict[EventId, Event] = {}
        self.outbox: dict[EventId, OutboxRow] = {}
        self.audit: list[AuditRecord] = []
        self.keys: dict[tuple[str, str], KeyRecord] = {}
        self.query_claims: dict[OperationId, datetime] = {}
        self.callbacks: dict[CallbackId, StoredCallback] = {}
        self.callback_events: dict[tuple[ProviderAccountId, str], StoredEvent] = {}
        self.refused: dict[ProviderAccountId, tuple[int, datetime]] = {}
        self.parked: dict[UUID, ParkedJob] = {}
        self.rulesets: list[StoredRuleSet] = []
        self.breakers: dict[ProviderAccountId, StoredBreaker] = {}
        self.routes: dict[PaymentId, RouteDecision] = {}
        self.connections: dict[ProviderAccountId, Connection] = {}
        self.sealed: dict[tuple[ProviderAccountId, int], bytes] = {}

    def copy(self) -> "Tables":
        """Give tables that can be written to without touching these: rows are frozen, so that is all it takes."""
        copied = Tables()
        for name, value in vars(self).items():
            setattr(copied, name, value.copy())
        return copied

    def record(self, key: IdempotencyKey) -> KeyRecord | None:
        """Find what is known of a key."""
        return self.keys.get((key.route, key.key))

    def write_events(self, events: tuple[Event, ...], audit: AuditRecord) -> None:
        """Keep events with their outbox rows, and the audit record."""
        for event in events:
            self.events[event.event_id] = event
            self.outbox[event.event_id] = OutboxRow(event_id=event.event_id, tag=tag_of(event))
        self.audit.append(audit)

    def payout(self, payout_id: PayoutId) -> PayoutDossier:
        """Put a payout's rows together."""
        payout = self.payouts[payout_id]
        operation = next((one for one in self.payout_operations.values() if one.payout_id == payout_id), None)
        beneficiary = self.beneficiaries[payout.beneficiary_id]
        return PayoutDossier(payout=payout, beneficiary=beneficiary, operation=operation)

    def dossier(self, payment_id: PaymentId) -> Dossier:
        """Put a payment's rows together, in the order in which the real reader gives them."""
        attempts = [one for one in self.attempts.values() if one.payment_id == payment_id]
        operations = [one for one in self.operations.values() if one.payment_id == payment_id]
        refunds = [one for one in self.refunds.values() if one.payment_id == payment_id]
        return Dossier(
            payment=self.payments[payment_id],
            attempts=tuple(sorted(attempts, key=lambda one: one.number)),
            operations=tuple(sorted(operations, key=lambda one: (one.created_at, one.id))),
            refunds=tuple(sorted(refunds, key=lambda one: (one.created_at, one.id))),
        )


class MemoryDatabase:
    """All tenants' tables, and the clock that leases are measured by."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """Measure leases by this clock (UTC)."""
        self.clock = clock
        self.tenants: dict[TenantId, NewTenant] = {}
        self.accounts: dict[ProviderAccountId, ProviderAccount] = {}
        self.api_keys: dict[str, StoredApiKey] = {}
        self._tables: defaultdict[TenantId, Tables] = defaultdict(Tables)

    def open(self, tenant: NewTenant) -> None:
        """Keep a new tenant as a whole."""
        self.tenants[tenant.tenant_id] = tenant
        self.api_keys[tenant.api_key.key_id] = tenant.api_key
        for one in tenant.provider_accounts:
            self.connect(tenant.tenant_id, one)
        self.tables(tenant.tenant_id).audit.append(tenant.audit)

    def connect(self, tenant_id: TenantId, account: NewProviderAccount) -> None:
        """Keep an account with its first version."""
        now = self.clock()
        self.accounts[account.id] = ProviderAccount(tenant_id=tenant_id, id=account.id, provider=account.provider)
        version = AccountVersion(
            version=1,
            config=dict(account.config),
            credentials_version=1,
            note=account.note,
            actor=account.actor,
            rolled_back_from=None,
            effective_from=now,
            created_at=now,
        )
        self.tables(tenant_id).connections[account.id] = Connection(account.name, now, [version])
        self.tables(tenant_id).sealed[account.id, 1] = account.credentials

    def tables(self, tenant_id: TenantId) -> Tables:
        """Give one tenant's tables."""
        return self._tables[tenant_id]

    def all_tables(self) -> list[Tables]:
        """Give the tables of all tenants."""
        return list(self._tables.values())

    def replace(self, tenant_id: TenantId, tables: Tables) -> None:
        """Make new tables true, as a whole."""
        self._tables[tenant_id] = tables
