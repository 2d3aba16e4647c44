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
    if isinstance(case.body, dict) and case.path.startswith("/v1/provider-accounts"):
        case.body = _configured(case.method, case.body)
    if isinstance(case.body, dict) and case.path == "/v1/beneficiaries" and case.body.get("type") in ACCOUNTS:
        named: Any = {**case.body, **ACCOUNTS[str(case.body["type"])]}
        case.body = named
    if isinstance(case.body, dict) and (body := _in_one_form(_filled(case.path, case.body))) != case.body:
        case.body = body


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
    if isinstance(body, dict):
        return any(_has_a_fraction(value) for value in body.values())
    if isinstance(body, list):
        return any(_has_a_fraction(value) for value in body)
    return isinstance(body, float)


LEAST: dict[str, dict[str, object]] = {
    "/v1/transfers": {"debit_account": "a", "credit_account": "b", "amount": 1, "currency": "EUR"},
    "/v1/ledger/limits": {"account": "a", "count_max": 1},
}
"""What some forms need, though no field is needed in all of them: the coverage phase leaves all of it out."""


CONNECTION: dict[str, object] = {
    "provider": "esewa",
    "config": {"form_url": "http://127.0.0.1:1", "status_url": "http://127.0.0.1:1", "product_code": "EPAYTEST"},
    "credentials": {"secret_key": "test_key", "callback_secrets": ["test_secret"]},
}
"""What the schemas of a provider ask for, which the document cannot know; one that has no books to be proved."""


ACCOUNTS: dict[str, dict[str, object]] = {
    "iban": {"iban": "DE89370400440532013000", "bic": None, "account_number": None, "bank_code": None, "country": None},
    "account": {"iban": None, "bic": None, "account_number": "0123456789", "bank_code": "NARBNPKA", "country": "NP"},
    "wallet": {"iban": None, "bic": None, "account_number": "9800000000", "bank_code": None, "country": "NP"},
}
"""What names an account of each type; a schema cannot say what an IBAN's check digits are."""


def _configured(method: str, body: dict[str, Any]) -> dict[str, Any]:
    """Connect as that provider takes it; change nothing, as the account may be the one that payments go to."""
    if method == "POST" and "version" not in body:
        return body | CONNECTION
    known = {name: CONNECTION[name] for name in ("config", "credentials") if name in body}
    return body | known | {"expected_version": 2**31 - 1}


def _filled(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Complete a body to the least of its forms; what is too much of it goes in the next step."""
    return body if "legs" in body else {**LEAST.get(path, {}), **body}


def _in_one_form(body: Any) -> Any:
    """Leave of what excludes each other what makes one of the document's forms; anything else stays as it is.

    The coverage phase calls valid what combines all the properties that `oneOf` keeps apart.
    """
    if isinstance(body, list):
        return [_in_one_form(item) for item in body]
    if not isinstance(body, dict):
        return body
    excluded: set[str] = set()
    if "legs" in body:
        excluded = {"debit_account", "credit_account", "amount", "currency", "splits"}
    elif "splits" in body:
        excluded = {"credit_account"}
    if body.get("scope") in {"tenant", "account", "api_key"}:
        excluded |= {"account", "api_key_id"} - {{"account": "account", "api_key": "api_key_id"}.get(body["scope"], "")}
    if "policy" in body and body["policy"] != "limit":
        excluded |= {"limit"}
    parts = [name for name in ("fixed", "percent", "remainder") if name in body]
    return {name: _in_one_form(value) for name, value in body.items() if name not in {*excluded, *parts[1:]}}
