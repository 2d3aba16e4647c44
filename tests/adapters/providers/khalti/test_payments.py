"""What is sent to Khalti, and what its answers to an initiation mean."""

import msgspec
import pytest

from adapters.providerkit.messages import CannotBuildError, HttpRequest, HttpResponse
from domain.money import amount_of
from domain.providers import AcceptedPending, Decline, NotSent, OperationKind, Rejected, Unknown
from tests.adapters.providers.khalti.examples import ADAPTER, CONFIG, SAMPLES, pay, said


def test_payment_is_initiated_in_paisa_under_our_own_key() -> None:
    request = ADAPTER.build_request(pay(description="Two momos"))

    assert isinstance(request, HttpRequest)
    assert (request.method, request.url) == ("POST", "https://wallet.example/api/v2/epayment/initiate/")
    assert request.headers["Authorization"] == "Key test_secret_key"
    assert request.fault() is None
    assert msgspec.json.decode(request.body) == {
        "return_url": "https://mediator.example/v1/callbacks/khalti/pac_1",
        "website_url": "https://shop.example",
        "amount": 10_000,
        "purchase_order_id": "opn_1",
        "purchase_order_name": "Two momos",
    }


def test_order_without_a_description_has_the_name_of_the_settings() -> None:
    request = ADAPTER.build_request(pay())

    assert isinstance(request, HttpRequest)
    assert msgspec.json.decode(request.body)["purchase_order_name"] == CONFIG.order_name


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": amount_of(999, "NPR")},
        {"amount": amount_of(10_000, "EUR")},
        {"capture": False},
        {"callback_url": None},
        {"kind": OperationKind.CAPTURE},
        {"kind": OperationKind.VOID},
        {"kind": OperationKind.PAYOUT},
    ],
)
def test_what_khalti_does_not_do_is_not_sent(changes: dict[str, object]) -> None:
    with pytest.raises(CannotBuildError):
        ADAPTER.build_request(pay(**changes))


def test_ten_rupees_are_enough() -> None:
    request = ADAPTER.build_request(pay(amount=amount_of(1_000, "NPR")))

    assert isinstance(request, HttpRequest)
    assert msgspec.json.decode(request.body)["amount"] == 1_000


def test_published_answer_sends_the_customer_to_the_page() -> None:
    outcome = ADAPTER.parse_response(pay(), said(SAMPLES["initiate_ok"]))

    assert outcome == AcceptedPending(
        "bZQLD9wRVWo4CdESSfuSsB", "https://test-pay.khalti.com/?pidx=bZQLD9wRVWo4CdESSfuSsB"
    )


@pytest.mark.parametrize("sample", [one for one in SAMPLES["errors"] if one["http"] == 400])
def test_published_refusals_are_definite_and_our_own_fault(sample: dict[str, object]) -> None:
    outcome = ADAPTER.parse_response(pay(), said(sample["body"], 400))

    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.decline) == ("validation_error", Decline.INVALID)


def test_key_that_is_not_taken_proves_that_nothing_was_done() -> None:
    [sample] = [one for one in SAMPLES["errors"] if one["http"] == 401]

    assert isinstance(ADAPTER.parse_response(pay(), said(sample["body"], 401)), NotSent)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b"<html>Bad Request</html>"),
        (400, b"{}"),
        (401, b"<html>a proxy on the way</html>"),
        (403, b'{"detail": "a wall on the way"}'),
        (404, b'{"detail": "Not found."}'),
        (429, b'{"detail": "Request was throttled."}'),
        (500, b'{"detail": "A server error occurred."}'),
        (502, b""),
        (200, b'{"pidx": "x"}'),
        (200, b'{"pidx": "x", "payment_url": "javascript:alert(1)"}'),
        (200, b'{"pidx": "../x", "payment_url": "https://wallet.example/"}'),
        (201, b'{"pidx": "x", "payment_url": "https://wallet.example/"}'),
    ],
)
def test_every_other_answer_leaves_doubt(status: int, body: bytes) -> None:
    assert isinstance(ADAPTER.parse_response(pay(), HttpResponse(status=status, body=body)), Unknown)


def test_foreign_code_is_kept_only_where_it_is_a_word() -> None:
    outcome = ADAPTER.parse_response(pay(), said({"error_key": "a\x00b\n", "amount": ["no\x00"]}, 400))

    assert isinstance(outcome, Rejected)
    assert outcome.code == "refused"
    assert "\x00" not in outcome.message
