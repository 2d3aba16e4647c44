"""What Adyen's answers mean: that something was received is no outcome."""

from typing import Any

import msgspec
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from adapters.providerkit.messages import HttpResponse
from domain.money import amount_of
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
    Verification,
)
from tests.adapters.providers.adyen.examples import ADAPTER, PSP, authorize, later, paid, received, said
from tests.adapters.providers.adyen.specification import EXAMPLES, faults

GET = {"type": "redirect", "method": "GET", "url": "https://bank.example/pay?a=1", "data": {}}
POST = {"type": "redirect", "method": "POST", "url": "https://bank.example/3ds", "data": {"PaReq": "x", "MD": "y"}}
THREE_DS = {"type": "threeDS2", "token": "x", "paymentData": "y"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Succeeded(PSP, amount_of(2000, "EUR"))),
        (
            {"resultCode": "PartiallyAuthorised", "amount": {"currency": "EUR", "value": 500}},
            Succeeded(PSP, amount_of(500, "EUR")),
        ),
        ({"amount": None}, AcceptedPending(PSP)),
        ({"amount": {"currency": "CLP", "value": 2050}}, Unknown("the answer states no amount that exists")),
        ({"pspReference": None}, Unknown("authorised, it says, but under no reference")),
        ({"merchantReference": "op_9"}, Unknown("the answer is about another operation")),
        ({"resultCode": "Received"}, AcceptedPending(PSP)),
        ({"resultCode": "Pending"}, AcceptedPending(PSP)),
        ({"resultCode": "Error", "refusalReason": "Oops"}, Rejected("error", Decline.HARD, "Oops", PSP)),
        ({"resultCode": "Cancelled"}, Rejected("cancelled", Decline.HARD, "", PSP)),
        (
            {"resultCode": "Refused", "refusalReason": "Not enough balance", "refusalReasonCode": "12"},
            Rejected("refused_12", Decline.SOFT, "Not enough balance", PSP),
        ),
        (
            {"resultCode": "Refused", "refusalReason": "FRAUD", "refusalReasonCode": "20"},
            Rejected("refused_20", Decline.HARD, "FRAUD", PSP),
        ),
        ({"resultCode": "Refused", "refusalReasonCode": "999"}, Rejected("refused_999", Decline.HARD, "", PSP)),
        ({"resultCode": "RedirectShopper", "action": GET}, AcceptedPending(PSP, "https://bank.example/pay?a=1")),
        (
            {"resultCode": "RedirectShopper", "action": POST, "pspReference": None},
            AcceptedPending("op_1", "https://bank.example/3ds", {"PaReq": "x", "MD": "y"}),
        ),
        ({"resultCode": "IdentifyShopper", "action": THREE_DS}, AcceptedPending(PSP)),
        ({"resultCode": "ChallengeShopper", "action": THREE_DS}, AcceptedPending(PSP)),
        (
            {"resultCode": "AuthenticationFinished"},
            Unknown("the result is AuthenticationFinished, which answers nothing that was asked"),
        ),
        ({"resultCode": "Splendid"}, Unknown("status 200, no answer that could be read")),
    ],
)
def test_result_code_is_the_outcome_of_an_authorization(changes: dict[str, object], expected: Outcome) -> None:
    assert ADAPTER.parse_response(authorize(), said(paid(**changes))) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, AcceptedPending("993617894906488A")),
        ({"reference": "op_9"}, Unknown("the answer is about another operation")),
        ({"paymentPspReference": "993617894903480B"}, Unknown("the answer is about another payment")),
        ({"status": "done"}, Unknown("its status is done")),
    ],
)
def test_later_operation_is_received_and_no_more(changes: dict[str, object], expected: Outcome) -> None:
    for kind in (OperationKind.CAPTURE, OperationKind.VOID, OperationKind.REFUND):
        assert ADAPTER.parse_response(later(kind), said(received(**changes), 201)) == expected


def test_cancellation_by_our_reference_is_received_for_it() -> None:
    answer = received(paymentReference="op_1")
    del answer["paymentPspReference"]

    outcome = ADAPTER.parse_response(later(OperationKind.VOID, provider_reference="op_1"), said(answer, 201))

    assert outcome == AcceptedPending("993617894906488A")


