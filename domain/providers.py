"""What a provider may be asked, and what it may answer (money.md: five outcomes)."""

from datetime import datetime
from enum import StrEnum

import msgspec

from domain.money import Money


class OperationKind(StrEnum):
    """One call to a provider that may change money."""

    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    PAYOUT = "payout"


class Decline(StrEnum):
    """How definite a refusal is: a soft one may be tried elsewhere, a hard one never, an invalid one was our fault."""

    SOFT = "soft"
    HARD = "hard"
    INVALID = "invalid"


class Payee(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a payout is for, as the provider must be told. Exactly one of `iban` and `account_number` is given."""

    name: str
    country: str
    iban: str | None = None
    bic: str | None = None
    account_number: str | None = None
    bank_code: str | None = None

    def __repr__(self) -> str:
        """Show no name and no account."""
        return f"Payee({self.country})"


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """One operation as a provider adapter is asked to carry it out.

    `key` is the outbound idempotency key: stored before the call, the same for every send and every look-up of this
    operation. `payment_id` is our payment or payout. `provider_reference` names the provider's object (the charge) for
    everything after the authorization; `operation_reference` the provider's own name of this very operation, once it
    has told one. `capture` asks an authorization to take the money at once; `final` says that no further capture will
    follow. `payment_amount` is that of the whole payment; `action_url` and `action_fields` are what the customer was
    told to do, so that a look-up can say that it still holds. `created_at` (UTC) is when the operation was decided:
    nothing of it is older at the provider.
    """

    kind: OperationKind
    key: str
    amount: Money
    payment_id: str
    account: str
    provider_reference: str | None = None
    operation_reference: str | None = None
    payment_method: str | None = None
    payee: Payee | None = None
    reference: str | None = None
    description: str | None = None
    capture: bool = False
    final: bool = False
    callback_url: str | None = None
    return_url: str | None = None
    payment_amount: Money | None = None
    action_url: str | None = None
    action_fields: dict[str, str] | None = None
    created_at: datetime | None = None


class ProviderTerms(msgspec.Struct, frozen=True):
    """On which terms an operation is sent: how long one call may take, and under which version of the configuration."""

    deadline_seconds: float
    config_version: int


class Comeback(StrEnum):
    """How a payout came back that had left: sent back by the beneficiary's side, or called back by ours."""

    RETURNED = "returned"
    REVERSED = "reversed"


class NotSent(msgspec.Struct, frozen=True, tag="not_sent"):
    """Proof that no byte of the operation reached the provider."""

    reason: str


class Rejected(msgspec.Struct, frozen=True, tag="rejected"):
    """The provider's definite refusal. With `comeback` a payout had left, and the provider has its money again."""

    code: str
    decline: Decline
    message: str
    provider_reference: str | None = None
    comeback: Comeback | None = None


class AcceptedPending(msgspec.Struct, frozen=True, tag="accepted_pending"):
    """The provider has it; the result comes later. `action_url` is where the customer must go first, if anywhere.

    With `action_fields` the customer's browser goes there by posting these form fields, otherwise by a redirect.
    """

    provider_reference: str
    action_url: str | None = None
    action_fields: dict[str, str] | None = None


class Succeeded(msgspec.Struct, frozen=True, tag="succeeded"):
    """Definite success, with the amount as the provider states it (compared with what was asked)."""

    provider_reference: str
    amount: Money


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """Something may have happened: only asking the provider can tell."""

    reason: str


class Missing(msgspec.Struct, frozen=True, tag="missing"):
    """A look-up's answer: the provider knows nothing of this key. Proof only after the visibility horizon."""

    reason: str


Outcome = NotSent | Rejected | AcceptedPending | Succeeded | Unknown
Finding = Outcome | Missing


class CallbackEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a callback says: its own id, its kind, and which of our operations or charges it concerns.

    `finding` is what it says became of the operation `operation_kind`: applied as it stands where the manifest calls
    callbacks authoritative, otherwise only a reason to ask the provider.
    """

    event_id: str
    kind: str
    operation_key: str | None = None
    provider_reference: str | None = None
    operation_reference: str | None = None
    operation_kind: OperationKind | None = None
    finding: Finding | None = None


class Unreadable(msgspec.Struct, frozen=True, tag="unreadable"):
    """Authentic bytes that say nothing which could be understood."""

    reason: str


class Verification(StrEnum):
    """Whether the provider takes our credentials."""

    VALID = "valid"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class BookLine(msgspec.Struct, frozen=True, kw_only=True):
    """One charge in the provider's own books: what it took and gave back, in minor units."""

    provider_reference: str
    payment_id: str
    currency: str
    captured_minor: int
    refunded_minor: int
