"""What Stripe's answers mean: in doubt, nothing."""

import json
from pathlib import Path

import pytest

from adapters.providerkit.messages import HttpRequest, HttpResponse
from adapters.providers.stripe.adapter import StripeAdapter
from domain.money import amount_of
from domain.providers import (
    AcceptedPending,
    Comeback,
    Decline,
    Finding,
    Missing,
    NotSent,
    OperationKind,
    Rejected,
    Succeeded,
    Unknown,
    Verification,
)
from tests.adapters.providers.stripe.examples import (
    ADAPTER,
    authorize,
    error,
    intent,
    later,
    paid_out,
    payout,
    refund,
    said,
)

FIXTURES = json.loads((Path(__file__).parents[3] / "data" / "stripe" / "fixtures3-excerpt.json").read_text("utf-8"))
RESOURCES = FIXTURES["resources"]

EUR_20 = amount_of(2000, "EUR")
CAPTURED = {"capture_method": "automatic", "status": "succeeded", "amount_received": 2000}
FAILED = {"code": "card_declined", "decline_code": "stolen_card", "message": "No.", "type": "card_error"}


@pytest.mark.parametrize(
    ("capture", "changes", "expected"),
    [
        (False, {}, Succeeded("pi_1", EUR_20)),
        (True, CAPTURED, Succeeded("pi_1", EUR_20)),
        (True, CAPTURED | {"amount_received": 1999}, Succeeded("pi_1", amount_of(1999, "EUR"))),
        (False, {"status": "succeeded", "amount_received": 500}, Succeeded("pi_1", EUR_20)),
        (False, {"status": "processing"}, AcceptedPending("pi_1")),
        (False, {"status": "canceled"}, Rejected("canceled", Decline.HARD, "The payment intent was canceled.", "pi_1")),
        (
            False,
            {"status": "requires_payment_method", "last_payment_error": FAILED},
            Rejected("stolen_card", Decline.HARD, "No.", "pi_1"),
        ),
        (
            False,
            {
                "status": "requires_action",
                "next_action": {"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.example/3ds?a=1"}},
            },
            AcceptedPending("pi_1", "https://bank.example/3ds?a=1"),
        ),
        (
            False,
            {"status": "requires_action", "next_action": {"type": "use_stripe_sdk", "use_stripe_sdk": {}}},
            AcceptedPending("pi_1"),
        ),
    ],
)
def test_state_of_an_intent_is_the_outcome_of_its_authorization(
    *, capture: bool, changes: dict[str, object], expected: Finding
) -> None:
    instruction = authorize(capture=capture)

    assert ADAPTER.parse_response(instruction, said(intent(**changes))) == expected
    named = authorize(capture=capture, provider_reference="pi_1")
    assert ADAPTER.parse_look_up(named, said(intent(**changes))) == expected
    page = {"data": [{"id": "pi_0", "metadata": None}, intent(**changes)], "has_more": True}
    assert ADAPTER.parse_look_up(instruction, said(page)) == expected


@pytest.mark.parametrize(
    ("capture", "changes"),
    [
        (False, CAPTURED),
        (True, {}),
        (True, {"capture_method": "automatic"}),
        (False, {"status": "requires_confirmation"}),
        (False, {"status": "requires_payment_method"}),
        (False, {"status": "something_new"}),
        (False, {"metadata": {"operation_key": "op_9"}}),
        (False, {"metadata": {}}),
        (False, {"currency": "xxx"}),
        (True, CAPTURED | {"currency": "isk", "amount_received": 1050}),
        (True, CAPTURED | {"amount_received": None}),
        (False, {"amount": 20.5}),
        (False, {"id": "pi 1"}),
    ],
)
def test_intent_that_is_not_what_was_asked_for_leaves_doubt(*, capture: bool, changes: dict[str, object]) -> None:
    assert isinstance(ADAPTER.parse_response(authorize(capture=capture), said(intent(**changes))), Unknown)


