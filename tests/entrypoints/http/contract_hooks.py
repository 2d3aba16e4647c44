"""What schemathesis has to know of this service beyond its document; loaded by `SCHEMATHESIS_HOOKS`."""

from typing import Any
from uuid import uuid4

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response

MISUNDERSTOOD = frozenset(
    {"VAL_FIELD", "REQUEST_MALFORMED", "REQUEST_TOO_LARGE", "MEDIA_TYPE_UNSUPPORTED", "IDEM_KEY_REQUIRED"}
)
"""Codes that say that a request broke the form that the document gives. A cursor is opaque: it has no form."""

KEY = "Idempotency-Key"


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Let valid requests get beyond the door: a key that was not used before, a token that the sandbox knows.

    Of generated keys most would be used twice, and nearly every generated token is one that the sandbox refuses.
    """
    if not _is_valid(case):
        return
    if KEY in case.headers:
        case.headers[KEY] = uuid4().hex
    if isinstance(case.body, dict) and "payment_method" in case.body:
        case.body = {**case.body, "payment_method": "tok_success", "currency": "EUR", "provider": None}


@schemathesis.check
def valid_requests_are_understood(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """A request that has the form of the document may be refused for what it asks, never for its form.

    This stands for `positive_data_acceptance`, which takes every 422 for a fault: that there is nothing left to refund
    is no matter of form.
    """
    if not _is_valid(case) or response.status_code < 400 or _has_a_fraction(case.body):
        return
    code = response.json().get("code")
    assert code not in MISUNDERSTOOD, f"{code}: {response.json()['detail']}"


def _is_valid(case: Case[Any]) -> bool:
    return case.meta is not None and case.meta.generation.mode.is_positive


def _has_a_fraction(body: object) -> bool:
    """JSON Schema takes 1.0 for an integer; money does not, and there is no way to write that into a schema."""
    return isinstance(body, dict) and any(isinstance(value, float) for value in body.values())
