"""Beneficiaries: whom payouts are for. They are never changed, so no account number moves under a payout's feet."""

from datetime import datetime
from enum import StrEnum

import msgspec

from domain.ids import BeneficiaryId, TenantId
from domain.money import Currency
from domain.providers import Payee

SHOWN_DIGITS = 4


class BeneficiaryType(StrEnum):
    """How the beneficiary's account is named: by its IBAN, by bank and account number, or at a wallet."""

    IBAN = "iban"
    ACCOUNT = "account"
    WALLET = "wallet"


class BeneficiaryState(StrEnum):
    """Whether new payouts may go there."""

    ACTIVE = "active"
    ARCHIVED = "archived"


class Beneficiary(msgspec.Struct, frozen=True, kw_only=True):
    """One account of one person or company. `country` is ISO 3166-1 alpha-2.

    An `iban` has its IBAN, and its BIC where one is known; an `account` its bank's code and its number, as where there
    are no IBANs (Nepal); a `wallet` the number that the wallet knows it by. Only the state ever changes.
    """

    tenant_id: TenantId
    id: BeneficiaryId
    version: int
    state: BeneficiaryState
    type: BeneficiaryType
    name: str
    country: str
    currency: Currency
    iban: str | None
    bic: str | None
    account_number: str | None
    bank_code: str | None
    reference: str | None
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime

    @property
    def payee(self) -> Payee:
        """Give it as a provider must be told."""
        return Payee(
            name=self.name,
            country=self.country,
            iban=self.iban,
            bic=self.bic,
            account_number=self.account_number,
            bank_code=self.bank_code,
        )

    @property
    def masked_account(self) -> str:
        """Show the last four characters of its number, and how long the number is."""
        number = self.iban or self.account_number or ""
        hidden = max(len(number) - SHOWN_DIGITS, 0)
        return "*" * hidden + number[hidden:] if hidden >= SHOWN_DIGITS else "*" * len(number)

    def __repr__(self) -> str:
        """Show which, never whose."""
        return f"Beneficiary({self.id}, {self.type}, {self.country}, {self.state})"
