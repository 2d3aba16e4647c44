"""Payments, captures, refunds and cancellations: what is asked, and what the answers mean."""

import re
from http import HTTPStatus
from typing import Any

from adapters.providerkit.amounts import to_wire
from adapters.providerkit.messages import CannotBuildError, HttpRequest, HttpResponse
from adapters.providerkit.reading import cleaned, find_read, unreadable
from adapters.providers.adyen.client import Access, Modification, Payment, Refused, ResultCode, post
from adapters.providers.adyen.manifest import RULES
from domain.money import Money
from domain.providers import (
    AcceptedPending,
    Decline,
    Instruction,
    NotSent,
    OperationKind,
    Outcome,
    Rejected,
    Succeeded,
    Unknown,
)

_NAME = re.compile(r"\A[A-Za-z0-9_-]{1,64}\Z", re.ASCII)
_PSP_REFERENCE = re.compile(r"\A[A-Z0-9]{16}\Z")
_KEY_IN_USE = "704"
_KEY_NOT_TAKEN = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_INVALID = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}

_SOFT_REASONS = frozenset({"2", "3", "4", "9", "10", "12", "19", "21", "23", "27", "28", "29", "38"})
"""Refusals after which another provider may be asked: the issuer's mood, limits and means, or the way to it.

Everything else is hard (blocked, expired, lost, fraud, wrong numbers), and so is a code that nobody knows yet.
"""


def build_request(access: Access, instruction: Instruction) -> HttpRequest:
    """Say an operation in Adyen's words. Raises CannotBuildError when it lacks what Adyen needs."""
    match instruction.kind:
        case OperationKind.AUTHORIZE:
            return post(access, "/payments", _new_payment(access, instruction), key=instruction.key)
        case OperationKind.CAPTURE if not instruction.final:
            raise CannotBuildError("a capture lets go what is left; several need an agreement with Adyen")
        case OperationKind.CAPTURE:
            return _modification(access, instruction, "captures", {"amount": _amount(instruction.amount)})
        case OperationKind.REFUND:
            return _modification(access, instruction, "refunds", {"amount": _amount(instruction.amount)})
        case OperationKind.VOID:
            return _cancellation(access, instruction)
        case OperationKind.PAYOUT:
            raise CannotBuildError("Checkout pays nobody out")


def parse_response(instruction: Instruction, response: HttpResponse) -> Outcome:
    """Read the first answer to an operation, or the same again after a repetition."""
    if response.status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
        return _refused(response)
    if instruction.kind is OperationKind.AUTHORIZE:
        payment = find_read(response.body, Payment)
        return unreadable(response) if payment is None else _paid(instruction, payment)
    modification = find_read(response.body, Modification)
    return unreadable(response) if modification is None else _received(instruction, modification)


def _new_payment(access: Access, instruction: Instruction) -> dict[str, Any]:
    return_url = instruction.return_url or access.config.return_url
    if return_url is None:
        raise CannotBuildError("Adyen asks for an address that the customer returns to")
    return {
        "amount": _amount(instruction.amount),
        "merchantAccount": access.config.merchant_account,
        "reference": instruction.key,
        "returnUrl": return_url,
        "metadata": {"payment_id": instruction.payment_id, "account": instruction.account},
        **_payment_method(instruction.payment_method),
        **({"captureDelayHours": 0} if instruction.capture else {"additionalData": {"manualCapture": "true"}}),
    }


def _payment_method(token: str | None) -> dict[str, Any]:
    """Read `stored:shopper:id` as a stored card of a shopper, `type:name` as a method that redirects."""
    match (token or "").split(":"):
        case ["stored", shopper, stored] if shopper and stored:
            return {
                "paymentMethod": {"type": "scheme", "storedPaymentMethodId": stored},
                "shopperReference": shopper,
                "shopperInteraction": "ContAuth",
                "recurringProcessingModel": "CardOnFile",
            }
        case ["type", method] if method:
            return {"paymentMethod": {"type": method}, "shopperInteraction": "Ecommerce"}
        case _:
            raise CannotBuildError("a payment method is `stored:<shopper>:<stored card>` or `type:<method>`")


def _modification(access: Access, instruction: Instruction, what: str, body: dict[str, Any]) -> HttpRequest:
    reference = _payment(instruction)
    told = {"merchantAccount": access.config.merchant_account, "reference": instruction.key, **body}
    return post(access, f"/payments/{reference}/{what}", told, key=instruction.key)