@pytest.mark.parametrize(
    ("charge", "amount"),
    [
        ({"id": "ch_1", "amount": 2000, "amount_captured": 500, "amount_refunded": 1500}, 500),
        ({"id": "ch_1", "amount": 2000, "amount_captured": 500, "amount_refunded": 0}, 500),
        ({"id": "ch_1", "amount": 2000, "amount_refunded": 1500}, 500),
    ],
)
def test_amount_of_a_capture_is_read_from_an_expanded_charge_where_the_intent_does_not_tell_it(
    charge: dict[str, object], amount: int
) -> None:
    body = intent(status="succeeded", latest_charge=charge)
    del body["amount_received"]

    outcome = ADAPTER.parse_response(later(OperationKind.CAPTURE), said(body))

    assert outcome == Succeeded("pi_1", amount_of(amount, "EUR"))


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        (OperationKind.CAPTURE, "requires_capture", Missing("the intent is not captured")),
        (OperationKind.CAPTURE, "processing", AcceptedPending("pi_1")),
        (OperationKind.VOID, "canceled", Succeeded("pi_1", EUR_20)),
        (OperationKind.VOID, "requires_capture", Missing("the intent is not canceled")),
        (OperationKind.VOID, "requires_action", Missing("the intent is not canceled")),
        (
            OperationKind.VOID,
            "succeeded",
            Rejected("payment_intent_unexpected_state", Decline.INVALID, "It is captured.", "pi_1"),
        ),
    ],
)
def test_state_of_an_intent_tells_whether_it_was_captured_or_canceled(
    kind: OperationKind, status: str, expected: Finding
) -> None:
    assert ADAPTER.parse_look_up(later(kind), said(intent(status=status))) == expected
    answered = ADAPTER.parse_response(later(kind), said(intent(status=status)))
    assert answered == expected or (isinstance(expected, Missing) and isinstance(answered, Unknown))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Succeeded("re_1", amount_of(500, "EUR"))),
        ({"status": "pending"}, AcceptedPending("re_1")),
        ({"status": "requires_action"}, AcceptedPending("re_1")),
        (
            {"status": "failed", "failure_reason": "lost_or_stolen_card"},
            Rejected("lost_or_stolen_card", Decline.HARD, "", "re_1"),
        ),
        ({"status": "canceled"}, Rejected("refund_canceled", Decline.HARD, "", "re_1")),
        ({"metadata": {}}, Unknown("the answer is about another operation")),
        ({"payment_intent": "pi_2"}, Unknown("the answer is about another payment")),
        (
            {"metadata": {"operation_key": "op_2", "payment_id": "pay_2"}},
            Unknown("the answer is about another payment"),
        ),
    ],
)
def test_state_of_a_refund_is_its_outcome(changes: dict[str, object], expected: Finding) -> None:
    instruction = later(OperationKind.REFUND)

    assert ADAPTER.parse_response(instruction, said(refund(**changes))) == expected
    named = later(OperationKind.REFUND, operation_reference="re_1")
    assert ADAPTER.parse_look_up(named, said(refund(**changes))) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "paid"}, Succeeded("po_1", EUR_20)),
        ({}, AcceptedPending("po_1")),
        ({"status": "in_transit"}, AcceptedPending("po_1")),
        (
            {"status": "failed", "failure_code": "account_closed", "failure_message": "Closed."},
            Rejected("account_closed", Decline.HARD, "Closed.", "po_1", Comeback.RETURNED),
        ),
        ({"status": "canceled"}, Rejected("payout_canceled", Decline.HARD, "", "po_1")),
        ({"metadata": {"operation_key": "op_9"}}, Unknown("the answer is about another operation")),
        (
            {"metadata": {"operation_key": "op_3", "payment_id": "pay_2"}},
            Unknown("the answer is about another operation"),
        ),
    ],
)
def test_state_of_a_payout_is_its_outcome(changes: dict[str, object], expected: Finding) -> None:
    assert ADAPTER.parse_payout(payout(), said(paid_out(**changes))) == expected
    assert ADAPTER.parse_look_up(payout(operation_reference="po_1"), said(paid_out(**changes))) == expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, error("invalid_request_error"), NotSent("not processed: the key was not taken")),
        (403, error("invalid_request_error"), NotSent("not processed: the key was not taken")),
        (429, error("invalid_request_error", "rate_limit"), NotSent("not processed: rate_limit")),
        (429, error("invalid_request_error", "lock_timeout"), NotSent("not processed: lock_timeout")),
        (429, error("invalid_request_error"), Unknown("status 429, invalid_request_error")),
        (
            409,
            error("invalid_request_error", "idempotency_key_in_use"),
            Unknown("the key was used before: idempotency_key_in_use"),
        ),
        (400, error("idempotency_error"), Unknown("the key was used before: idempotency_error")),
        (
            400,
            error("invalid_request_error", "amount_too_small"),
            Rejected("amount_too_small", Decline.INVALID, "Because."),
        ),
        (
            404,
            error("invalid_request_error", "resource_missing"),
            Rejected("resource_missing", Decline.INVALID, "Because."),
        ),
        (402, error("card_error", "expired_card"), Rejected("expired_card", Decline.HARD, "Because.")),
        (500, error("api_error"), Unknown("status 500, api_error")),
        (503, error("api_error", "rate_limit"), Unknown("status 503, rate_limit")),
        (202, intent(), Unknown("status 202, no answer that could be read")),
    ],
)
def test_errors_prove_what_stripe_says_of_them_and_no_more(
    status: int, body: dict[str, object], expected: Finding
) -> None:
    assert ADAPTER.parse_response(authorize(), said(body, status)) == expected
    assert ADAPTER.parse_payout(payout(), said(body, status)) == expected


