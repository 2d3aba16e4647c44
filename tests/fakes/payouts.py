"""Payouts and beneficiaries in memory."""

import asyncio
from datetime import datetime

import msgspec

from application.ports.answers import PayoutAnswers
from application.ports.beneficiaries import AccountNumbers, BankAccount, BeneficiaryBook, BeneficiaryFilter
from application.ports.journal import Answer, Claim, Resume
from application.ports.payments import BookedEntry
from application.ports.payouts import PayoutFilter, PayoutQueries, PayoutRepository
from domain.audit import AuditRecord
from domain.beneficiaries import Beneficiary, BeneficiaryState
from domain.errors import NOT_FOUND, VAL_FIELD, FieldError, MediatorError
from domain.events import Event
from domain.ids import BeneficiaryId, PayoutId, ProviderAccountId, TenantId
from domain.payout_dossier import PayoutDossier
from domain.payouts import Payout
from tests.fakes.journal import claimed, recalled
from tests.fakes.tables import MemoryDatabase


class MemoryPayoutRepository(PayoutRepository):
    """Reads payouts, and lets other tasks run first, as a real reader does."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Read from this database."""
        self._database = database

    async def get(self, tenant_id: TenantId, payout_id: PayoutId) -> PayoutDossier:
        """Read a payout. Raises NOT_FOUND."""
        await asyncio.sleep(0)
        tables = self._database.tables(tenant_id)
        if payout_id not in tables.payouts:
            raise MediatorError(NOT_FOUND, "There is no such payout.")
        return tables.payout(payout_id)

    async def find_by_key(self, tenant_id: TenantId, key: str) -> PayoutId | None:
        """Find a payout by its outbound idempotency key."""
        operations = self._database.tables(tenant_id).payout_operations.values()
        return next((one.payout_id for one in operations if one.key == key), None)

    async def find_by_reference(
        self, tenant_id: TenantId, account: ProviderAccountId, provider_reference: str
    ) -> PayoutId | None:
        """Find a payout by what the provider of that account calls it."""
        tables = self._database.tables(tenant_id)
        return next(
            (
                one.payout_id
                for one in tables.payout_operations.values()
                if one.provider_reference == provider_reference
                and tables.payouts[one.payout_id].provider_account_id == account
            ),
            None,
        )


class MemoryPayoutQueries(PayoutQueries):
    """Reads pages and histories."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Read from this database."""
        self._database = database

    async def page(
        self, tenant_id: TenantId, wanted: PayoutFilter, *, before: PayoutId | None, limit: int
    ) -> tuple[Payout, ...]:
        """List payouts, newest first, older than `before`."""
        payouts = self._database.tables(tenant_id).payouts.values()
        found = [one for one in payouts if _matches(one, wanted) and (before is None or one.id < before)]
        return tuple(sorted(found, key=lambda one: one.id, reverse=True)[:limit])

    async def events(self, tenant_id: TenantId, payout_id: PayoutId) -> tuple[Event, ...]:
        """Give all that happened to a payout, in order."""
        events = self._database.tables(tenant_id).events.values()
        return tuple(one for one in events if getattr(one, "payout_id", None) == payout_id)

    async def entries(self, tenant_id: TenantId, payout_id: PayoutId) -> tuple[BookedEntry, ...]:
        """Give what was booked for a payout, in order."""
        books = self._database.tables(tenant_id).books
        mine = {one.id for one in books.ledger.transactions.values() if one.payout_id == payout_id}
        return tuple(one for one in books.entries if one.transaction_id in mine)


class MemoryBeneficiaryBook(BeneficiaryBook):
    """Keeps beneficiaries."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Keep them in this database."""
        self._database = database

    async def add(
        self, tenant_id: TenantId, beneficiary: Beneficiary, *, audit: AuditRecord, claim: Claim | None
    ) -> Beneficiary | Resume | Answer:
        """Keep a new one."""
        tables, now = self._database.tables(tenant_id), self._database.clock()
        if claim is not None:
            earlier = recalled(tables, claim.key, claim.lease_seconds, now)
            if earlier is not None:
                return earlier
            claimed(tables, claim, now)
        tables.beneficiaries[beneficiary.id] = beneficiary
        tables.audit.append(audit)
        return beneficiary

    async def get(self, tenant_id: TenantId, beneficiary_id: BeneficiaryId) -> Beneficiary:
        """Read one. Raises NOT_FOUND."""
        found = self._database.tables(tenant_id).beneficiaries.get(beneficiary_id)
        if found is None:
            raise MediatorError(NOT_FOUND, "There is no such beneficiary.")
        return found

    async def page(
        self, tenant_id: TenantId, wanted: BeneficiaryFilter, *, before: BeneficiaryId | None, limit: int
    ) -> tuple[Beneficiary, ...]:
        """List them, newest first."""
        given = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not None}
        found = [
            one
            for one in self._database.tables(tenant_id).beneficiaries.values()
            if all(getattr(one, name) == value for name, value in given.items()) and (before is None or one.id < before)
        ]
        return tuple(sorted(found, key=lambda one: one.id, reverse=True)[:limit])

    async def archive(self, tenant_id: TenantId, beneficiary_id: BeneficiaryId, *, audit: AuditRecord) -> Beneficiary:
        """Archive one. Raises NOT_FOUND."""
        found = await self.get(tenant_id, beneficiary_id)
        if found.state is BeneficiaryState.ARCHIVED:
            return found
        tables = self._database.tables(tenant_id)
        tables.beneficiaries[found.id] = msgspec.structs.replace(
            found, state=BeneficiaryState.ARCHIVED, version=found.version + 1, updated_at=audit.at
        )
        tables.audit.append(audit)
        return tables.beneficiaries[found.id]


class EasyNumbers(AccountNumbers):
    """Takes every IBAN that begins with a country of two letters."""

    def checked(self, iban: str, bic: str | None) -> BankAccount:
        """Give it in full. Raises VAL_FIELD."""
        written = iban.replace(" ", "").upper()
        if not written[:2].isalpha():
            raise MediatorError(VAL_FIELD, "/iban: begins with no country", errors=(FieldError("/iban", "no country"),))
        return BankAccount(written, bic, written[:2])


class PlainPayoutAnswers(PayoutAnswers):
    """Tells a payout's or a beneficiary's id and state as JSON. Pure."""

    def payout(self, payout: PayoutDossier, *, made: bool) -> Answer:
        """Tell a payout."""
        body = {"id": str(payout.payout.id), "state": payout.payout.state.value}
        return Answer(201 if made else 200, "application/json", msgspec.json.encode(body))

    def beneficiary(self, beneficiary: Beneficiary) -> Answer:
        """Tell a beneficiary."""
        body = {"id": str(beneficiary.id), "state": beneficiary.state.value}
        return Answer(201, "application/json", msgspec.json.encode(body))


def _matches(payout: Payout, wanted: PayoutFilter) -> bool:
    named = ("state", "currency", "beneficiary_id", "reference")
    if any(getattr(wanted, name) not in (None, getattr(payout, name)) for name in named):
        return False
    return _within(payout.created_at, wanted.created_from, wanted.created_before)


def _within(moment: datetime, first: datetime | None, end: datetime | None) -> bool:
    return (first is None or moment >= first) and (end is None or moment < end)
