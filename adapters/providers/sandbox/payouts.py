"""Translates payouts into the sandbox gateway's words, and its answers into outcomes."""

from http import HTTPStatus

from adapters.providerkit.messages import CannotBuildError, HttpRequest, HttpResponse
from adapters.providerkit.reading import cleaned, find_read, unreadable
from adapters.providers.sandbox.client import Access, Payout, PayoutStatus, RefusalKind, Refused, get, post, quoted
from domain.currencies import EXPONENTS
from domain.money import Currency, Money
from domain.providers import (
    AcceptedPending,
    Comeback,
    Decline,
    Finding,
    Instruction,
    Missing,
    NotSent,
    Outcome,
    Rejected,
    Succeeded,
    Unknown,
)

_NOT_PROCESSED = {(401, "unauthorized"), (403, "forbidden"), (429, "rate_limited")}
_INVALID = {400, 404, 413, 422}
_DONE = {HTTPStatus.OK, HTTPStatus.CREATED}
_DECLINES = {RefusalKind.SOFT: Decline.SOFT, RefusalKind.HARD: Decline.HARD, RefusalKind.INVALID: Decline.INVALID}


def build_payout(access: Access, instruction: Instruction) -> HttpRequest:
    """Say a payout in the gateway's words. Raises CannotBuildError when nobody is named."""
    payee = instruction.payee
    if payee is None:
        raise CannotBuildError("a payout needs a payee")
    body = {
        "account": instruction.account,
        "payout": instruction.payment_id,
        "amount": instruction.amount.minor,
        "currency": instruction.amount.currency,
        "name": payee.name,
        "country": payee.country,
        "destination": payee.iban or payee.account_number,
        "bank": payee.bic or payee.bank_code,
        "reference": instruction.reference,
        "callback_url": instruction.callback_url,
    }
    return post(access, "/v1/payouts", key=instruction.key, body=body)


def build_look_up(access: Access, instruction: Instruction) -> HttpRequest:
    """Ask what became of the payout of a key."""
    return get(access, f"/v1/payouts/{quoted(instruction.key)}")


def parse_payout(instruction: Instruction, response: HttpResponse) -> Outcome:
    """Read the first answer to a payout, or the same again after a repetition."""
    if response.status not in _DONE:
        return _refused(response)
    return _told(instruction, response)


def parse_look_up(instruction: Instruction, response: HttpResponse) -> Finding:
    """Read what became of a payout. Only the exact words `payout_not_found` mean that it is missing."""
    if response.status == HTTPStatus.NOT_FOUND:
        refused = find_read(response.body, Refused)
        if refused is not None and refused.error.code == "payout_not_found":
            return Missing("payout_not_found")
    if response.status != HTTPStatus.OK:
        return unreadable(response)
    return _told(instruction, response)


def _told(instruction: Instruction, response: HttpResponse) -> Outcome:
    payout = find_read(response.body, Payout)
    if payout is None:
        return unreadable(response)
    if payout.key != instruction.key or payout.payout != instruction.payment_id:
        return Unknown("the answer is about another payout")
    match payout.status:
        case PayoutStatus.PENDING:
            return AcceptedPending(payout.id)
        case PayoutStatus.PAID if payout.currency not in EXPONENTS:
            return Unknown("the answer states a currency that does not exist")
        case PayoutStatus.PAID:
            return Succeeded(payout.id, Money(payout.amount, Currency(payout.currency)))
        case PayoutStatus.FAILED | PayoutStatus.RETURNED:
            comeback = Comeback.RETURNED if payout.status is PayoutStatus.RETURNED else None
            code = str(payout.status) if payout.failure is None else payout.failure.code
            message = "" if payout.failure is None else cleaned(payout.failure.message)
            return Rejected(code, Decline.HARD, message, payout.id, comeback)


def _refused(response: HttpResponse) -> Outcome:
    """Only a refusal in the gateway's own words is definite: a proxy on the way may answer with any status."""
    refused = find_read(response.body, Refused)
    if refused is None:
        return unreadable(response)
    error = refused.error
    if (response.status, error.code) in _NOT_PROCESSED:
        return NotSent(f"not processed: {error.code}")
    if response.status == HTTPStatus.PAYMENT_REQUIRED and error.kind is not None:
        return Rejected(error.code, _DECLINES[error.kind], cleaned(error.message))
    if response.status in _INVALID:
        return Rejected(error.code, Decline.INVALID, cleaned(error.message))
    return Unknown(f"status {response.status}, {error.code}")
