"""Beneficiaries: how they are kept, and how the numbers of their accounts are checked."""

from typing import Protocol

import msgspec

from application.ports.journal import Answer, Claim, Resume
from domain.audit import AuditRecord
from domain.beneficiaries import Beneficiary, BeneficiaryState
from domain.ids import BeneficiaryId, TenantId
from domain.money import Currency


class BeneficiaryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which beneficiaries to list: every given condition must hold."""

    state: BeneficiaryState | None = None
    reference: str | None = None
    currency: Currency | None = None


class BeneficiaryBook(Protocol):
    """Keeps beneficiaries, each change with its audit record."""

    async def add(
        self, tenant_id: TenantId, beneficiary: Beneficiary, *, audit: AuditRecord, claim: Claim | None
    ) -> Beneficiary | Resume | Answer:
        """Keep a new one, or give what the claimed key led to before. Raises IDEM_IN_FLIGHT, IDEM_MISMATCH."""
        ...

    async def get(self, tenant_id: TenantId, beneficiary_id: BeneficiaryId) -> Beneficiary:
        """Read one. Raises NOT_FOUND."""
        ...

    async def page(
        self, tenant_id: TenantId, wanted: BeneficiaryFilter, *, before: BeneficiaryId | None, limit: int
    ) -> tuple[Beneficiary, ...]:
        """List them, newest first, older than `before`."""
        ...

    async def archive(self, tenant_id: TenantId, beneficiary_id: BeneficiaryId, *, audit: AuditRecord) -> Beneficiary:
        """Archive one; archiving it again changes nothing. Raises NOT_FOUND."""
        ...


class BankAccount(msgspec.Struct, frozen=True):
    """An IBAN and a BIC as they are written in full: upper case, without blanks."""

    iban: str
    bic: str | None
    country: str

    def __repr__(self) -> str:
        """Show where, never which."""
        return f"BankAccount({self.country})"


class AccountNumbers(Protocol):
    """Checks the numbers of bank accounts by their rules; knows nothing of whether an account exists."""

    def checked(self, iban: str, bic: str | None) -> BankAccount:
        """Give an IBAN (ISO 13616) and, if there is one, a BIC (ISO 9362) in full. Raises VAL_FIELD for the fault.

        Without a BIC the one that the IBAN's bank code leads to is given, where it leads to just one.
        """
        ...
