"""No answer breaks the eSewa adapter: every status and every body has a meaning, and doubt is the default."""

import msgspec
from hypothesis import event, given
from hypothesis import strategies as st

from adapters.providerkit.messages import HttpResponse
from domain.providers import AcceptedPending, Missing, Rejected, Succeeded, Unknown
from tests.adapters.providers.esewa.examples import ADAPTER, pay, status

WORDS = ["COMPLETE", "PENDING", "FULL_REFUND", "PARTIAL_REFUND", "AMBIGUOUS", "NOT_FOUND", "CANCELED", "other", ""]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
LIKELY = st.sampled_from(["opn-1", "100.0", "1,0,0", "COMPLETE", None, 0, -1, 1e300, 100, True, "\x00"])


@st.composite
def answers(draw: st.DrawFn) -> HttpResponse:
    """A status as it should be, or with a changed field, a missing end, another status code, or anything."""
    right = status(draw(st.sampled_from(WORDS)))
    raw, code = right.body, 200
    match draw(st.sampled_from(["right", "field", "cut", "code", "anything"])):
        case "field":
            fields = msgspec.json.decode(raw)
            raw = msgspec.json.encode(fields | {draw(st.sampled_from(sorted(fields))): draw(LIKELY | JSON)})
        case "cut":
            raw = raw[: draw(st.integers(0, len(raw) - 1))]
        case "code":
            code = draw(st.integers(100, 999))
        case "anything":
            raw = draw(st.binary(max_size=64) | JSON.map(msgspec.json.encode))
        case _:
            pass  # right as it is
    return HttpResponse(status=code, body=raw)


@given(response=answers())
def test_every_answer_to_a_question_has_a_finding(response: HttpResponse) -> None:
    finding = ADAPTER.parse_look_up(pay(), response)

    event(type(finding).__name__)
    assert isinstance(finding, Rejected | AcceptedPending | Succeeded | Unknown | Missing)
    assert isinstance(finding, Unknown) or response.status == 200
    if isinstance(finding, Succeeded):
        assert b"opn-1" in response.body
        assert any(word in response.body for word in (b"COMPLETE", b"REFUND"))


def test_answer_nested_without_end_is_read_as_nothing() -> None:
    for raw in (b'{"a":' * 100_000, b"[" * 100_000, b'{"a":' * 1_500, b"[" * 8_000, b"9" * 8_000):
        assert isinstance(ADAPTER.parse_look_up(pay(), HttpResponse(status=200, body=raw)), Unknown)
