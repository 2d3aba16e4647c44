"""What a provider may be asked, what it may answer, and what its manifest promises (money.md: five outcomes)."""

from enum import StrEnum

import msgspec

from domain.money import Money


class OperationKind(StrEnum):
    """One call to a provider that may change money."""

    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class Decline(StrEnum):
    """How definite a refusal is: a soft one may be tried elsewhere, a hard one never, an invalid one was our fault."""

    SOFT = "soft"
    HARD = "hard"
    INVALID = "invalid"


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """One operation as a provider adapter is asked to carry it out.

    `key` is the outbound idempotency key: stored before the call, the same for every send and every look-up of this
    operation. `provider_reference` names the provider's object (the charge) for everything after the authorization.
    `capture` asks an authorization to take the money at once; `final` says that no further capture will follow.
    """

    kind: OperationKind
    key: str
    amount: Money
    payment_id: str
    account: str
    provider_reference: str | None = None
    payment_method: str | None = None
    reference: str | None = None
    capture: bool = False
    final: bool = False
    callback_url: str | None = None
    return_url: str | None = None


class NotSent(msgspec.Struct, frozen=True, tag="not_sent"):
    """Proof that no byte of the operation reached the provider."""

    reason: str


class Rejected(msgspec.Struct, frozen=True, tag="rejected"):
    """The provider's definite refusal."""

    code: str
    decline: Decline
    message: str
    provider_reference: str | None = None


class AcceptedPending(msgspec.Struct, frozen=True, tag="accepted_pending"):
    """The provider has it; the result comes later. `action_url` is where the customer must go first, if anywhere."""

    provider_reference: str
    action_url: str | None = None


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


class ProviderManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider's adapter declares and the kernel enforces.

    `idempotent` says that a repeated key has one effect; `visibility_horizon_seconds` is how long after a send the
    provider may still not show it to a look-up; `deadline_seconds` bounds one whole call, from connect to last byte.
    """

    name: str
    operations: frozenset[OperationKind]
    idempotent: bool
    visibility_horizon_seconds: float
    deadline_seconds: float
    callback_tolerance_seconds: int


class CallbackNotice(msgspec.Struct, frozen=True, kw_only=True):
    """What an authentic callback says: its own id, its kind, and which of our operations or charges it concerns."""

    event_id: str
    kind: str
    operation_key: str | None = None
    provider_reference: str | None = None


class BookLine(msgspec.Struct, frozen=True, kw_only=True):
    """One charge in the provider's own books: what it took and gave back, in minor units."""

    provider_reference: str
    payment_id: str
    currency: str
    captured_minor: int
    refunded_minor: int
