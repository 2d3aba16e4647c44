"""Identifiers: UUIDv7 inside, a readable prefix outside (`pay_0198c5…`)."""

import re
from enum import StrEnum
from typing import NewType
from uuid import UUID

TenantId = NewType("TenantId", UUID)
PrincipalId = NewType("PrincipalId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)
ProviderAccountId = NewType("ProviderAccountId", UUID)
PaymentId = NewType("PaymentId", UUID)
AttemptId = NewType("AttemptId", UUID)
OperationId = NewType("OperationId", UUID)
RefundId = NewType("RefundId", UUID)
EventId = NewType("EventId", UUID)
CallbackId = NewType("CallbackId", UUID)
HoldId = NewType("HoldId", UUID)
LedgerAccountId = NewType("LedgerAccountId", UUID)
LedgerTransactionId = NewType("LedgerTransactionId", UUID)
JobId = NewType("JobId", UUID)
QuoteId = NewType("QuoteId", UUID)
MonitorId = NewType("MonitorId", UUID)
LimitId = NewType("LimitId", UUID)
PayoutId = NewType("PayoutId", UUID)
BeneficiaryId = NewType("BeneficiaryId", UUID)


class Prefix(StrEnum):
    """The word in front of each kind of public identifier."""

    TENANT = "ten"
    PRINCIPAL = "prn"
    API_KEY = "key"
    PROVIDER_ACCOUNT = "pac"
    PAYMENT = "pay"
    ATTEMPT = "att"
    OPERATION = "opn"
    REFUND = "ref"
    EVENT = "evt"
    CALLBACK = "cbk"
    HOLD = "hld"
    LEDGER_ACCOUNT = "acc"
    LEDGER_TRANSACTION = "ltx"
    REQUEST = "req"
    JOB = "job"
    FX_QUOTE = "fxq"
    BALANCE_MONITOR = "mon"
    LIMIT_POLICY = "lim"
    PAYOUT = "pyo"
    BENEFICIARY = "ben"


def public_id(prefix: Prefix, value: UUID) -> str:
    """Write an identifier as the outside sees it: prefix, underscore, 32 hexadecimal digits in time order."""
    return f"{prefix.value}_{value.hex}"


def find_id(prefix: Prefix, text: str) -> UUID | None:
    """Read a public identifier back; None when it is not one of that kind, exactly as we would write it."""
    if re.fullmatch(rf"{prefix.value}_[0-9a-f]{{32}}", text, re.ASCII) is None:
        return None
    return UUID(hex=text[len(prefix.value) + 1 :])