@pytest.mark.parametrize("status", [200, 301, 400, 402, 404, 429, 500, 502])
def test_text_proves_nothing_whatever_its_status(status: int) -> None:
    response = HttpResponse(status=status, body=b"404: Not Found")

    assert isinstance(ADAPTER.parse_response(authorize(), response), Unknown)
    assert isinstance(ADAPTER.parse_look_up(authorize(), response), Unknown)
    assert ADAPTER.parse_verification(response) is Verification.UNKNOWN


def test_replayed_failure_is_doubt_like_the_first() -> None:
    replayed = HttpResponse(status=500, headers={"idempotent-replayed": "true"}, body=said(error("api_error")).body)

    assert isinstance(ADAPTER.parse_response(authorize(), replayed), Unknown)


@pytest.mark.parametrize("code", ["do_not_honor", "insufficient_funds", "generic_decline", "issuer_not_available"])
def test_moods_and_limits_of_the_issuer_are_soft(code: str) -> None:
    outcome = ADAPTER.parse_response(authorize(), said(error("card_error", "card_declined", decline_code=code), 402))

    assert outcome == Rejected(code, Decline.SOFT, "Because.")


@pytest.mark.parametrize(
    "code", ["lost_card", "stolen_card", "fraudulent", "pickup_card", "expired_card", "never_heard"]
)
def test_cards_that_must_not_be_tried_again_are_hard_and_so_is_what_nobody_knows(code: str) -> None:
    outcome = ADAPTER.parse_response(authorize(), said(error("card_error", "card_declined", decline_code=code), 402))

    assert outcome == Rejected(code, Decline.HARD, "Because.")


def test_decline_names_the_intent_that_it_left_behind_unless_that_is_another_operations() -> None:
    ours = error("card_error", "card_declined", payment_intent=intent(status="requires_payment_method"))
    theirs = error("card_error", "card_declined", payment_intent=intent(metadata={"operation_key": "op_9"}))

    assert ADAPTER.parse_response(authorize(), said(ours, 402)) == Rejected(
        "card_declined", Decline.SOFT, "Because.", "pi_1"
    )
    assert isinstance(ADAPTER.parse_response(authorize(), said(theirs, 402)), Unknown)


