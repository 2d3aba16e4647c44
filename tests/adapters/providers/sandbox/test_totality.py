"""No answer breaks the sandbox adapter: every status and every body has a meaning, and doubt is the default."""

from typing import Any

import msgspec
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from adapters.providerkit.messages import HttpResponse
from domain.currencies import EXPONENTS
from domain.providers import (
    AcceptedPending,
    Instruction,
    Missing,
    NotSent,
    OperationKind,
    Rejected,
    Succeeded,
    Unknown,
)
from tests.adapters.providers.sandbox.examples import ADAPTER, authorize, charge, later, movement, operation, refusal

Case = tuple[Instruction, int, dict[str, Any]]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
LIKELY = st.sampled_from(["captured", "declined", "failed", "pending", "voided", "XXX", "JPY", None, 0, 1, 2**53])
STATUSES = st.sampled_from([200, 201, 202, 204, 301, 400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 503])
CHARGE = charge(decline={"code": "x", "kind": "soft"}, action_url="http://a.example/")
LATER = [later(kind) for kind in (OperationKind.CAPTURE, OperationKind.VOID, OperationKind.REFUND)]

ANSWERS: list[Case] = [
    (authorize(), 201, CHARGE),
    (authorize(capture=True), 201, CHARGE | {"status": "captured"}),
    (authorize(), 402, refusal("x", "hard", charge=CHARGE)),
    (authorize(), 429, refusal("rate_limited")),
    *((instruction, 201, movement()) for instruction in LATER),
    *((instruction, 422, refusal("x", "invalid", charge=CHARGE)) for instruction in LATER),
]
FOUND: list[Case] = [
    (authorize(), 200, operation(charge=CHARGE)),
    (authorize(), 200, operation(charge=CHARGE, state="declined", code="x", decline_kind="soft")),
    (authorize(capture=True), 200, operation(charge=CHARGE, state="pending")),
    *((one, 200, operation(key="op_2", kind=one.kind.value, charge=CHARGE)) for one in LATER),
    (authorize(), 404, refusal("operation_not_found")),
]


@st.composite
def spoilt(draw: st.DrawFn, cases: list[Case]) -> tuple[Instruction, HttpResponse]:
    """An answer as it should be, or with another status, a changed field, a missing end, or anything for a body."""
    instruction, status, body = draw(st.sampled_from(cases))
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
    return instruction, HttpResponse(status=status, body=raw)


@given(case=spoilt(ANSWERS))
def test_every_answer_has_an_outcome(case: tuple[Instruction, HttpResponse]) -> None:
    instruction, response = case

    outcome = ADAPTER.parse_response(instruction, response)

    event(type(outcome).__name__)
    assert isinstance(outcome, NotSent | Rejected | AcceptedPending | Succeeded | Unknown)
    if isinstance(outcome, Succeeded):
        assert response.status in {200, 201}
        assert outcome.amount.currency in EXPONENTS
        assert str(outcome.amount.minor).encode() in response.body
    if isinstance(outcome, Rejected | NotSent):
        assert response.status in {201, 200, 400, 401, 402, 403, 404, 413, 422, 429}


@given(case=spoilt(FOUND))
def test_every_answer_to_a_look_up_has_a_finding(case: tuple[Instruction, HttpResponse]) -> None:
    instruction, response = case

    finding = ADAPTER.parse_look_up(instruction, response)

    event(type(finding).__name__)
    assert isinstance(finding, Rejected | AcceptedPending | Succeeded | Unknown | Missing)
    assert isinstance(finding, Unknown | Missing) or response.status == 200
    assert not isinstance(finding, Missing) or response.status == 404


@pytest.mark.parametrize("status", [200, 201, 402, 404, 422, 500])
def test_answer_nested_without_end_is_read_as_nothing(status: int) -> None:
    for raw in (b'{"other":' * 100_000, b'{"charge":' * 100_000, b'{"other":' + b"[" * 100_000, b"[" * 100_000):
        response = HttpResponse(status=status, body=raw)

        assert isinstance(ADAPTER.parse_response(authorize(), response), Unknown)
        assert isinstance(ADAPTER.parse_look_up(authorize(), response), Unknown)
        assert ADAPTER.parse_books_page(response) is None


@given(case=spoilt([(authorize(), 200, {"lines": [], "next": None}), *FOUND]))
def test_every_answer_is_a_page_of_books_or_none(case: tuple[Instruction, HttpResponse]) -> None:
    page = ADAPTER.parse_books_page(case[1])

    assert page is None or case[1].status == 200
