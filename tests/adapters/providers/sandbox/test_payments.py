"""What the sandbox gateway's answers to an operation mean."""

import pytest

from adapters.providerkit.messages import HttpResponse
from domain.money import amount_of
from domain.providers import (
    AcceptedPending,
    Decline,
    NotSent,
    OperationKind,
    Rejected,
    Succeeded,
    Unknown,
)
from tests.adapters.providers.sandbox.examples import (
    ADAPTER,
    authorize,
    charge,
    later,
    movement,
    operation,
    refusal,
    said,
)

CAPTURE, VOID, REFUND = OperationKind.CAPTURE, OperationKind.VOID, OperationKind.REFUND


def test_authorization_succeeds_with_the_amount_that_the_gateway_states() -> None:
    outcome = ADAPTER.parse_response(authorize(), said(charge(authorized=1001, currency="JPY"), 201))

    assert outcome == Succeeded("ch_1", amount_of(1001, "JPY"))


def test_authorization_with_capture_succeeds_only_when_captured() -> None:
    captured = charge(status="captured", captured=999)

    assert ADAPTER.parse_response(authorize(capture=True), said(captured, 201)) == Succeeded(
        "ch_1", amount_of(999, "EUR")
    )
    assert isinstance(ADAPTER.parse_response(authorize(capture=True), said(charge(), 201)), Unknown)
    assert isinstance(ADAPTER.parse_response(authorize(capture=False), said(captured, 201)), Unknown)


def test_waiting_authorization_is_accepted_and_says_where_the_customer_goes() -> None:
    waiting = charge(status="requires_action", authorized=0, action_url="https://bank.example/3ds")

    assert ADAPTER.parse_response(authorize(), said(waiting, 201)) == AcceptedPending(
        "ch_1", "https://bank.example/3ds"
    )
    assert ADAPTER.parse_response(authorize(), said(charge(status="pending"), 201)) == AcceptedPending("ch_1")


@pytest.mark.parametrize(("kind", "decline"), [("soft", Decline.SOFT), ("hard", Decline.HARD)])
def test_decline_is_a_rejection_of_its_kind(kind: str, decline: Decline) -> None:
    body = refusal("insufficient_funds", kind, charge=charge(status="declined"))

    outcome = ADAPTER.parse_response(authorize(), said(body, 402))

    assert outcome == Rejected("insufficient_funds", decline, "Because.", "ch_1")


def test_answer_about_another_payment_or_charge_is_believed_in_nothing() -> None:
    other = charge(payment="pay_2")

    assert isinstance(ADAPTER.parse_response(authorize(), said(other, 201)), Unknown)
    assert isinstance(ADAPTER.parse_response(authorize(), said(refusal("x", "hard", charge=other), 402)), Unknown)
    assert isinstance(ADAPTER.parse_response(later(REFUND), said(movement(charge="ch_2"), 201)), Unknown)
    assert isinstance(ADAPTER.parse_look_up(authorize(), said(operation(charge=other))), Unknown)
    assert isinstance(ADAPTER.parse_look_up(authorize(), said(operation(key="op_9"))), Unknown)
    assert isinstance(ADAPTER.parse_look_up(authorize(), said(operation(kind="void"))), Unknown)
    elsewhere = operation(key="op_2", kind="refund", charge=charge(id="ch_2"))
    assert isinstance(ADAPTER.parse_look_up(later(REFUND), said(elsewhere)), Unknown)


# Answers to what follows.


@pytest.mark.parametrize("kind", [CAPTURE, VOID, REFUND])
def test_later_operation_succeeds_with_the_amount_that_moved(kind: OperationKind) -> None:
    assert ADAPTER.parse_response(later(kind), said(movement(), 201)) == Succeeded("ch_1", amount_of(400, "EUR"))


def test_refund_is_what_its_status_says() -> None:
    pending = ADAPTER.parse_response(later(REFUND), said(movement(status="pending"), 201))
    failed = ADAPTER.parse_response(later(REFUND), said(movement(status="failed"), 201))

    assert pending == AcceptedPending("ch_1")
    assert failed == Rejected("refund_failed", Decline.HARD, "", "ch_1")


# Refusals.


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "request_malformed"),
        (404, "charge_not_found"),
        (413, "body_too_large"),
        (422, "amount_exceeds_capture"),
        (422, "source_unknown"),
    ],
)
def test_refusal_of_the_request_is_our_fault(status: int, code: str) -> None:
    outcome = ADAPTER.parse_response(later(REFUND), said(refusal(code), status))

    assert outcome == Rejected(code, Decline.INVALID, "Because.")


@pytest.mark.parametrize(("status", "code"), [(401, "unauthorized"), (403, "forbidden"), (429, "rate_limited")])
def test_request_that_was_not_looked_at_was_not_sent(status: int, code: str) -> None:
    assert isinstance(ADAPTER.parse_response(authorize(), said(refusal(code), status)), NotSent)


@pytest.mark.parametrize(
    "response",
    [
        said(charge(), 202),
        said(charge(), 204),
        said({}, 301),
        said(refusal("unauthorized"), 400 + 18),
        HttpResponse(status=401, body=b"<html>proxy</html>"),
        HttpResponse(status=402, body=b""),
        said(refusal("odd"), 402),
        HttpResponse(status=404, body=b"404 page not found"),
        said(refusal("idempotency_mismatch"), 409),
        HttpResponse(status=422, body=b"[]"),
        HttpResponse(status=429, body=b"slow down"),
        said(refusal("other"), 429),
        said(refusal("internal_error"), 500),
        said(refusal("rate_limited"), 503),
        HttpResponse(status=200, body=b'{"id": "ch_\xff'),
        said(charge(status="splendid"), 201),
        said(charge(authorized=-1), 201),
        said(charge(authorized=2**53), 201),
        said(charge(authorized=10.5), 201),
        said(charge(authorized="1000"), 201),
        said(charge(currency="XXX"), 201),
        said(charge(currency=""), 201),
        said(charge(id="ch 1\0"), 201),
        said(charge(status="voided"), 201),
        said(charge(status="requires_action", action_url="javascript:alert(1)"), 201),
    ],
)
def test_whatever_is_not_said_for_sure_is_unknown(response: HttpResponse) -> None:
    assert isinstance(ADAPTER.parse_response(authorize(), response), Unknown)


def test_foreign_message_is_kept_short_and_printable() -> None:
    body = {"error": {"code": "odd", "message": "a\0b\x1b[31m\u202e" + "x" * 10_000}}

    outcome = ADAPTER.parse_response(authorize(), said(body, 422))

    assert isinstance(outcome, Rejected)
    assert outcome.message.startswith("ab[31mxxx")
    assert len(outcome.message) < 500
