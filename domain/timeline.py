"""The story of a payment for people: one sentence per event, saying what happened to the money."""

from domain.events import (
    ActionRequired,
    AttemptDeclined,
    AttemptStarted,
    BalanceMonitorCrossed,
    CallbackReceived,
    CaptureFailed,
    CaptureStarted,
    Event,
    FxQuoteExpired,
    FxQuoteOpened,
    FxQuoteReleased,
    FxQuoteReserved,
    LedgerPosted,
    OperationQueried,
    OutcomeUnknown,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentCorrected,
    PaymentCreated,
    PaymentDeclined,
    PaymentExpired,
    PaymentMissing,
    PaymentNotSent,
    PaymentPending,
    PaymentRerouted,
    PaymentVoided,
    PayoutApproved,
    PayoutCancelled,
    PayoutCompleted,
    PayoutCreated,
    PayoutDenied,
    PayoutFailed,
    PayoutMissing,
    PayoutNotSent,
    PayoutQueried,
    PayoutReturned,
    PayoutReviewNeeded,
    PayoutSending,
    PayoutSent,
    PayoutUnknown,
    RefundCreated,
    RefundFailed,
    RefundSucceeded,
    ReviewNeeded,
    VoidFailed,
    VoidStarted,
)


def told(event: Event) -> str:  # noqa: C901, PLR0912 -- a table: one sentence for every event there is
    """Tell one event in a sentence."""
    match event:
        case PaymentCreated():
            return f"The payment was accepted; {event.amount} is held as pending."
        case AttemptStarted():
            return f"Attempt {event.number} is being sent to {event.provider}."
        case ActionRequired():
            return "The provider waits for the customer; the money is held as pending."
        case PaymentPending():
            return "The provider accepted the operation and will confirm it later; no money has moved for it yet."
        case PaymentAuthorized():
            return f"The provider reserved {event.amount}; no money has moved yet."
        case PaymentDeclined():
            return f"The provider declined ({event.code}); no money moved and the hold of {event.amount} is released."
        case PaymentNotSent():
            return "The provider could not be reached; nothing was sent and no money moved."
        case AttemptDeclined():
            return f"The provider declined this attempt ({event.code}); no money moved."
        case PaymentRerouted():
            return f"The payment goes on to another provider account; {event.amount} is held as pending there."
        case PaymentMissing():
            return f"The provider never received the payment; the hold of {event.amount} is released."
        case OutcomeUnknown():
            return (
                f"The outcome of the {event.operation} is unknown; {event.amount} is at risk until the provider "
                "has been asked."
            )
        case OperationQueried():
            return f"The provider was asked about the {event.operation} and the answer is still open ({event.answer})."
        case CaptureStarted():
            return f"A capture of {event.amount} is being sent."
        case PaymentCaptured() if event.released.minor:
            return f"{event.amount} was captured and booked; the remaining {event.released} is released."
        case PaymentCaptured():
            return f"{event.amount} was captured and booked."
        case CaptureFailed():
            return f"The capture of {event.amount} did not happen ({event.code}); the authorization stands."
        case VoidStarted():
            return f"The release of {event.amount} is being sent."
        case PaymentVoided():
            return f"{event.amount} that was not captured is released."
        case VoidFailed():
            return f"The release did not happen ({event.code}); everything stands as before."
        case PaymentExpired():
            return f"The payment was not completed in time and expired; the hold of {event.amount} is released."
        case PaymentCorrected() if event.captured:
            return f"Corrected: the provider had captured {event.amount} after all; it is booked now."
        case PaymentCorrected():
            return f"Corrected: the provider had reserved {event.amount} after all; it is held again."
        case ReviewNeeded():
            return f"A person must review this payment: {event.reason}."
        case RefundCreated():
            return f"A refund of {event.amount} is being sent; it is held against what we owe."
        case RefundSucceeded():
            return f"{event.amount} went back to the customer and is booked."
        case RefundFailed():
            return f"The refund of {event.amount} did not happen ({event.code}); its hold is released."
        case PayoutCreated() if event.requires_approval:
            return f"The payout was accepted; {event.amount} is held until somebody approves it."
        case PayoutCreated():
            return f"The payout was accepted; {event.amount} is held until it is sent."
        case PayoutApproved():
            return f"The payout was approved by {event.approved_by}."
        case PayoutDenied():
            return f"The payout was denied by {event.denied_by}; the hold of {event.amount} is released."
        case PayoutCancelled():
            return f"The payout was cancelled before it was sent; the hold of {event.amount} is released."
        case PayoutSending() if event.send > 1:
            return f"The payout is being sent to {event.provider} again, under the same key (send {event.send})."
        case PayoutSending():
            return f"The payout is being sent to {event.provider}."
        case PayoutNotSent():
            return "The provider could not be reached; nothing was sent, and it will be sent again."
        case PayoutMissing():
            return "The provider never received the payout; it will be sent again, under the same key."
        case PayoutUnknown():
            return (
                f"Whether the payout was sent is unknown; {event.amount} is at risk until the provider has been asked."
            )
        case PayoutQueried():
            return f"The provider was asked about the payout and the answer is still open ({event.answer})."
        case PayoutSent() if event.hold_id is None:
            return f"Corrected: the provider has the payout after all; {event.amount} is in transit and booked."
        case PayoutSent():
            return f"The provider has the payout; {event.amount} is in transit and booked. It has not arrived yet."
        case PayoutCompleted():
            return f"{event.amount} arrived, as the provider says, and is booked."
        case PayoutFailed() if event.hold_id is None:
            return f"The payout did not arrive ({event.code}); {event.amount} is given back and booked."
        case PayoutFailed():
            return f"The payout did not happen ({event.code}); the hold of {event.amount} is released."
        case PayoutReturned():
            return f"The payout was {event.comeback} ({event.code}); {event.amount} is given back and booked."
        case PayoutReviewNeeded():
            return f"A person must review this payout: {event.reason}."
        case LedgerPosted():
            return f"{len(event.transaction_ids)} transactions were booked, {len(event.hold_ids)} holds changed."
        case BalanceMonitorCrossed():
            return f"A balance of {event.value_minor} {event.currency} minor units met a monitor's condition."
        case FxQuoteOpened() | FxQuoteReserved() | FxQuoteReleased() | FxQuoteExpired():
            return f"A quote from {event.source_currency} to {event.target_currency} is {event.state}."
        case CallbackReceived():
            return "The provider called back; what it says will be read and acted on."
