"""What the sandbox gateway's answers to a question mean, and how its books are read."""

import pytest

from adapters.providerkit.messages import HttpResponse
from domain.money import amount_of
from domain.providers import (
    AcceptedPending,
    BookLine,
    Decline,
    Missing,
    Rejected,
    Succeeded,
    Unknown,
)
from tests.adapters.providers.sandbox.examples import (
    ADAPTER,
    authorize,
    charge,
    operation,
    refusal,
    said,
)

EUR_10 = amount_of(1000, "EUR")


def test_look_up_finds_an_authorization_whatever_became_of_its_charge() -> None:
    for status, captured in [("authorized", 0), ("captured", 300), ("voided", 0)]:
        found = ADAPTER.parse_look_up(
            authorize(), said(operation(charge=charge(status=status, captured=captured, refunded=captured)))
        )

        assert found == Succeeded("ch_1", EUR_10)


def test_look_up_of_an_authorization_with_capture_wants_it_captured() -> None:
    captured = operation(charge=charge(status="captured", captured=1000, refunded=1000))

    assert ADAPTER.parse_look_up(authorize(capture=True), said(captured)) == Succeeded("ch_1", EUR_10)
    assert isinstance(ADAPTER.parse_look_up(authorize(capture=True), said(operation())), Unknown)


def test_look_up_gives_the_state_as_of_now() -> None:
    waiting = charge(status="requires_action", action_url="https://bank.example/3ds")
    declined = operation(state="declined", code="stolen_card", decline_kind="hard", message="No.")
    failed = operation(state="failed", code="amount_exceeds_capture", decline_kind="invalid")

    assert ADAPTER.parse_look_up(authorize(), said(operation(state="pending"))) == AcceptedPending("ch_1")
    assert ADAPTER.parse_look_up(
        authorize(), said(operation(state="requires_action", charge=waiting))
    ) == AcceptedPending("ch_1", "https://bank.example/3ds")
    assert ADAPTER.parse_look_up(authorize(), said(declined)) == Rejected("stolen_card", Decline.HARD, "No.", "ch_1")
    assert ADAPTER.parse_look_up(authorize(), said(failed)) == Rejected(
        "amount_exceeds_capture", Decline.INVALID, "", "ch_1"
    )


def test_operation_is_missing_only_in_the_gateways_own_words() -> None:
    def found(response: HttpResponse) -> object:
        return type(ADAPTER.parse_look_up(authorize(), response))

    assert found(said(refusal("operation_not_found"), 404)) is Missing
    assert found(said(refusal("not_found"), 404)) is Unknown
    assert found(said(refusal("operation_not_found"), 410)) is Unknown
    assert found(said(refusal("operation_not_found"))) is Unknown
    assert found(HttpResponse(status=404, body=b"404 page not found")) is Unknown
    assert found(HttpResponse(status=404, body=b"operation_not_found")) is Unknown


@pytest.mark.parametrize("status", [201, 204, 301, 400, 401, 403, 409, 422, 429, 500, 503])
def test_look_up_that_is_not_answered_says_nothing(status: int) -> None:
    assert isinstance(ADAPTER.parse_look_up(authorize(), said(operation(), status)), Unknown)
    assert isinstance(ADAPTER.parse_look_up(authorize(), said(refusal("unauthorized"), status)), Unknown)


def test_books_are_asked_page_by_page() -> None:
    first, next_page = ADAPTER.build_books_page("acct 1&x", None), ADAPTER.build_books_page("acct_1", "a&b")

    assert first.url == "http://gateway.example/base/v1/books?account=acct%201%26x&limit=200"
    assert next_page.url == "http://gateway.example/base/v1/books?account=acct_1&limit=200&after=a%26b"


def test_page_of_books_is_read() -> None:
    line = {"charge": "ch_1", "payment": "pay_1", "currency": "KWD", "captured": 5, "refunded": 2}

    page = ADAPTER.parse_books_page(said({"lines": [line], "next": "7"}))

    assert page is not None
    assert page.next_cursor == "7"
    assert page.lines == (
        BookLine(provider_reference="ch_1", payment_id="pay_1", currency="KWD", captured_minor=5, refunded_minor=2),
    )


@pytest.mark.parametrize(
    "response", [said({"lines": []}), said({"lines": [{}], "next": None}), said({"lines": [], "next": None}, 500)]
)
def test_what_is_no_page_of_books_is_not_taken_for_an_empty_one(response: HttpResponse) -> None:
    assert ADAPTER.parse_books_page(response) is None
