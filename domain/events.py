"""What happened, in the past tense: each change of a payment or refund is explained by exactly these."""

from datetime import datetime

import msgspec

from domain.ids import (
    AttemptId,
    BeneficiaryId,
    CallbackId,
    EventId,
    HoldId,
    LedgerAccountId,
    LedgerTransactionId,
    MonitorId,
    OperationId,
    PaymentId,
    PayoutId,
    ProviderAccountId,
    QuoteId,
    RefundId,
)
from domain.money import Money
from domain.providers import Comeback, OperationKind


class PaymentEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What every event of a payment carries: its own id, the payment, and when it was decided (UTC)."""

    event_id: EventId
    payment_id: PaymentId
    at: datetime


class PaymentCreated(PaymentEvent, tag="payment.created", frozen=True, kw_only=True):
    """The intent was accepted; `amount` is held as pending between the provider's clearing account and the payable."""

    amount: Money
    hold_id: HoldId
    provider_account_id: ProviderAccountId
    reference: str | None


class AttemptStarted(PaymentEvent, tag="payment.attempt_started", frozen=True, kw_only=True):
    """An attempt was claimed and is being sent to the provider."""

    attempt_id: AttemptId
    operation_id: OperationId
    provider: str
    number: int


class ActionRequired(PaymentEvent, tag="payment.action_required", frozen=True, kw_only=True):
    """The provider waits for the customer; the hold stays, at no risk."""

    attempt_id: AttemptId
    hold_id: HoldId
    action_url: str


class PaymentPending(PaymentEvent, tag="payment.pending", frozen=True, kw_only=True):
    """The provider has it and will say later; the hold stays, at no risk."""

    attempt_id: AttemptId
    hold_id: HoldId


class PaymentAuthorized(PaymentEvent, tag="payment.authorized", frozen=True, kw_only=True):
    """The provider reserved the amount; the hold stays, at no risk any more."""

    attempt_id: AttemptId
    amount: Money
    hold_id: HoldId


class PaymentDeclined(PaymentEvent, tag="payment.declined", frozen=True, kw_only=True):
    """The provider refused; the hold is released."""

    attempt_id: AttemptId
    amount: Money
    hold_id: HoldId
    code: str


class PaymentNotSent(PaymentEvent, tag="payment.not_sent", frozen=True, kw_only=True):
    """Nothing left the house; the payment may be attempted again, the hold stays."""

    attempt_id: AttemptId
    reason: str


class AttemptDeclined(PaymentEvent, tag="payment.attempt_declined", frozen=True, kw_only=True):
    """A provider refused softly, and the payment goes on to another one; the hold is dealt with by the rerouting."""

    attempt_id: AttemptId
    code: str


class PaymentRerouted(PaymentEvent, tag="payment.rerouted", frozen=True, kw_only=True):
    """The payment goes on to another provider account: its hold moves to that one's clearing account."""

    amount: Money
    released_hold_id: HoldId
    hold_id: HoldId
    from_provider_account_id: ProviderAccountId
    provider_account_id: ProviderAccountId
    reason: str


class PaymentMissing(PaymentEvent, tag="payment.missing_at_provider", frozen=True, kw_only=True):
    """After its visibility horizon the provider knows nothing of the attempt; the hold is released."""

    attempt_id: AttemptId
    amount: Money
    hold_id: HoldId


class OutcomeUnknown(PaymentEvent, tag="payment.outcome_unknown", frozen=True, kw_only=True):
    """An operation's outcome is unknown: its hold is at risk until the provider has been asked."""

    operation_id: OperationId
    operation: OperationKind
    amount: Money
    hold_id: HoldId
    reason: str


class OperationQueried(PaymentEvent, tag="payment.operation_queried", frozen=True, kw_only=True):
    """The provider was asked about an open operation and nothing new was learnt."""

    operation_id: OperationId
    operation: OperationKind
    answer: str


class CaptureStarted(PaymentEvent, tag="payment.capture_started", frozen=True, kw_only=True):
    """A capture of part or all of the authorization is being sent."""

    operation_id: OperationId
    amount: Money


class PaymentCaptured(PaymentEvent, tag="payment.captured", frozen=True, kw_only=True):
    """Money was taken: `amount` of the hold is posted, and `released` of it is let go when nothing more will follow."""

    operation_id: OperationId
    provider_account_id: ProviderAccountId
    amount: Money
    released: Money
    hold_id: HoldId


class CaptureFailed(PaymentEvent, tag="payment.capture_failed", frozen=True, kw_only=True):
    """A capture certainly did not happen; the authorization stands as before."""

    operation_id: OperationId
    amount: Money
    hold_id: HoldId
    code: str