@pytest.mark.parametrize(
    ("example", "status", "expected"),
    [
        ("generic-400", 400, Rejected("702", Decline.INVALID, 'Unexpected input: ", expected: }')),
        ("generic-401", 401, NotSent("not processed: the key was not taken")),
        ("generic-403", 403, NotSent("not processed: the key was not taken")),
        ("generic-422", 422, Rejected("14_030", Decline.INVALID, "Return URL is missing.")),
        ("generic-500", 500, Unknown("status 500, 905")),
        ("generic-422", 503, Unknown("status 503, no answer that could be read")),
    ],
)
def test_adyens_own_examples_of_errors_prove_what_they_say(example: str, status: int, expected: Outcome) -> None:
    assert faults("ServiceError", EXAMPLES[example]) == []
    assert ADAPTER.parse_response(authorize(), said(EXAMPLES[example], status)) == expected


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"status": 422, "errorCode": "704", "errorType": "validation", "message": "already in progress"}, 422),
        ({"status": 429, "errorCode": "000", "errorType": "security", "message": "Too many"}, 429),
        ({"error": "gateway"}, 400),
        ([], 200),
    ],
)
def test_everything_else_is_doubt(body: object, status: int) -> None:
    assert isinstance(ADAPTER.parse_response(authorize(), said(body, status)), Unknown)


@pytest.mark.parametrize(
    ("example", "instruction", "changes", "expected"),
    [
        (
            "post-payments-card-direct-200",
            authorize(),
            {"merchantReference": "op_1"},
            AcceptedPending("993617895204576J"),
        ),
        ("post-payments-card-3d-secure-2-web-200", authorize(), {}, AcceptedPending("op_1")),
        (
            "post-payments-paymentPspReference-captures-capture-201",
            later(OperationKind.CAPTURE),
            {"reference": "op_2"},
            AcceptedPending("993617894906488A"),
        ),
        (
            "post-payments-paymentPspReference-refunds-refund-201",
            later(OperationKind.REFUND),
            {"reference": "op_2"},
            AcceptedPending("993617894906488A"),
        ),
        (
            "post-payments-paymentPspReference-cancels-cancel-with-psp-reference-201",
            later(OperationKind.VOID),
            {"reference": "op_2"},
            AcceptedPending("993617894906488A"),
        ),
    ],
)
def test_adyens_own_examples_are_read(
    example: str, instruction: Instruction, changes: dict[str, object], expected: Outcome
) -> None:
    status = int(example[-3:])

    assert ADAPTER.parse_response(instruction, said(EXAMPLES[example] | changes, status)) == expected


@pytest.mark.parametrize("example", ["post-payments-ideal-200", "post-payments-card-3d-secure-redirect-200"])
def test_adyens_own_redirects_send_the_customer_there(example: str) -> None:
    outcome = ADAPTER.parse_response(authorize(), said(EXAMPLES[example]))

    assert isinstance(outcome, AcceptedPending)
    assert outcome.action_url == EXAMPLES[example]["action"]["url"]
    posted = EXAMPLES[example]["action"]["method"] == "POST"
    assert outcome.action_fields == (EXAMPLES[example]["action"].get("data") if posted else None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
STATUSES = st.sampled_from([200, 201, 202, 301, 400, 401, 403, 422, 429, 500]) | st.integers(100, 999)
CASES: list[tuple[Instruction, dict[str, Any]]] = [
    (authorize(), paid()),
    (authorize(), paid(resultCode="RedirectShopper", action=POST)),
    (authorize(), EXAMPLES["generic-422"]),
    (later(OperationKind.REFUND), received()),
]


@given(
    case=st.sampled_from(CASES),
    status=STATUSES,
    spoilt=st.none() | st.binary(max_size=64) | st.tuples(st.integers(0, 9), JSON),
)
def test_every_answer_has_an_outcome(case: tuple[Instruction, dict[str, Any]], status: int, spoilt: Any) -> None:
    instruction, body = case
    if isinstance(spoilt, tuple):
        names = sorted(body)
        body = body | {names[spoilt[0] % len(names)]: spoilt[1]}
    raw = spoilt if isinstance(spoilt, bytes) else msgspec.json.encode(body)

    response = HttpResponse(status=status, body=raw)
    outcome = ADAPTER.parse_response(instruction, response)

    event(type(outcome).__name__)
    assert isinstance(outcome, NotSent | Rejected | AcceptedPending | Succeeded | Unknown)
    assert isinstance(outcome, Unknown) or status in {200, 201, 400, 401, 403, 422}
    assert isinstance(ADAPTER.parse_verification(response), Verification)


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"paymentMethods": [{"type": "ideal", "name": "iDEAL"}]}, 200, Verification.VALID),
        (EXAMPLES["generic-401"], 401, Verification.REFUSED),
        (EXAMPLES["generic-403"], 403, Verification.REFUSED),
        (EXAMPLES["generic-500"], 500, Verification.UNKNOWN),
        ({}, 200, Verification.UNKNOWN),
        ({}, 401, Verification.UNKNOWN),
    ],
)
def test_credentials_are_verified_by_asking_for_payment_methods(
    body: object, status: int, expected: Verification
) -> None:
    assert ADAPTER.parse_verification(said(body, status)) is expected
