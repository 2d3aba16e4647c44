"""Begin a payout, decide about it, and claim its sending: everything before the provider has said a word."""

from datetime import timedelta

import msgspec

from domain.beneficiaries import Beneficiary, BeneficiaryState
from domain.dossier import SEND_WITHIN
from domain.errors import STATE_CONFLICT, VAL_FIELD, FieldError, MediatorError
from domain.events import PayoutApproved, PayoutCancelled, PayoutCreated, PayoutDenied, PayoutSending
from domain.ids import EventId, HoldId, OperationId, PayoutId, Prefix, ProviderAccountId, TenantId, public_id
from domain.moment import Moment
from domain.money import Money
from domain.payments import OperationState
from domain.payout_dossier import SENDS_MAX, PayoutDossier, PayoutMove
from domain.payouts import SENDABLE_STATES, UNSENT_OPERATION_STATES, Payout, PayoutOperation, PayoutState
from domain.providers import ProviderTerms


class PayoutOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks for, once checked, and which provider account shall send it."""

    tenant_id: TenantId
    amount: Money
    provider: str
    provider_account_id: ProviderAccountId
    requires_approval: bool
    created_by: str
    reference: str | None
    description: str | None
    metadata: dict[str, str]


def begin_payout(order: PayoutOrder, beneficiary: Beneficiary, moment: Moment) -> PayoutMove:
    """Create a payout: its amount is held out of what is available, and a worker will send it.

    Raises STATE_CONFLICT for an archived beneficiary, VAL_FIELD when its account is kept in another currency.
    """
    if beneficiary.state is BeneficiaryState.ARCHIVED:
        raise MediatorError(STATE_CONFLICT, "The beneficiary is archived.")
    if beneficiary.currency != order.amount.currency:
        detail = f"the beneficiary's account is kept in {beneficiary.currency}"
        raise MediatorError(VAL_FIELD, f"/currency: {detail}", errors=(FieldError("/currency", detail),))
    payout = Payout(
        tenant_id=order.tenant_id,
        id=PayoutId(moment.new_id()),
        version=0,
        state=PayoutState.REQUIRES_APPROVAL if order.requires_approval else PayoutState.CREATED,
        currency=order.amount.currency,
        amount_minor=order.amount.minor,
        beneficiary_id=beneficiary.id,
        provider=order.provider,
        provider_account_id=order.provider_account_id,
        requires_approval=order.requires_approval,
        created_by=order.created_by,
        decided_by=None,
        decided_at=None,
        reference=order.reference,
        description=order.description,
        metadata=order.metadata,
        failure_code=None,
        failure_message=None,
        hold_id=HoldId(moment.new_id()),
        sent_at=None,
        completed_at=None,
        given_back_at=None,
        created_at=moment.now,
        updated_at=moment.now,
    )
    event = PayoutCreated(
        event_id=EventId(moment.new_id()),
        payout_id=payout.id,
        at=moment.now,
        amount=payout.amount,
        hold_id=payout.hold_id,
        provider_account_id=payout.provider_account_id,
        beneficiary_id=beneficiary.id,
        requires_approval=payout.requires_approval,
        reference=payout.reference,
    )
    return PayoutDossier(payout=payout, beneficiary=beneficiary), (event,)


def approve(dossier: PayoutDossier, moment: Moment, *, actor: str) -> PayoutMove:
    """Let it be sent. Raises STATE_CONFLICT unless it waits for approval."""
    payout = dossier.payout.moved_to(
        _waiting(dossier.payout, PayoutState.APPROVED), moment.now, decided_by=actor, decided_at=moment.now
    )
    event = PayoutApproved(event_id=EventId(moment.new_id()), payout_id=payout.id, at=moment.now, approved_by=actor)
    return dossier.with_payout(payout), (event,)


def deny(dossier: PayoutDossier, moment: Moment, *, actor: str) -> PayoutMove:
    """End it without sending it. Raises STATE_CONFLICT unless it waits for approval."""
    payout = dossier.payout.moved_to(
        _waiting(dossier.payout, PayoutState.DENIED),
        moment.now,
        decided_by=actor,
        decided_at=moment.now,
        given_back_at=moment.now,
    )
    event = PayoutDenied(
        event_id=EventId(moment.new_id()),
        payout_id=payout.id,
        at=moment.now,
        denied_by=actor,
        amount=payout.amount,
        hold_id=payout.hold_id,
    )
    return dossier.with_payout(payout), (event,)


def cancel(dossier: PayoutDossier, moment: Moment) -> PayoutMove:
    """End it before it is sent. Raises STATE_CONFLICT once it is being sent, unless that was proved not to happen."""
    operation = dossier.operation
    if operation is not None and operation.state is not OperationState.NOT_SENT:
        raise MediatorError(STATE_CONFLICT, f"A payout whose sending is {operation.state} cannot be cancelled.")
    payout = dossier.payout.moved_to(PayoutState.CANCELLED, moment.now, given_back_at=moment.now)
    after = dossier.with_payout(payout)
    if operation is not None:
        after = after.with_operation(msgspec.structs.replace(operation, next_step_at=None, updated_at=moment.now))
    event = PayoutCancelled(
        event_id=EventId(moment.new_id()),
        payout_id=payout.id,
        at=moment.now,
        amount=payout.amount,
        hold_id=payout.hold_id,
    )
    return after, (event,)


def can_be_sent(dossier: PayoutDossier, moment: Moment) -> bool:
    """Whether a worker may claim a send now: the first one, or one more after proof that there is nothing there yet."""
    operation = dossier.operation
    if operation is None:
        return dossier.payout.state in SENDABLE_STATES
    return (
        dossier.payout.state is PayoutState.PROCESSING
        and operation.state in UNSENT_OPERATION_STATES
        and operation.sends < SENDS_MAX
        and operation.next_step_at is not None
        and operation.next_step_at <= moment.now
    )


def begin_sending(dossier: PayoutDossier, moment: Moment, *, terms: ProviderTerms) -> PayoutMove:
    """Claim one send. Its key is made at the first and never again. Raises STATE_CONFLICT when it may not be sent."""
    if not can_be_sent(dossier, moment):
        raise MediatorError(STATE_CONFLICT, f"A payout that is {dossier.payout.state} is not to be sent now.")
    operation = dossier.operation or _new_operation(dossier.payout, moment)
    send_by = moment.now + SEND_WITHIN
    operation = msgspec.structs.replace(
        operation,
        state=OperationState.SENDING,
        config_version=terms.config_version,
        sends=operation.sends + 1,
        code=None,
        detail=None,
        send_by=send_by,
        next_step_at=send_by + timedelta(seconds=terms.deadline_seconds + 1),
        updated_at=moment.now,
    )
    event = PayoutSending(
        event_id=EventId(moment.new_id()),
        payout_id=dossier.payout.id,
        at=moment.now,
        operation_id=operation.id,
        provider=dossier.payout.provider,
        send=operation.sends,
    )
    payout = dossier.payout.moved_to(PayoutState.PROCESSING, moment.now)
    return dossier.with_payout(payout).with_operation(operation), (event,)


def _waiting(payout: Payout, wanted: PayoutState) -> PayoutState:
    """Give the wanted state, if somebody is waited for. Raises STATE_CONFLICT."""
    if payout.state is not PayoutState.REQUIRES_APPROVAL:
        raise MediatorError(STATE_CONFLICT, f"A payout that is {payout.state} waits for no approval.")
    return wanted


def _new_operation(payout: Payout, moment: Moment) -> PayoutOperation:
    operation_id = OperationId(moment.new_id())
    return PayoutOperation(
        tenant_id=payout.tenant_id,
        id=operation_id,
        payout_id=payout.id,
        version=0,
        state=OperationState.SENDING,
        key=public_id(Prefix.OPERATION, operation_id),
        config_version=1,
        currency=payout.currency,
        amount_minor=payout.amount_minor,
        sends=0,
        provider_reference=None,
        code=None,
        decline=None,
        detail=None,
        queries=0,
        send_by=moment.now,
        next_step_at=None,
        created_at=moment.now,
        updated_at=moment.now,
    )
