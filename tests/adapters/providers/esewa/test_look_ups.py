"""What eSewa's status says: only some words are proof."""

import pytest

from adapters.providerkit.messages import HttpRequest, HttpResponse
from domain.money import amount_of
from domain.providers import AcceptedPending, Decline, Missing, Rejected, Succeeded, Unknown
from tests.adapters.providers.esewa.examples import ADAPTER, NPR_100, pay, status


@pytest.mark.parametrize(("paisa", "rupees"), [(10_000, "100"), (10_050, "100.50"), (123_456_700, "1234567")])
def test_status_is_asked_with_the_amount_of_the_form(paisa: int, rupees: str) -> None:
    question = ADAPTER.build_look_up(pay(amount=amount_of(paisa, "NPR")))

    assert isinstance(question, HttpRequest)
    assert (question.method, question.body) == ("GET", b"")
    assert question.url == (
        "https://wallet.example/api/epay/transaction/status/"
        f"?product_code=EPAYTEST&total_amount={rupees}&transaction_uuid=opn-1"
    )


@pytest.mark.parametrize("word", ["COMPLETE", "FULL_REFUND", "PARTIAL_REFUND"])
def test_paid_is_paid_whatever_became_of_it_later(word: str) -> None:
    assert ADAPTER.parse_look_up(pay(), status(word, ref_id="0001TS9")) == Succeeded("opn-1", NPR_100)


@pytest.mark.parametrize("literal", ["100", "100.0", "100.00", '"100"', '"100.0"', '"100.00"'])
def test_amount_may_be_written_in_each_way(literal: str) -> None:
    body = f'{{"transaction_uuid":"opn-1","total_amount":{literal},"status":"COMPLETE"}}'.encode()

    assert ADAPTER.parse_look_up(pay(), HttpResponse(status=200, body=body)) == Succeeded("opn-1", NPR_100)


def test_grouped_thousands_are_read_and_no_digit_is_lost() -> None:
    finding = ADAPTER.parse_look_up(pay(), status("COMPLETE", total_amount="1,234,567.89"))
    large = b'{"transaction_uuid":"opn-1","total_amount":90071992547409.91,"status":"COMPLETE"}'

    assert finding == Succeeded("opn-1", amount_of(123_456_789, "NPR"))
    assert ADAPTER.parse_look_up(pay(), HttpResponse(status=200, body=large)) == Succeeded(
        "opn-1", amount_of(9_007_199_254_740_991, "NPR")
    )


@pytest.mark.parametrize("total", [None, "", "-100", "1e2", "100.001", "NaN", [], True, "9" * 40])
def test_completed_without_an_amount_leaves_doubt(total: object) -> None:
    assert isinstance(ADAPTER.parse_look_up(pay(), status("COMPLETE", total_amount=total)), Unknown)


def test_waiting_keeps_what_the_customer_was_told_to_do() -> None:
    instruction = pay(action_url="https://wallet.example/form", action_fields={"a": "b"})

    finding = ADAPTER.parse_look_up(instruction, status("PENDING"))

    assert finding == AcceptedPending("opn-1", "https://wallet.example/form", {"a": "b"})


def test_canceled_is_an_end() -> None:
    finding = ADAPTER.parse_look_up(pay(), status("CANCELED"))

    assert isinstance(finding, Rejected)
    assert (finding.code, finding.decline) == ("canceled", Decline.SOFT)


def test_not_found_is_missing_and_proves_something_only_after_the_horizon() -> None:
    assert isinstance(ADAPTER.parse_look_up(pay(), status("NOT_FOUND")), Missing)
    assert ADAPTER.manifest.visibility_horizon_seconds == 3_600


@pytest.mark.parametrize(
    "response",
    [
        status("AMBIGUOUS"),
        status("complete"),
        status("FAILED"),
        status("COMPLETE", transaction_uuid="opn-2"),
        status("COMPLETE", transaction_uuid=None),
        status("COMPLETE", status=None),
        HttpResponse(status=200, body=b'{"code":0,"error_message":"Service is currently unavailable"}'),
        HttpResponse(status=200, body=b'{"code":0,"error_message":"\\ud800"}'),
        HttpResponse(
            status=200, body=b'{"transaction_uuid":"opn-1","status":"COMPLETE","status":"PENDING","total_amount":100}'
        ),
        HttpResponse(status=200, body=b'["COMPLETE"]'),
        HttpResponse(status=200, body=b""),
        HttpResponse(status=200, body=b"\xff\xfe"),
        HttpResponse(status=200, body=b" " * 9_000 + status("COMPLETE").body),
        HttpResponse(status=500, body=status("COMPLETE").body),
        HttpResponse(status=404, body=status("NOT_FOUND").body),
        HttpResponse(status=302),
    ],
)
def test_everything_else_leaves_doubt(response: HttpResponse) -> None:
    assert isinstance(ADAPTER.parse_look_up(pay(), response), Unknown)
