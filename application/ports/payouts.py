"""Reading payouts: whole, to decide on; in pages, to look at."""

from datetime import datetime
from typing import Protocol

import msgspec

from application.ports.payments import BookedEntry
from domain.events import Event
from domain.ids import BeneficiaryId, PayoutId, ProviderAccountId, TenantId
from domain.money import Currency
from domain.payout_dossier import PayoutDossier
from domain.payouts import Payout, PayoutState


class PayoutRepository(Protocol):
    """Reads payouts with their beneficiary and operation, each as of one moment."""

    async def get(self, tenant_id: TenantId, payout_id: PayoutId) -> PayoutDossier:
        """Read a payout. Raises NOT_FOUND."""
        ...

    async def find_by_key(self, tenant_id: TenantId, key: str) -> PayoutId | None:
        """Find a payout by its outbound idempotency key; None when it is not one of this tenant's."""
        ...

    async def find_by_reference(
        self, tenant_id: TenantId, account: ProviderAccountId, provider_reference: str
    ) -> PayoutId | None:
        """Find a payout by what the provider of that account calls it; None when it knows none by that name."""
        ...


class PayoutFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which payouts to list: every given condition must hold; times are UTC, `created_from` inclusive."""

    state: PayoutState | None = None
    currency: Currency | None = None
    beneficiary_id: BeneficiaryId | None = None
    reference: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None


class PayoutQueries(Protocol):
    """Reads for people and programs that look, not decide."""

    async def page(
        self, tenant_id: TenantId, wanted: PayoutFilter, *, before: PayoutId | None, limit: int
    ) -> tuple[Payout, ...]:
        """List payouts, newest first, older than `before`."""
        ...

    async def events(self, tenant_id: TenantId, payout_id: PayoutId) -> tuple[Event, ...]:
        """Give all that happened to a payout, in order."""
        ...

    async def entries(self, tenant_id: TenantId, payout_id: PayoutId) -> tuple[BookedEntry, ...]:
        """Give what was booked for a payout, in order."""
        ...
