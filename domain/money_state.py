"""What happened to the money of a payment, as one word."""

from domain.dossier import Dossier
from domain.errors import MoneyState
from domain.payments import OperationState, PaymentState

IN_DOUBT = frozenset({OperationState.SENDING, OperationState.UNKNOWN})
HOLDING = frozenset(
    {
        PaymentState.REQUIRES_ACTION,
        PaymentState.PROCESSING,
        PaymentState.AUTHORIZED,
    }
)


def money_state(dossier: Dossier) -> MoneyState:
    """Say `unknown` while any operation is in doubt, else whether money moved, is held, or neither."""
    if any(operation.state in IN_DOUBT for operation in dossier.operations):
        return MoneyState.UNKNOWN
    if dossier.payment.state is PaymentState.NEEDS_REVIEW:
        return MoneyState.UNKNOWN
    if dossier.payment.captured_minor:
        return MoneyState.MOVED
    return MoneyState.HELD if dossier.payment.state in HOLDING else MoneyState.NONE