def _cancellation(access: Access, instruction: Instruction) -> HttpRequest:
    """Cancel by Adyen's reference, or by ours while Adyen has told none."""
    reference = _payment(instruction)
    if _PSP_REFERENCE.match(reference):
        return _modification(access, instruction, "cancels", {})
    told = {
        "merchantAccount": access.config.merchant_account,
        "paymentReference": reference,
        "reference": instruction.key,
    }
    return post(access, "/cancels", told, key=instruction.key)


def _payment(instruction: Instruction) -> str:
    """Give the payment that an operation concerns, by Adyen's reference or by our key."""
    reference = instruction.provider_reference
    if reference is None or _NAME.match(reference) is None:
        raise CannotBuildError(f"a {instruction.kind} needs the payment that it concerns")
    return reference


def _amount(amount: Money) -> dict[str, Any]:
    rule = RULES.get(amount.currency)
    if rule is None:
        raise CannotBuildError(f"Adyen does not take {amount.currency}")
    return {"currency": amount.currency, "value": to_wire(rule, amount)}


def _paid(instruction: Instruction, payment: Payment) -> Outcome:
    if payment.merchant_reference not in {None, instruction.key}:
        return Unknown("the answer is about another operation")
    reference = payment.psp_reference
    match payment.result_code:
        case ResultCode.AUTHORISED | ResultCode.PARTIALLY_AUTHORISED:
            return _authorised(payment)
        case ResultCode.REFUSED:
            soft = payment.refusal_reason_code in _SOFT_REASONS
            code = f"refused_{payment.refusal_reason_code}" if payment.refusal_reason_code else "refused"
            decline = Decline.SOFT if soft else Decline.HARD
            return Rejected(cleaned(code, length_max=64), decline, cleaned(payment.refusal_reason or ""), reference)
        case ResultCode.ERROR | ResultCode.CANCELLED:
            code = payment.result_code.lower()
            return Rejected(code, Decline.HARD, cleaned(payment.refusal_reason or ""), reference)
        case ResultCode.RECEIVED | ResultCode.PENDING:
            return AcceptedPending(reference or instruction.key)
        case ResultCode.REDIRECT_SHOPPER | ResultCode.PRESENT_TO_SHOPPER:
            return _to_be_continued(instruction, payment)
        case ResultCode.IDENTIFY_SHOPPER | ResultCode.CHALLENGE_SHOPPER:
            return _to_be_continued(instruction, payment)
        case _:
            return Unknown(f"the result is {payment.result_code}, which answers nothing that was asked")


def _authorised(payment: Payment) -> Outcome:
    """Believe the amount that is stated; without one the webhook, which has one always, will say."""
    if payment.psp_reference is None:
        return Unknown("authorised, it says, but under no reference")
    if payment.amount is None:
        return AcceptedPending(payment.psp_reference)
    amount = payment.amount.stated()
    if amount is None:
        return Unknown("the answer states no amount that exists")
    return Succeeded(payment.psp_reference, amount)


def _to_be_continued(instruction: Instruction, payment: Payment) -> AcceptedPending:
    """Send the customer on where there is an address; until Adyen names the payment, our key does."""
    reference, action = payment.psp_reference or instruction.key, payment.action
    if action is None or action.url is None:
        return AcceptedPending(reference)
    fields = action.data if action.method == "POST" else None
    return AcceptedPending(reference, action.url, fields)


def _received(instruction: Instruction, modification: Modification) -> Outcome:
    if modification.reference not in {None, instruction.key}:
        return Unknown("the answer is about another operation")
    about = modification.payment_psp_reference or modification.payment_reference
    if about != instruction.provider_reference:
        return Unknown("the answer is about another payment")
    if modification.status != "received":
        return Unknown(f"its status is {cleaned(modification.status, length_max=64)}")
    return AcceptedPending(modification.psp_reference)


def _refused(response: HttpResponse) -> Outcome:
    """Only a refusal in Adyen's own words is definite, and neither a 5xx nor a 429 is said to have done nothing."""
    refused = find_read(response.body, Refused)
    if refused is None or refused.status != response.status:
        return unreadable(response)
    if refused.error_code == _KEY_IN_USE:
        return Unknown("the key is in use, or was used before")
    if response.status in _KEY_NOT_TAKEN:
        return NotSent("not processed: the key was not taken")
    if response.status in _INVALID:
        return Rejected(refused.error_code, Decline.INVALID, cleaned(refused.message))
    return Unknown(f"status {response.status}, {refused.error_code}")
