"""No answer breaks the Stripe adapter: every status and every body has a meaning, and doubt is the default."""

from typing import Any

import msgspec
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from adapters.providerkit.messages import HttpRequest, HttpResponse
from domain.providers import (
    AcceptedPending,
    Instruction,
    Missing,
    NotSent,
    OperationKind,
    Rejected,
    Succeeded,
    Unknown,
    Unreadable,
    Verification,
)
from tests.adapters.providers.stripe.examples import ADAPTER, authorize, error, intent, later, paid_out, payout, refund

Case = tuple[Instruction, int, dict[str, Any]]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
LIKELY = st.sampled_from(["succeeded", "canceled", "processing", "failed", "xxx", "jpy", "ISK", None, 0, 1, 2**53])
STATUSES = st.sampled_from([200, 201, 202, 301, 400, 401, 402, 403, 404, 409, 429, 500, 503])
PLAIN = {"data": [{"id": "pi_0", "metadata": {}}, intent()], "has_more": True}

CASES: list[Case] = [
    (authorize(), 200, intent()),
    (authorize(capture=True), 200, intent(capture_method="automatic", status="succeeded", amount_received=2000)),
    (authorize(), 402, error("card_error", "card_declined", decline_code="do_not_honor", payment_intent=intent())),
    (authorize(), 200, PLAIN),
    (authorize(), 429, error("invalid_request_error", "rate_limit")),
    (later(OperationKind.CAPTURE), 200, intent(status="succeeded", amount_received=500)),
    (later(OperationKind.VOID), 200, intent(status="canceled")),
    (later(OperationKind.REFUND), 200, refund()),
    (later(OperationKind.REFUND, operation_reference="re_1"), 200, refund()),
    (payout(), 200, paid_out(status="paid")),
    (payout(operation_reference="po_1"), 200, paid_out(status="failed", failure_code="account_closed")),
]


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[Instruction, HttpResponse]:
    """An answer as it should be, or with another status, a changed field, a missing end, or anything for a body."""
    instruction, status, body = draw(st.sampled_from(CASES))
    raw = msgspec.json.encode(body)
    match draw(st.sampled_from(["right", "status", "field", "cut", "anything"])):
        case "status":
            status = draw(STATUSES | st.integers(100, 999))
        case "field":
            raw = msgspec.json.encode(body | {draw(st.sampled_from(sorted(body))): draw(LIKELY | JSON)})
        case "cut":
            raw = raw[: draw(st.integers(0, len(raw) - 1))]
        case "anything":
            raw = draw(st.binary(max_size=64) | JSON.map(msgspec.json.encode))
        case _:
            pass  # right as it is
    headers = draw(st.dictionaries(st.sampled_from(["content-type", "retry-after"]), st.text(max_size=9), max_size=2))
    return instruction, HttpResponse(status=status, headers=headers, body=raw)


@given(case=spoilt())
def test_every_answer_has_an_outcome(case: tuple[Instruction, HttpResponse]) -> None:
    instruction, response = case
    parse = ADAPTER.parse_payout if instruction.kind is OperationKind.PAYOUT else ADAPTER.parse_response

    outcome = parse(instruction, response)

    event(type(outcome).__name__)
    assert isinstance(outcome, NotSent | Rejected | AcceptedPending | Succeeded | Unknown)
    if isinstance(outcome, Succeeded):
        assert response.status == 200
    if isinstance(outcome, NotSent):
        assert response.status in {401, 403, 429}
    if isinstance(outcome, Rejected):
        assert response.status in {200, 400, 402, 404}


@given(case=spoilt())
def test_every_answer_to_a_look_up_has_a_finding_or_asks_on(case: tuple[Instruction, HttpResponse]) -> None:
    instruction, response = case

    finding = ADAPTER.parse_look_up(instruction, response)

    event(type(finding).__name__)
    assert isinstance(finding, NotSent | Rejected | AcceptedPending | Succeeded | Unknown | Missing | HttpRequest)
    assert isinstance(finding, Unknown | NotSent) or response.status == 200


@given(case=spoilt())
def test_every_answer_verifies_credentials_or_does_not(case: tuple[Instruction, HttpResponse]) -> None:
    assert isinstance(ADAPTER.parse_verification(case[1]), Verification)


@given(raw=st.binary(max_size=64) | JSON.map(msgspec.json.encode))
def test_any_bytes_are_an_event_or_unreadable(raw: bytes) -> None:
    assert isinstance(ADAPTER.parse_callback(raw), Unreadable)


@given(
    shown=st.fixed_dictionaries(
        {"object": LIKELY | st.sampled_from(["payment_intent", "refund", "payout"]), "id": JSON}
    ),
    type_=JSON | st.sampled_from(["payment_intent.canceled", "refund.updated", "payout.paid"]),
)
def test_any_event_is_read_or_unreadable(shown: dict[str, Any], type_: object) -> None:
    raw = msgspec.json.encode({"id": "evt_1", "type": type_, "data": {"object": shown}})

    said = ADAPTER.parse_callback(raw)

    assert isinstance(said, Unreadable) or all(one.event_id.startswith("evt_1") for one in said)


@pytest.mark.parametrize("status", [200, 402, 404, 500])
def test_answer_nested_without_end_is_read_as_nothing(status: int) -> None:
    for raw in (b'{"other":' * 100_000, b'{"error":' * 100_000, b"[" * 100_000):
        response = HttpResponse(status=status, body=raw)

        assert isinstance(ADAPTER.parse_response(authorize(), response), Unknown)
        assert isinstance(ADAPTER.parse_look_up(authorize(), response), Unknown)
