"""What Stripe's errors prove: a decline, a request that cannot work, that nothing was done, or nothing at all."""

from http import HTTPStatus

import msgspec

from adapters.providerkit.messages import HttpResponse
from adapters.providerkit.reading import cleaned, find_read, unreadable
from adapters.providers.stripe.client import Id
from adapters.providers.stripe.objects import Code, Metadata, PaymentError, key_of
from domain.providers import Decline, NotSent, Rejected, Unknown

_SOFT = (
    "card_declined generic_decline do_not_honor insufficient_funds call_issuer approve_with_id "
    "authentication_required card_not_supported card_velocity_exceeded currency_not_supported issuer_not_available "
    "no_action_taken not_permitted processing_error reenter_transaction service_not_allowed try_again_later "
    "withdrawal_count_limit_exceeded transaction_not_allowed"
)
"""Declines after which another provider may be asked: the issuer's mood, limits and means, or the way to it.

Everything else is hard, above all `lost_card`, `stolen_card`, `pickup_card` and `fraudulent`, and so is a code that
nobody knows yet.
"""

_SOFT_CODES = frozenset(_SOFT.split())

_NOT_PROCESSED = {
    (HTTPStatus.TOO_MANY_REQUESTS, "rate_limit"),
    (HTTPStatus.TOO_MANY_REQUESTS, "lock_timeout"),
}
"""Status and code of the refusals after which, by Stripe's documentation, nothing of the request was done."""

_KEY_NOT_TAKEN = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_INVALID = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}


class ErrorIntent(msgspec.Struct, frozen=True):
    """The intent that a decline names."""

    id: Id
    metadata: Metadata = None


class Error(msgspec.Struct, frozen=True):
    """The `error` of an answer that refuses."""

    type: Code
    code: Code | None = None
    decline_code: Code | None = None
    message: str | None = None
    payment_intent: ErrorIntent | None = None


class Refused(msgspec.Struct, frozen=True):
    """The body of an answer that refuses."""

    error: Error


def refused(key: str, response: HttpResponse) -> Rejected | NotSent | Unknown:
    """Read an answer that is no success. Only Stripe's own words are definite: a proxy may answer with any status.

    A 5xx is doubt, the replay of one as well: the same key would only hear it again, and another key could charge
    twice. So are `idempotency_error` (the key was used for something) and a 409 (the same key is under way).
    """
    said = find_read(response.body, Refused)
    if said is None:
        return unreadable(response)
    error = said.error
    if error.type == "idempotency_error" or error.code == "idempotency_key_in_use":
        return Unknown(f"the key was used before: {error.code or error.type}")
    if error.payment_intent is not None and key_of(error.payment_intent.metadata) not in {None, key}:
        return Unknown("the answer is about another operation")
    if response.status in _KEY_NOT_TAKEN:
        return NotSent("not processed: the key was not taken")
    if (response.status, error.code) in _NOT_PROCESSED:
        return NotSent(f"not processed: {error.code}")
    reference = None if error.payment_intent is None else error.payment_intent.id
    if response.status == HTTPStatus.PAYMENT_REQUIRED and error.code is not None:
        return declined(error, reference)
    if response.status in _INVALID:
        return Rejected(error.code or error.type, Decline.INVALID, cleaned(error.message or ""), reference)
    return Unknown(f"status {response.status}, {error.code or error.type}")


def declined(error: Error | PaymentError, reference: str | None) -> Rejected:
    """Read a decline; the issuer's `decline_code` says more than the `code` of the error."""
    code = error.decline_code or error.code or "declined"
    return Rejected(
        code, Decline.SOFT if code in _SOFT_CODES else Decline.HARD, cleaned(error.message or ""), reference
    )
