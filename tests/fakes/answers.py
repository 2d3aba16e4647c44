"""Answers in memory: as little as a test wants to read, with the statuses that the port promises."""

import msgspec

from application.ports.answers import Answers
from application.ports.journal import Answer
from domain.dossier import Dossier
from domain.ids import OperationId
from domain.money_state import money_state
from domain.payments import OperationState, PaymentState


class PlainAnswers(Answers):
    """Tells payment, operation, money state and request as JSON. Pure."""

    def payment(self, dossier: Dossier, *, request_id: str) -> Answer:
        """Tell a payment as it stands."""
        return Answer(200, "application/json", _body(dossier, None, request_id))

    def operation(self, dossier: Dossier, operation_id: OperationId, *, request_id: str) -> Answer:
        """Tell what became of one operation."""
        status = _status(dossier, dossier.operation(operation_id).state)
        body = _body(dossier, operation_id, request_id)
        return Answer(status, "application/json", body, f"/v1/payments/{dossier.payment.id}")


def told(answer: Answer) -> dict[str, str]:
    """Read an answer back."""
    return msgspec.json.decode(answer.body, type=dict[str, str])


def _body(dossier: Dossier, operation_id: OperationId | None, request_id: str) -> bytes:
    facts = {
        "payment": str(dossier.payment.id),
        "state": dossier.payment.state.value,
        "captured": str(dossier.payment.captured_minor),
        "refunded": str(dossier.payment.refunded_minor),
        "money_state": money_state(dossier).value,
        "request": request_id,
        "operation": "" if operation_id is None else dossier.operation(operation_id).state.value,
    }
    return msgspec.json.encode(facts)


def _status(dossier: Dossier, state: OperationState) -> int:
    match state:
        case OperationState.SUCCEEDED:
            return 201
        case OperationState.ACCEPTED_PENDING:
            return 201 if dossier.payment.state is PaymentState.REQUIRES_ACTION else 202
        case OperationState.SENDING | OperationState.UNKNOWN:
            return 202
        case OperationState.REJECTED:
            return 402
        case OperationState.MISSING:
            return 422
        case OperationState.NOT_SENT:
            return 503
