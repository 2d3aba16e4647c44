"""The table of who reacts to which event; every event is named here, also those that nobody reacts to."""

from dataclasses import dataclass

from application.call import Call
from application.callbacks.apply_callback import ApplyCallback, ApplyCallbackHandler
from application.operations.react_to_event import React
from application.operations.relay_outbox import Subscriptions
from application.payouts.carry_out_payout import CarryOutPayout, CarryOutPayoutHandler
from domain.events import CallbackReceived, Event, PayoutApproved, PayoutCreated, tag_of

SUBSCRIPTIONS = Subscriptions(
    {
        "callback.received": ("apply_callback",),
        "payout.created": ("carry_out_payout",),
        "payout.approved": ("carry_out_payout",),
        # Nobody reacts to these yet: they are kept for those who read the events.
        "ledger.posted": (),
        "ledger.balance_monitor_crossed": (),
        "fx.quote_opened": (),
        "fx.quote_reserved": (),
        "fx.quote_released": (),
        "fx.quote_expired": (),
        # Nobody reacts to these yet; they are kept in the event store and shown in the payment's timeline.
        "payment.created": (),
        "payment.attempt_started": (),
        "payment.action_required": (),
        "payment.pending": (),
        "payment.authorized": (),
        "payment.declined": (),
        "payment.not_sent": (),
        "payment.attempt_declined": (),
        "payment.rerouted": (),
        "payment.missing_at_provider": (),
        "payment.outcome_unknown": (),
        "payment.operation_queried": (),
        "payment.capture_started": (),
        "payment.captured": (),
        "payment.capture_failed": (),
        "payment.void_started": (),
        "payment.voided": (),
        "payment.void_failed": (),
        "payment.expired": (),
        "payment.corrected": (),
        "payment.review_needed": (),
        "refund.created": (),
        "refund.succeeded": (),
        "refund.failed": (),
        "payout.denied": (),
        "payout.cancelled": (),
        "payout.sending": (),
        "payout.not_sent": (),
        "payout.missing_at_provider": (),
        "payout.outcome_unknown": (),
        "payout.queried": (),
        "payout.sent": (),
        "payout.completed": (),
        "payout.failed": (),
        "payout.returned": (),
        "payout.review_needed": (),
    }
)


@dataclass(frozen=True, slots=True)
class Reactions(React):
    """The use cases that react, by the names in the table: how each event becomes the command of its reaction."""

    apply_callback: ApplyCallbackHandler
    carry_out_payout: CarryOutPayoutHandler

    async def __call__(self, reaction: str, event: Event, call: Call, /) -> None:
        """React. Raises LookupError when nobody of that name reacts to such an event."""
        match reaction, event:
            case "apply_callback", CallbackReceived():
                await self.apply_callback(ApplyCallback(event.callback_id), call)
            case "carry_out_payout", PayoutCreated() | PayoutApproved():
                await self.carry_out_payout(CarryOutPayout(event.payout_id), call)
            case _:
                message = f"nobody called {reaction!r} reacts to {tag_of(event)}"
                raise LookupError(message)
