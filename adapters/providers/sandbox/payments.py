"""Translates operations into the sandbox gateway's words, and its answers into outcomes."""

from http import HTTPStatus

from adapters.providerkit.messages import CannotBuildError, HttpRequest, HttpResponse
from adapters.providerkit.reading import cleaned, find_read, unreadable
from adapters.providers.sandbox.client import (
    Access,
    Charge,
    ChargeStatus,
    Movement,
    MovementStatus,
    Operation,
    OperationState,
    Refusal,
    RefusalKind,
    Refused,
    get,
    post,
    quoted,
)
from domain.currencies import EXPONENTS
from domain.money import Currency, Money
from domain.providers import (
    AcceptedPending,
    Decline,
    Finding,
    Instruction,
    Missing,
    NotSent,
    OperationKind,
    Outcome,
    Rejected,
    Succeeded,
    Unknown,
)

_DECLINES = {RefusalKind.SOFT: Decline.SOFT, RefusalKind.HARD: Decline.HARD, RefusalKind.INVALID: Decline.INVALID}

_NOT_PROCESSED = {(401, "unauthorized"), (403, "forbidden"), (429, "rate_limited")}
"""Status and code of the refusals after which, by the gateway's manual, nothing of the request was looked at."""

_INVALID = {400, 404, 413, 422}
_DONE = {HTTPStatus.OK, HTTPStatus.CREATED}


def build_request(access: Access, instruction: Instruction) -> HttpRequest:
    """Say an operation in the gateway's words. Raises CannotBuildError when it lacks what the gateway needs."""
    if instruction.kind is OperationKind.AUTHORIZE:
        return post(access, "/v1/charges", key=instruction.key, body=_new_charge(instruction))
    path = f"/v1/charges/{quoted(_reference(instruction))}"
    match instruction.kind:
        case OperationKind.CAPTURE:
            body = {"amount": instruction.amount.minor, "final": instruction.final}
            return post(access, f"{path}/capture", key=instruction.key, body=body)
        case OperationKind.VOID:
            return post(access, f"{path}/void", key=instruction.key, body={})
        case OperationKind.REFUND:
            body = {"amount": instruction.amount.minor}
            return post(access, f"{path}/refunds", key=instruction.key, body=body)
        case OperationKind.PAYOUT:
            raise CannotBuildError("a payout is built by build_payout")


def build_look_up(access: Access, instruction: Instruction) -> HttpRequest:
    """Ask what became of the operation of a key."""
    return get(access, f"/v1/operations/{quoted(instruction.key)}")


def parse_response(instruction: Instruction, response: HttpResponse) -> Outcome:
    """Read the first answer to an operation, or the same again after a repetition."""
    if response.status not in _DONE:
        return _refused(instruction, response)
    if instruction.kind is OperationKind.AUTHORIZE:
        charge = find_read(response.body, Charge)
        return unreadable(response) if charge is None else _authorized(instruction, charge)
    movement = find_read(response.body, Movement)
    return unreadable(response) if movement is None else _moved(instruction, movement)


def parse_look_up(instruction: Instruction, response: HttpResponse) -> Finding:
    """Read what became of an operation. Only the exact words `operation_not_found` mean that it is missing."""
    if response.status == HTTPStatus.NOT_FOUND:
        refused = find_read(response.body, Refused)
        if refused is not None and refused.error.code == "operation_not_found":
            return Missing("operation_not_found")
    operation = find_read(response.body, Operation) if response.status == HTTPStatus.OK else None
    if operation is None:
        return unreadable(response)
    if operation.key != instruction.key or operation.kind != instruction.kind:
        return Unknown("the answer is about another operation")
    return _found(instruction, operation)


def _new_charge(instruction: Instruction) -> dict[str, object]:
    if instruction.payment_method is None:
        raise CannotBuildError("an authorization needs a payment method")
    return {
        "account": instruction.account,
        "payment": instruction.payment_id,
        "amount": instruction.amount.minor,
        "currency": instruction.amount.currency,
        "source": instruction.payment_method,
        "capture": instruction.capture,
        "reference": instruction.reference,
        "callback_url": instruction.callback_url,
        "return_url": instruction.return_url,
    }


