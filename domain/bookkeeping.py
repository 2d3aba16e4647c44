"""The chart of accounts as functions: which postings each event makes (money.md §4)."""

from uuid import UUID

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
from domain.ids import HoldId, LedgerTransactionId, Prefix, RefundId, public_id
from domain.ledger import AccountRef, Direction, Entry, HoldChange, HoldPlacement, LedgerTransaction, Postings
from domain.money import Currency, Money

NOTHING = Postings()


def clearing(provider_account_id: UUID, currency: Currency) -> AccountRef:
    """What a provider has captured for us and not settled yet: debit-normal, tends to zero."""
    code = f"provider:{public_id(Prefix.PROVIDER_ACCOUNT, provider_account_id)}:clearing"
    return AccountRef(code, currency, Direction.DEBIT)


def payable(currency: Currency) -> AccountRef:
    """What we owe the tenant's own merchant: credit-normal."""
    return AccountRef("merchant:main:payable", currency, Direction.CREDIT)


def in_transit(currency: Currency) -> AccountRef:
    """What is sent to beneficiaries and has not arrived: credit-normal, tends to zero."""
    return AccountRef("payouts:in_transit", currency, Direction.CREDIT)


def postings_of(event: Event) -> Postings:  # noqa: C901, PLR0912 -- a table: one case for every event there is
    """Say what an event makes in the ledger: holds placed, holds changed, entries booked."""
    match event:
        case PaymentCreated():
            return _place(event, clearing(event.provider_account_id, event.amount.currency), None)
        case RefundCreated():
            return _place(event, clearing(event.provider_account_id, event.amount.currency), event.refund_id)
        case PaymentRerouted():
            return _rerouted(event)
        case PaymentCaptured():
            return _captured(event)
        case RefundSucceeded():
            return _refunded(event)
        case PaymentCorrected():
            return _corrected(event)
        case PaymentDeclined() | PaymentMissing() | PaymentVoided() | PaymentExpired() | RefundFailed():
            return Postings(changes=(HoldChange(hold_id=event.hold_id, release_minor=event.amount.minor),))
        case OutcomeUnknown():
            return Postings(changes=(HoldChange(hold_id=event.hold_id, at_risk=True),))
        case ReviewNeeded():
            risk = () if event.hold_id is None else (HoldChange(hold_id=event.hold_id, at_risk=True),)
            return Postings(changes=risk)
        case PaymentAuthorized() | ActionRequired() | PaymentPending() | CaptureFailed() | VoidFailed():
            return Postings(changes=(HoldChange(hold_id=event.hold_id),))
        case PayoutCreated():
            return _payout_held(event)
        case PayoutSent():
            return _payout_sent(event)
        case PayoutCompleted():
            return _payout_completed(event)
        case PayoutFailed():
            return _payout_failed(event)
        case PayoutReturned():
            return _payout_returned(event)
        case PayoutDenied() | PayoutCancelled():
            return Postings(changes=(HoldChange(hold_id=event.hold_id, release_minor=event.amount.minor),))
        case PayoutUnknown():
            return Postings(changes=(HoldChange(hold_id=event.hold_id, at_risk=True),))
        case PayoutMissing():
            return Postings(changes=(HoldChange(hold_id=event.hold_id),))
        case PayoutReviewNeeded():
            risk = () if event.hold_id is None else (HoldChange(hold_id=event.hold_id, at_risk=True),)
            return Postings(changes=risk)
        case (
            AttemptStarted()
            | AttemptDeclined()
            | PaymentNotSent()
            | OperationQueried()
            | CaptureStarted()
            | VoidStarted()
            | PayoutApproved()
            | PayoutSending()
            | PayoutNotSent()
            | PayoutQueried()
            | CallbackReceived()
            | LedgerPosted()
            | BalanceMonitorCrossed()
            | FxQuoteOpened()
            | FxQuoteReserved()
            | FxQuoteReleased()
            | FxQuoteExpired()
        ):
            return NOTHING


def _place(event: PaymentCreated | RefundCreated, cleared: AccountRef, refund_id: RefundId | None) -> Postings:
    """Hold money on its way in (clearing debit) or on its way back (payable debit)."""
    owed = payable(event.amount.currency)
    debit, credit = (cleared, owed) if refund_id is None else (owed, cleared)
    placement = HoldPlacement(
        hold_id=event.hold_id,
        debit=debit,
        credit=credit,
        amount=event.amount,
        payment_id=event.payment_id,
        refund_id=refund_id,
    )
    return Postings(placements=(placement,))


def _rerouted(event: PaymentRerouted) -> Postings:
    """Move the whole hold from one provider's clearing account to another's; nothing was posted out of it yet."""
    placement = HoldPlacement(
        hold_id=event.hold_id,
        debit=clearing(event.provider_account_id, event.amount.currency),
        credit=payable(event.amount.currency),
        amount=event.amount,
        payment_id=event.payment_id,
        refund_id=None,
    )
    return Postings(
        placements=(placement,),
        changes=(HoldChange(hold_id=event.released_hold_id, release_minor=event.amount.minor),),
    )


