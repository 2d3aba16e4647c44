"""What callers of money-moving routes are told, to the byte: these answers are kept and given again."""

import msgspec
from litestar.types import HTTPScope

from application.ports.answers import Answers
from application.ports.journal import Answer
from domain.dossier import Dossier
from domain.errors import (
    PROV_DECLINED_HARD,
    PROV_DECLINED_SOFT,
    PROV_INTEGRITY_MISMATCH,
    PROV_REFUSED,
    PROV_UNREACHABLE,
    ErrorCode,
    MediatorError,
    ProviderFault,
)
from domain.ids import OperationId, Prefix, public_id
from domain.money_state import money_state
from domain.payments import OperationState, ProviderOperation
from domain.providers import Decline, OperationKind
from domain.refunding import refund_of
from entrypoints.http.edge.problems import rendered
from entrypoints.http.shapes import payment_out, refund_out

JSON = "application/json"
OK, CREATED, ACCEPTED = 200, 201, 202
NOUNS = {
    OperationKind.AUTHORIZE: "payment",
    OperationKind.CAPTURE: "capture",
    OperationKind.VOID: "cancellation",
    OperationKind.REFUND: "refund",
}


class JsonAnswers(Answers):
    """Payments and refunds as JSON; what stands in the way as problems (RFC 9457)."""

    def payment(self, dossier: Dossier, *, request_id: str) -> Answer:  # noqa: ARG002 -- only problems name requests
        """Tell a payment, with 200."""
        return Answer(OK, JSON, msgspec.json.encode(payment_out(dossier)))

    def operation(self, dossier: Dossier, operation_id: OperationId, *, request_id: str) -> Answer:
        """Tell what became of an operation by its outcome (money.md §2: 201, 200, 202, 402, 422 or 503)."""
        operation = dossier.operation(operation_id)
        match operation.state:
            case OperationState.SUCCEEDED if operation.code == PROV_INTEGRITY_MISMATCH.code:
                return _resource(dossier, operation, ACCEPTED)
            case OperationState.SUCCEEDED:
                making = operation.kind in (OperationKind.AUTHORIZE, OperationKind.REFUND)
                return _resource(dossier, operation, CREATED if making else OK)
            case OperationState.SENDING | OperationState.UNKNOWN | OperationState.ACCEPTED_PENDING:
                return _resource(dossier, operation, ACCEPTED)
            case OperationState.REJECTED:
                return _problem(dossier, operation, _declined(operation), request_id)
            case OperationState.NOT_SENT:
                return _problem(dossier, operation, PROV_UNREACHABLE, request_id)
            case OperationState.MISSING:
                return _problem(dossier, operation, PROV_REFUSED, request_id)


def _resource(dossier: Dossier, operation: ProviderOperation, status: int) -> Answer:
    location = f"/v1/payments/{public_id(Prefix.PAYMENT, dossier.payment.id)}"
    if operation.kind is OperationKind.REFUND:
        body = msgspec.json.encode(refund_out(refund_of(dossier, operation), dossier))
    else:
        body = msgspec.json.encode(payment_out(dossier))
    return Answer(status, JSON, body, location if status == CREATED else None)


def _declined(operation: ProviderOperation) -> ErrorCode:
    """Class a refusal by how definite the provider says that it is."""
    match operation.decline:
        case Decline.SOFT:
            return PROV_DECLINED_SOFT
        case Decline.HARD:
            return PROV_DECLINED_HARD
        case Decline.INVALID | None:
            return PROV_REFUSED


def _problem(dossier: Dossier, operation: ProviderOperation, entry: ErrorCode, request_id: str) -> Answer:
    """Tell what stands in the way; the resource's address is the problem's instance."""
    address = f"/v1/payments/{public_id(Prefix.PAYMENT, dossier.payment.id)}"
    error = MediatorError(
        entry,
        f"The {NOUNS[operation.kind]} was not carried out: {entry.title[0].lower()}{entry.title[1:]}.",
        retry_after_seconds=1 if entry is PROV_UNREACHABLE else None,
        money_state=money_state(dossier),
        provider=ProviderFault(dossier.payment.provider, operation.code or "", operation.detail or ""),
    )
    scope: HTTPScope = {"path": address, "state": {"request_id": request_id}}  # type: ignore[typeddict-item]  # all that a problem reads
    answer = rendered(error, scope)
    return Answer(answer.status, "application/problem+json", answer.body, address)