def _reference(instruction: Instruction) -> str:
    if instruction.provider_reference is None:
        raise CannotBuildError(f"a {instruction.kind} needs the charge that it concerns")
    return instruction.provider_reference


def _refused(instruction: Instruction, response: HttpResponse) -> Outcome:
    """Only a refusal in the gateway's own words is definite: a proxy on the way may answer with any status."""
    refused = find_read(response.body, Refused)
    if refused is None:
        return unreadable(response)
    error = refused.error
    if refused.charge is not None and refused.charge.payment != instruction.payment_id:
        return Unknown("the answer is about another payment")
    if (response.status, error.code) in _NOT_PROCESSED:
        return NotSent(f"not processed: {error.code}")
    reference = None if refused.charge is None else refused.charge.id
    if response.status == HTTPStatus.PAYMENT_REQUIRED and error.kind in {RefusalKind.SOFT, RefusalKind.HARD}:
        return _rejected(error, reference)
    if response.status in _INVALID:
        return Rejected(error.code, Decline.INVALID, cleaned(error.message), reference)
    return Unknown(f"status {response.status}, {error.code}")


def _authorized(instruction: Instruction, charge: Charge) -> Outcome:
    if charge.payment != instruction.payment_id:
        return Unknown("the answer is about another payment")
    match charge.status:
        case ChargeStatus.CAPTURED if instruction.capture:
            return _succeeded(charge.id, charge.captured, charge.currency)
        case ChargeStatus.AUTHORIZED if not instruction.capture:
            return _succeeded(charge.id, charge.authorized, charge.currency)
        case ChargeStatus.REQUIRES_ACTION | ChargeStatus.PENDING:
            return AcceptedPending(charge.id, charge.action_url)
        case ChargeStatus.DECLINED if charge.decline is not None and charge.decline.kind is not None:
            return _rejected(charge.decline, charge.id)
        case _:
            return Unknown(f"the charge is {charge.status}, which answers nothing that was asked")


def _moved(instruction: Instruction, movement: Movement) -> Outcome:
    if movement.charge != instruction.provider_reference:
        return Unknown("the answer is about another charge")
    match movement.status:
        case MovementStatus.SUCCEEDED:
            return _succeeded(movement.charge, movement.amount, movement.currency)
        case MovementStatus.PENDING:
            return AcceptedPending(movement.charge)
        case MovementStatus.FAILED:
            return Rejected(f"{instruction.kind}_failed", Decline.HARD, "", movement.charge)


def _found(instruction: Instruction, operation: Operation) -> Finding:
    charge = operation.charge
    if charge.payment != instruction.payment_id:
        return Unknown("the answer is about another payment")
    if instruction.kind is not OperationKind.AUTHORIZE and charge.id != instruction.provider_reference:
        return Unknown("the answer is about another charge")
    match operation.state:
        case OperationState.SUCCEEDED if _took_too_little(instruction, charge):
            return Unknown(f"the charge is {charge.status}, though it was to be captured at once")
        case OperationState.SUCCEEDED:
            return _succeeded(charge.id, operation.amount, operation.currency)
        case OperationState.PENDING | OperationState.REQUIRES_ACTION:
            return AcceptedPending(charge.id, charge.action_url)
        case OperationState.DECLINED | OperationState.FAILED:
            error = Refusal(operation.code or operation.state, operation.decline_kind, operation.message or "")
            return _rejected(error, charge.id)


def _took_too_little(instruction: Instruction, charge: Charge) -> bool:
    at_once = instruction.kind is OperationKind.AUTHORIZE and instruction.capture
    return at_once and charge.status is not ChargeStatus.CAPTURED


def _rejected(refusal: Refusal, reference: str | None) -> Rejected:
    decline = Decline.HARD if refusal.kind is None else _DECLINES[refusal.kind]
    return Rejected(refusal.code, decline, cleaned(refusal.message), reference)


def _succeeded(reference: str, minor: int, currency: str) -> Succeeded | Unknown:
    """Believe the amount as it is stated; a currency that does not exist makes the whole statement unreadable."""
    if currency not in EXPONENTS:
        return Unknown("the answer states a currency that does not exist")
    return Succeeded(reference, Money(minor, Currency(currency)))