def _captured(event: PaymentCaptured) -> Postings:
    """Dr clearing, Cr payable, out of the hold; the rest of the hold goes when nothing more will follow."""
    change = HoldChange(hold_id=event.hold_id, post_minor=event.amount.minor, release_minor=event.released.minor)
    return Postings(changes=(change,), transactions=(_capture_entries(event, event.hold_id),))


def _corrected(event: PaymentCorrected) -> Postings:
    """A late success: the old hold is gone, so a capture is booked directly and an authorization is held anew."""
    if event.captured:
        return Postings(transactions=(_capture_entries(event, None),))
    placement = HoldPlacement(
        hold_id=event.hold_id,
        debit=clearing(event.provider_account_id, event.amount.currency),
        credit=payable(event.amount.currency),
        amount=event.amount,
        payment_id=event.payment_id,
        refund_id=None,
    )
    return Postings(placements=(placement,))


def _capture_entries(event: PaymentCaptured | PaymentCorrected, hold_id: HoldId | None) -> LedgerTransaction:
    return LedgerTransaction(
        id=LedgerTransactionId(event.event_id),
        kind="capture",
        payment_id=event.payment_id,
        refund_id=None,
        hold_id=hold_id,
        effective_at=event.at,
        entries=_pair(
            debit=clearing(event.provider_account_id, event.amount.currency),
            credit=payable(event.amount.currency),
            amount=event.amount,
        ),
    )


def _refunded(event: RefundSucceeded) -> Postings:
    """Dr payable, Cr clearing, out of the refund's hold."""
    transaction = LedgerTransaction(
        id=LedgerTransactionId(event.event_id),
        kind="refund",
        payment_id=event.payment_id,
        refund_id=event.refund_id,
        hold_id=event.hold_id,
        effective_at=event.at,
        entries=_pair(
            debit=payable(event.amount.currency),
            credit=clearing(event.provider_account_id, event.amount.currency),
            amount=event.amount,
        ),
    )
    change = HoldChange(hold_id=event.hold_id, post_minor=event.amount.minor)
    return Postings(changes=(change,), transactions=(transaction,))


def _payout_held(event: PayoutCreated) -> Postings:
    """Hold what will go out, of what is available of the payable and of nothing else."""
    placement = HoldPlacement(
        hold_id=event.hold_id,
        debit=payable(event.amount.currency),
        credit=in_transit(event.amount.currency),
        amount=event.amount,
        payment_id=None,
        refund_id=None,
        payout_id=event.payout_id,
        is_covered=True,
    )
    return Postings(placements=(placement,))


def _payout_sent(event: PayoutSent) -> Postings:
    """Dr payable, Cr in transit, out of the hold; directly where the hold is gone and the provider has it after all."""
    currency = event.amount.currency
    changes = () if event.hold_id is None else (HoldChange(hold_id=event.hold_id, post_minor=event.amount.minor),)
    transaction = _payout_entries(event, "payout", debit=payable(currency), credit=in_transit(currency))
    return Postings(changes=changes, transactions=(transaction,))


def _payout_completed(event: PayoutCompleted) -> Postings:
    """Dr in transit, Cr clearing: the provider paid it out of what it holds for us (docs/decisions/0011)."""
    currency = event.amount.currency
    cleared = clearing(event.provider_account_id, currency)
    transaction = _payout_entries(event, "payout_completed", debit=in_transit(currency), credit=cleared)
    return Postings(transactions=(transaction,))


def _payout_failed(event: PayoutFailed) -> Postings:
    """Let the hold go; Dr in transit, Cr payable when it was in transit already."""
    if event.hold_id is not None:
        return Postings(changes=(HoldChange(hold_id=event.hold_id, release_minor=event.amount.minor),))
    currency = event.amount.currency
    transaction = _payout_entries(event, "payout_failed", debit=in_transit(currency), credit=payable(currency))
    return Postings(transactions=(transaction,))


def _payout_returned(event: PayoutReturned) -> Postings:
    """Dr clearing (or in transit, when it never arrived), Cr payable: a new transaction, nothing is undone."""
    currency = event.amount.currency
    back = clearing(event.provider_account_id, currency) if event.was_completed else in_transit(currency)
    kind = f"payout_{event.comeback}"
    return Postings(transactions=(_payout_entries(event, kind, debit=back, credit=payable(currency)),))


def _payout_entries(
    event: PayoutSent | PayoutCompleted | PayoutFailed | PayoutReturned,
    kind: str,
    *,
    debit: AccountRef,
    credit: AccountRef,
) -> LedgerTransaction:
    return LedgerTransaction(
        id=LedgerTransactionId(event.event_id),
        kind=kind,
        payment_id=None,
        refund_id=None,
        payout_id=event.payout_id,
        hold_id=event.hold_id if isinstance(event, PayoutSent) else None,
        effective_at=event.at,
        entries=_pair(debit=debit, credit=credit, amount=event.amount),
    )


def _pair(*, debit: AccountRef, credit: AccountRef, amount: Money) -> tuple[Entry, Entry]:
    return (
        Entry(debit, Direction.DEBIT, amount.minor),
        Entry(credit, Direction.CREDIT, amount.minor),
    )