def test_look_up_that_is_refused_says_nothing_of_the_operation() -> None:
    gone = said(error("invalid_request_error", "resource_missing"), 404)

    finding = ADAPTER.parse_look_up(authorize(provider_reference="pi_1"), gone)

    assert finding == Unknown("it is not shown: resource_missing")


@pytest.mark.parametrize(("kind", "status"), [(OperationKind.CAPTURE, "succeeded"), (OperationKind.VOID, "canceled")])
@pytest.mark.parametrize("other", [{"id": "pi_2"}, {"metadata": {"payment_id": "pay_2"}}])
def test_answer_about_another_payment_is_no_answer(kind: OperationKind, status: str, other: dict[str, object]) -> None:
    body = intent(status=status, amount_received=2000, **other)

    assert ADAPTER.parse_response(later(kind), said(body)) == Unknown("the answer is about another payment")
    assert ADAPTER.parse_look_up(later(kind), said(body)) == Unknown("the answer is about another payment")


def test_missing_is_said_only_after_the_last_page() -> None:
    other = {"id": "pi_7", "metadata": {}}

    onward = ADAPTER.parse_look_up(authorize(), said({"data": [other], "has_more": True}))
    nothing = ADAPTER.parse_look_up(authorize(), said({"data": [other], "has_more": False}))
    strange = ADAPTER.parse_look_up(authorize(), said({"data": [{"no": "id"}], "has_more": False}))
    endless = ADAPTER.parse_look_up(authorize(), said({"data": [], "has_more": True}))

    assert isinstance(onward, HttpRequest)
    assert onward.url == "https://stripe.example/v1/payment_intents?limit=100&starting_after=pi_7"
    assert nothing == Missing("no object of Stripe's carries this key")
    assert isinstance(strange, Unknown)
    assert isinstance(endless, Unknown)


def test_stripes_own_example_objects_are_read() -> None:
    key = {"metadata": {"operation_key": "op_1"}}
    a_refund = RESOURCES["refund"] | key
    a_payout = RESOURCES["payout"] | key
    an_intent = RESOURCES["payment_intent"] | key

    refunded = ADAPTER.parse_response(
        later(OperationKind.REFUND, key="op_1", provider_reference=a_refund["charge"]), said(a_refund)
    )
    pending = ADAPTER.parse_payout(payout(key="op_1"), said(a_payout))
    failed = ADAPTER.parse_response(authorize(capture=True), said(an_intent))
    taken = ADAPTER.parse_response(
        authorize(capture=True),
        said(an_intent | {"status": "succeeded", "amount_received": 1099, "latest_charge": RESOURCES["charge"]}),
    )

    assert refunded == Succeeded(a_refund["id"], amount_of(100, "USD"))
    assert pending == AcceptedPending(a_payout["id"])
    assert failed == Rejected("declined", Decline.HARD, "", an_intent["id"])
    assert taken == Succeeded(an_intent["id"], amount_of(1099, "USD"))
    assert ADAPTER.parse_verification(said(RESOURCES["balance"])) is Verification.VALID


def test_credentials_are_refused_only_by_stripes_own_words() -> None:
    assert ADAPTER.parse_verification(said(error("invalid_request_error"), 401)) is Verification.REFUSED
    assert ADAPTER.parse_verification(said(error("invalid_request_error"), 403)) is Verification.UNKNOWN
    assert ADAPTER.parse_verification(said({"message": "no"}, 401)) is Verification.UNKNOWN


def test_adapter_shows_no_secret() -> None:
    shown = f"{ADAPTER!r} {vars(ADAPTER)} {ADAPTER.build_request(authorize())!r}"

    assert isinstance(ADAPTER, StripeAdapter)
    assert "sk_test" not in shown
    assert "whsec" not in shown
