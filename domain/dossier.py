"""A payment with its attempts, operations and refunds, as read at one moment: what every move starts from."""

from datetime import datetime, timedelta

import msgspec

from domain.errors import (
    NOT_FOUND,
    PROV_INTEGRITY_MISMATCH,
    PROV_UNREACHABLE,
    STATE_CONFLICT,
    VAL_AMOUNT,
    FieldError,
    MediatorError,
)
from domain.events import Event, OutcomeUnknown, PaymentPending
from domain.ids import EventId, HoldId, OperationId, Prefix, RefundId, public_id
from domain.moment import Moment
from domain.money import Money
from domain.payments import (
    OperationState,
    Payment,
    PaymentAttempt,
    PaymentState,
    ProviderOperation,
)
from domain.providers import (
    AcceptedPending,
    Decline,
    Missing,
    NotSent,
    OperationKind,
    ProviderTerms,
    Rejected,
    Unknown,
)
from domain.refunds import Refund, RefundState

SEND_WITHIN = timedelta(seconds=5)
"""How long after the intention was committed its sender may still begin to send."""

CONTRADICTED = "contradicted"
"""Code of an operation of which the provider says the opposite of what we had concluded."""

DISPUTED_CODES = frozenset({CONTRADICTED, PROV_INTEGRITY_MISMATCH.code})
"""Codes of operations of which we and the provider say different things: a person decides."""

MISSING_CODE = "missing_at_provider"
"""Code of an operation that never arrived at the provider."""

QUERY_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (2, 10, 60, 300, 3_600, *(86_400,) * 7))
"""When the resolver asks about an open operation: so long after the query before; after the last one a person."""


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is decided together about one payment."""

    payment: Payment
    attempts: tuple[PaymentAttempt, ...]
    operations: tuple[ProviderOperation, ...]
    refunds: tuple[Refund, ...] = ()

    @property
    def attempt(self) -> PaymentAttempt:
        """The latest attempt: the only one that can be live."""
        return max(self.attempts, key=lambda attempt: attempt.number)

    def operation(self, operation_id: OperationId) -> ProviderOperation:
        """Give one operation of this payment. Raises NOT_FOUND."""
        for operation in self.operations:
            if operation.id == operation_id:
                return operation
        raise MediatorError(NOT_FOUND, "There is no such operation.")

    def refund(self, refund_id: RefundId) -> Refund:
        """Give one refund of this payment. Raises NOT_FOUND."""
        for refund in self.refunds:
            if refund.id == refund_id:
                return refund
        raise MediatorError(NOT_FOUND, f"There is no refund {public_id(Prefix.REFUND, refund_id)}.")

    def last_operation(self, kind: OperationKind) -> ProviderOperation | None:
        """Give the latest operation of that kind of the latest attempt, if there is one."""
        found = [one for one in self.operations if one.kind is kind and one.attempt_id == self.attempt.id]
        return found[-1] if found else None

    @property
    def open_operation(self) -> ProviderOperation | None:
        """The operation on the authorization or the capture that is still open, if any (refunds go their own way)."""
        for operation in reversed(self.operations):
            if operation.is_open and operation.kind is not OperationKind.REFUND:
                return operation
        return None

    def with_payment(self, payment: Payment) -> "Dossier":
        """Replace the payment."""
        return msgspec.structs.replace(self, payment=payment)

    def with_attempt(self, attempt: PaymentAttempt) -> "Dossier":
        """Replace or add an attempt."""
        others = tuple(one for one in self.attempts if one.id != attempt.id)
        return msgspec.structs.replace(self, attempts=(*others, attempt))

    def with_operation(self, operation: ProviderOperation) -> "Dossier":
        """Replace an operation in its place, or add it at the end."""
        if all(one.id != operation.id for one in self.operations):
            return msgspec.structs.replace(self, operations=(*self.operations, operation))
        operations = tuple(operation if one.id == operation.id else one for one in self.operations)
        return msgspec.structs.replace(self, operations=operations)

    def with_refund(self, refund: Refund) -> "Dossier":
        """Replace a refund in its place, or add it at the end."""
        if all(one.id != refund.id for one in self.refunds):
            return msgspec.structs.replace(self, refunds=(*self.refunds, refund))
        refunds = tuple(refund if one.id == refund.id else one for one in self.refunds)
        return msgspec.structs.replace(self, refunds=refunds)


Move = tuple[Dossier, tuple[Event, ...]]
"""What a decision gives: the new states, and the events that explain them (none when nothing changes)."""


def new_operation(
    dossier: Dossier,
    moment: Moment,
    *,
    kind: OperationKind,
    amount: Money,
    terms: ProviderTerms,
    final: bool = False,
    refund_id: RefundId | None = None,
) -> ProviderOperation:
    """Prepare a call to the provider: its key is made here, before anything is sent, and never again."""
    operation_id = OperationId(moment.new_id())
    send_by = moment.now + SEND_WITHIN
    return ProviderOperation(
        tenant_id=dossier.payment.tenant_id,
        id=operation_id,
        payment_id=dossier.payment.id,
        attempt_id=dossier.attempt.id,
        refund_id=refund_id,
        version=0,
        kind=kind,
        state=OperationState.SENDING,
        key=public_id(Prefix.OPERATION, operation_id),
        config_version=terms.config_version,
        currency=amount.currency,
        amount_minor=amount.minor,
        final=final,
        provider_reference=None,
        code=None,
        decline=None,
        detail=None,
        queries=0,
        send_by=send_by,
        next_query_at=send_by + timedelta(seconds=terms.deadline_seconds + 1),
        created_at=moment.now,
        updated_at=moment.now,
    )


def concluded(
    operation: ProviderOperation,
    state: OperationState,
    *,
    now: datetime,
    provider_reference: str | None = None,
    code: str | None = None,
    decline: Decline | None = None,
    detail: str | None = None,
) -> ProviderOperation:
    """Write an outcome into an operation; open ones get their next query, closed ones none."""
    still_open = state in (OperationState.UNKNOWN, OperationState.ACCEPTED_PENDING)
    return msgspec.structs.replace(
        operation,
        state=state,
        provider_reference=provider_reference or operation.provider_reference,
        code=code,
        decline=decline,
        detail=detail[:500] if detail else None,
        next_query_at=now + next_delay(operation.queries) if still_open else None,
        updated_at=now,
    )


def next_delay(queries: int) -> timedelta:
    """How long to wait before the next query, after so many."""
    return QUERY_DELAYS[min(queries, len(QUERY_DELAYS) - 1)]


def payment_moved(payment: Payment, state: PaymentState, now: datetime, **changes: object) -> Payment:
    """Give the payment in its new state with these fields changed; an action's form goes with its address."""
    if "action_url" in changes:
        changes.setdefault("action_fields", None)
    return msgspec.structs.replace(payment, state=state, updated_at=now, **changes)


