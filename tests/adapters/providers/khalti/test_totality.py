"""No answer breaks the Khalti adapter: every status and every body has a meaning, and doubt is the default."""

from typing import Any

import msgspec
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from adapters.providerkit.messages import HttpResponse
from domain.providers import (
    AcceptedPending,
    Instruction,
    Missing,
    NotSent,
    OperationKind,
    Rejected,
    Succeeded,
    Unknown,
    Verification,
)
from tests.adapters.providers.khalti.examples import ADAPTER, SAMPLES, opened, pay, refund

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
LIKELY = st.sampled_from(["Completed", "Refunded", "Failed", "", "a/b", "\x00", None, 0, 1, -1, 10_000, 1e300, True])
STATUSES = st.sampled_from([100, 200, 201, 204, 301, 400, 401, 403, 404, 409, 429, 500, 503, 999])
BODIES: list[dict[str, Any]] = [
    SAMPLES["initiate_ok"],
    {"detail": "Transaction refund successful."},
    *(one["body"] for one in SAMPLES["lookup"] + SAMPLES["errors"]),
]


@st.composite
def answers(draw: st.DrawFn) -> HttpResponse:
    """A published answer as it is, or with a changed field, a missing end, or anything for a body."""
    body = draw(st.sampled_from(BODIES))
    raw = msgspec.json.encode(body)
    match draw(st.sampled_from(["right", "field", "cut", "anything"])):
        case "field":
            raw = msgspec.json.encode(body | {draw(st.sampled_from(sorted(body))): draw(LIKELY | JSON)})
        case "cut":
            raw = raw[: draw(st.integers(0, len(raw) - 1))]
        case "anything":
            raw = draw(st.binary(max_size=64) | JSON.map(msgspec.json.encode))
        case _:
            pass  # right as it is
    return HttpResponse(status=draw(STATUSES), body=raw)


@given(instruction=st.sampled_from([pay(), refund()]), response=answers())
def test_every_answer_has_an_outcome(instruction: Instruction, response: HttpResponse) -> None:
    outcome = ADAPTER.parse_response(instruction, response)

    event(type(outcome).__name__)
    match outcome:
        case Succeeded():
            assert response.status == 200
            assert instruction.kind is OperationKind.REFUND
        case AcceptedPending():
            assert response.status == 200
            assert instruction.kind is OperationKind.AUTHORIZE
        case Rejected():
            assert response.status == 400
        case NotSent():
            assert response.status == 401
        case _:
            assert isinstance(outcome, Unknown)


@given(instruction=st.sampled_from([opened(), refund()]), response=answers())
def test_every_answer_to_a_look_up_has_a_finding(instruction: Instruction, response: HttpResponse) -> None:
    finding = ADAPTER.parse_look_up(instruction, response)

    event(type(finding).__name__)
    assert isinstance(finding, Rejected | AcceptedPending | Succeeded | Unknown | Missing)
    assert isinstance(finding, Unknown) or response.status in {200, 400}
    if isinstance(finding, Succeeded) and instruction.kind is OperationKind.AUTHORIZE:
        assert str(finding.amount.minor).encode() in response.body


@given(response=answers())
def test_every_answer_says_something_or_nothing_of_the_key(response: HttpResponse) -> None:
    assert ADAPTER.parse_verification(response) in Verification


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_answer_nested_without_end_is_read_as_nothing(status: int) -> None:
    for raw in (b'{"other":' * 100_000, b"[" * 100_000, b'{"detail":' + b"[" * 100_000):
        response = HttpResponse(status=status, body=raw)

        assert isinstance(ADAPTER.parse_response(pay(), response), Unknown)
        assert isinstance(ADAPTER.parse_look_up(opened(), response), Unknown)
        assert ADAPTER.parse_verification(response) is Verification.UNKNOWN