class VoidStarted(PaymentEvent, tag="payment.void_started", frozen=True, kw_only=True):
    """The release of what is not captured is being sent."""

    operation_id: OperationId
    amount: Money


class PaymentVoided(PaymentEvent, tag="payment.voided", frozen=True, kw_only=True):
    """What was not captured is released, at the provider and in the ledger."""

    amount: Money
    hold_id: HoldId


class VoidFailed(PaymentEvent, tag="payment.void_failed", frozen=True, kw_only=True):
    """A release certainly did not happen; everything stands as before."""

    operation_id: OperationId
    hold_id: HoldId
    code: str


class PaymentExpired(PaymentEvent, tag="payment.expired", frozen=True, kw_only=True):
    """A payment that was never sent is too old, or its customer never completed it; its hold is released."""

    amount: Money
    hold_id: HoldId


class PaymentCorrected(PaymentEvent, tag="payment.corrected", frozen=True, kw_only=True):
    """The provider proved that an attempt which we had ended took the money (`captured`) or reserved it."""

    attempt_id: AttemptId
    operation_id: OperationId
    provider_account_id: ProviderAccountId
    amount: Money
    captured: bool
    hold_id: HoldId
    evidence: str


class ReviewNeeded(PaymentEvent, tag="payment.review_needed", frozen=True, kw_only=True):
    """The provider's word does not agree with ours; a person must look. Nothing is booked on doubt.

    `hold_id` names the hold that is at risk meanwhile, if one is open.
    """

    operation_id: OperationId
    reason: str
    hold_id: HoldId | None


class RefundCreated(PaymentEvent, tag="refund.created", frozen=True, kw_only=True):
    """A refund is being sent; `amount` is held as pending against the payable."""

    refund_id: RefundId
    operation_id: OperationId
    provider_account_id: ProviderAccountId
    amount: Money
    hold_id: HoldId


class RefundSucceeded(PaymentEvent, tag="refund.succeeded", frozen=True, kw_only=True):
    """The money went back: the hold is posted."""

    refund_id: RefundId
    provider_account_id: ProviderAccountId
    amount: Money
    hold_id: HoldId


class RefundFailed(PaymentEvent, tag="refund.failed", frozen=True, kw_only=True):
    """The refund certainly did not happen: the hold is released."""

    refund_id: RefundId
    amount: Money
    hold_id: HoldId
    code: str


class PayoutEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What every event of a payout carries: its own id, the payout, and when it was decided (UTC)."""

    event_id: EventId
    payout_id: PayoutId
    at: datetime


class PayoutCreated(PayoutEvent, tag="payout.created", frozen=True, kw_only=True):
    """The order was accepted; `amount` is held out of what is available of the payable."""

    amount: Money
    hold_id: HoldId
    provider_account_id: ProviderAccountId
    beneficiary_id: BeneficiaryId
    requires_approval: bool
    reference: str | None


class PayoutApproved(PayoutEvent, tag="payout.approved", frozen=True, kw_only=True):
    """Somebody who may has approved it; it can be sent."""

    approved_by: str


class PayoutDenied(PayoutEvent, tag="payout.denied", frozen=True, kw_only=True):
    """Somebody who may has denied it; the hold is released."""

    denied_by: str
    amount: Money
    hold_id: HoldId


class PayoutCancelled(PayoutEvent, tag="payout.cancelled", frozen=True, kw_only=True):
    """It was cancelled before it was sent; the hold is released."""

    amount: Money
    hold_id: HoldId


class PayoutSending(PayoutEvent, tag="payout.sending", frozen=True, kw_only=True):
    """A worker claimed it and is sending it, for the `send`-th time, always with the same key."""

    operation_id: OperationId
    provider: str
    send: int


class PayoutNotSent(PayoutEvent, tag="payout.not_sent", frozen=True, kw_only=True):
    """Nothing left the house; it will be sent again, the hold stays."""

    operation_id: OperationId
    reason: str


class PayoutMissing(PayoutEvent, tag="payout.missing_at_provider", frozen=True, kw_only=True):
    """After its visibility horizon the provider knows nothing of it; it will be sent again with the same key."""

    operation_id: OperationId
    hold_id: HoldId


class PayoutUnknown(PayoutEvent, tag="payout.outcome_unknown", frozen=True, kw_only=True):
    """Whether it was sent is unknown: its hold is at risk until the provider has been asked."""

    operation_id: OperationId
    amount: Money
    hold_id: HoldId
    reason: str


class PayoutQueried(PayoutEvent, tag="payout.queried", frozen=True, kw_only=True):
    """The provider was asked about it and nothing new was learnt."""

    operation_id: OperationId
    answer: str


class PayoutSent(PayoutEvent, tag="payout.sent", frozen=True, kw_only=True):
    """The provider has it: the hold is posted. `hold_id` is None where we had given it up, and were wrong."""

    amount: Money
    hold_id: HoldId | None
    provider_reference: str


class PayoutCompleted(PayoutEvent, tag="payout.completed", frozen=True, kw_only=True):
    """The money arrived, as the provider says."""

    amount: Money
    provider_account_id: ProviderAccountId


class PayoutFailed(PayoutEvent, tag="payout.failed", frozen=True, kw_only=True):
    """It certainly did not arrive: the hold is released, or (no `hold_id`) what was in transit is given back."""

    amount: Money
    hold_id: HoldId | None
    code: str


class PayoutReturned(PayoutEvent, tag="payout.returned", frozen=True, kw_only=True):
    """The money left and came back: a transaction of its own gives it back."""

    amount: Money
    provider_account_id: ProviderAccountId
    was_completed: bool
    comeback: Comeback
    code: str


class PayoutReviewNeeded(PayoutEvent, tag="payout.review_needed", frozen=True, kw_only=True):
    """A person must look. Nothing is booked on doubt; `hold_id` names the hold that is at risk, if it is open."""

    operation_id: OperationId
    reason: str
    hold_id: HoldId | None


class CallbackReceived(msgspec.Struct, tag="callback.received", frozen=True, kw_only=True):
    """An authentic callback was stored as it came; a worker will read it and act on it."""

    event_id: EventId
    at: datetime
    provider: str
    provider_account_id: ProviderAccountId
    callback_id: CallbackId


class LedgerPosted(msgspec.Struct, tag="ledger.posted", frozen=True, kw_only=True):
    """Orders were booked together: these transactions came to be, and these holds were placed or changed."""

    event_id: EventId
    at: datetime
    transaction_ids: tuple[LedgerTransactionId, ...]
    hold_ids: tuple[HoldId, ...]


class BalanceMonitorCrossed(msgspec.Struct, tag="ledger.balance_monitor_crossed", frozen=True, kw_only=True):
    """A condition on a balance began to hold; it is told once, and again only after it ceased to hold."""

    event_id: EventId
    at: datetime
    monitor_id: MonitorId
    account_id: LedgerAccountId
    measure: str
    comparison: str
    threshold_minor: int
    value_minor: int
    currency: str


class FxQuoteEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What every event of a quote carries, in minor units of its currencies."""

    event_id: EventId
    at: datetime
    quote_id: QuoteId
    version: int
    state: str
    source_currency: str
    source_minor: int
    target_currency: str
    target_minor: int


class FxQuoteOpened(FxQuoteEvent, tag="fx.quote_opened", frozen=True, kw_only=True):
    """A quote was given; it may be reserved until it expires."""


class FxQuoteReserved(FxQuoteEvent, tag="fx.quote_reserved", frozen=True, kw_only=True):
    """A quote was reserved in time, and will be honoured."""


class FxQuoteReleased(FxQuoteEvent, tag="fx.quote_released", frozen=True, kw_only=True):
    """A quote that was reserved is not needed any more."""


class FxQuoteExpired(FxQuoteEvent, tag="fx.quote_expired", frozen=True, kw_only=True):
    """A quote was not reserved in time."""


Event = (
    PaymentCreated
    | AttemptStarted
    | ActionRequired
    | PaymentPending
    | PaymentAuthorized
    | PaymentDeclined
    | PaymentNotSent
    | AttemptDeclined
    | PaymentRerouted
    | PaymentMissing
    | OutcomeUnknown
    | OperationQueried
    | CaptureStarted
    | PaymentCaptured
    | CaptureFailed
    | VoidStarted
    | PaymentVoided
    | VoidFailed
    | PaymentExpired
    | PaymentCorrected
    | ReviewNeeded
    | RefundCreated
    | RefundSucceeded
    | RefundFailed
    | PayoutCreated
    | PayoutApproved
    | PayoutDenied
    | PayoutCancelled
    | PayoutSending
    | PayoutNotSent
    | PayoutMissing
    | PayoutUnknown
    | PayoutQueried
    | PayoutSent
    | PayoutCompleted
    | PayoutFailed
    | PayoutReturned
    | PayoutReviewNeeded
    | CallbackReceived
    | LedgerPosted
    | BalanceMonitorCrossed
    | FxQuoteOpened
    | FxQuoteReserved
    | FxQuoteReleased
    | FxQuoteExpired
)


def tag_of(event: Event) -> str:
    """Give the stable name of an event's kind, such as `payment.captured`."""
    return str(event.__struct_config__.tag)