def require_quiet(dossier: Dossier) -> None:
    """Refuse a new operation while another one's outcome is open. Raises STATE_CONFLICT."""
    running = dossier.open_operation
    if running is not None:
        detail = f"The {running.kind} of this payment is {running.state}; its outcome must be known first."
        raise MediatorError(STATE_CONFLICT, detail, retry_after_seconds=2)


def require_positive(amount: Money) -> None:
    """Refuse nothing, and less than nothing. Raises VAL_AMOUNT."""
    if amount.minor <= 0:
        detail = "must be at least 1 minor unit"
        raise MediatorError(VAL_AMOUNT, f"The amount {detail}.", errors=(FieldError("/amount", detail),))


def is_under_review(dossier: Dossier) -> bool:
    """Whether a person must look: at a refund, at what the provider contradicts, or at what it never tells."""
    return any(refund.state is RefundState.NEEDS_REVIEW for refund in dossier.refunds) or any(
        operation.code in DISPUTED_CODES or (operation.is_open and operation.queries >= len(QUERY_DELAYS))
        for operation in dossier.operations
    )


def reviewed(dossier: Dossier) -> Dossier:
    """Give the dossier with its payment under review while anything of it is, and no longer.

    Every move that learns something ends here: a move that knows of one operation only must not forget the others.
    """
    payment = dossier.payment
    state = payment.state
    if is_under_review(dossier):
        state = PaymentState.NEEDS_REVIEW
    elif state is PaymentState.NEEDS_REVIEW and payment.authorized_minor:
        state = PaymentState.SUCCEEDED if payment.capturable.minor == 0 else authorized_state(payment)
    return dossier.with_payment(msgspec.structs.replace(payment, state=state))


def authorized_state(payment: Payment) -> PaymentState:
    """Where a payment stands whose authorization is intact."""
    return PaymentState.PARTIALLY_CAPTURED if payment.captured_minor else PaymentState.AUTHORIZED


def accepted_for_later(
    dossier: Dossier, operation: ProviderOperation, finding: AcceptedPending, moment: Moment
) -> Move:
    """Keep a capture, void or refund that the provider has taken and will confirm later; its hold stays."""
    payment = payment_moved(dossier.payment, dossier.payment.state, moment.now)
    done = concluded(
        operation,
        OperationState.ACCEPTED_PENDING,
        now=moment.now,
        provider_reference=finding.provider_reference,
        detail="accepted by the provider, result later",
    )
    event = PaymentPending(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=moment.now,
        attempt_id=operation.attempt_id,
        hold_id=payment.hold_id if operation.refund_id is None else dossier.refund(operation.refund_id).hold_id,
    )
    return dossier.with_payment(payment).with_operation(done), (event,)


def left_unknown(
    dossier: Dossier, operation: ProviderOperation, finding: Unknown, moment: Moment, *, hold_id: HoldId
) -> Move:
    """Keep an operation whose outcome nobody knows: its hold stays and is at risk until the provider was asked."""
    payment = payment_moved(dossier.payment, dossier.payment.state, moment.now)
    done = concluded(operation, OperationState.UNKNOWN, now=moment.now, detail=finding.reason)
    event = OutcomeUnknown(
        event_id=EventId(moment.new_id()),
        payment_id=payment.id,
        at=moment.now,
        operation_id=operation.id,
        operation=operation.kind,
        amount=operation.amount,
        hold_id=hold_id,
        reason=finding.reason,
    )
    return dossier.with_payment(payment).with_operation(done), (event,)


def rejected(operation: ProviderOperation, finding: Rejected, moment: Moment) -> ProviderOperation:
    """Close an operation that the provider definitely refused."""
    return concluded(
        operation,
        OperationState.REJECTED,
        now=moment.now,
        provider_reference=finding.provider_reference,
        code=finding.code,
        decline=finding.decline,
        detail=finding.message,
    )


def not_sent(operation: ProviderOperation, finding: NotSent, moment: Moment) -> ProviderOperation:
    """Close an operation of which no byte reached the provider."""
    return concluded(
        operation, OperationState.NOT_SENT, now=moment.now, code=PROV_UNREACHABLE.code, detail=finding.reason
    )


def missing(operation: ProviderOperation, finding: Missing, moment: Moment) -> ProviderOperation:
    """Close an operation of which the provider knows nothing, after its visibility horizon."""
    return concluded(operation, OperationState.MISSING, now=moment.now, code=MISSING_CODE, detail=finding.reason)
