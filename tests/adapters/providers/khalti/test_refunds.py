"""Refunds at Khalti: by transaction, whole, and in parts only where the account's unit is agreed."""

import msgspec
import pytest

from adapters.providerkit.messages import CannotBuildError, HttpRequest, HttpResponse
from domain.manifests import Feature
from domain.money import amount_of
from domain.providers import Decline, NotSent, Rejected, Succeeded, Unknown
from tests.adapters.providers.khalti.examples import ADAPTER, IN_PARTS, NPR_40, NPR_100, PIDX, REFERENCE, refund, said


def test_whole_refund_names_the_transaction_under_another_root_and_no_amount() -> None:
    request = ADAPTER.build_request(refund())

    assert isinstance(request, HttpRequest)
    assert request.url == "https://wallet.example/api/merchant-transaction/GFq9PFS7b2iYvL8Lir9oXe/refund/"
    assert msgspec.json.decode(request.body) == {}


def test_part_is_said_in_paisa_where_that_is_agreed_also_below_the_least_payment() -> None:
    request = IN_PARTS.build_request(refund(amount=amount_of(50, "NPR")))

    assert isinstance(request, HttpRequest)
    assert msgspec.json.decode(request.body) == {"amount": 50}
    assert {Feature.PARTIAL_REFUND, Feature.MULTIPLE_REFUNDS} <= IN_PARTS.manifest.features


def test_part_is_refused_where_its_unit_is_not_agreed() -> None:
    with pytest.raises(CannotBuildError):
        ADAPTER.build_request(refund(amount=NPR_40))

    assert Feature.PARTIAL_REFUND not in ADAPTER.manifest.features
    assert Feature.MULTIPLE_REFUNDS not in ADAPTER.manifest.features


@pytest.mark.parametrize("reference", [None, PIDX, f"{PIDX}/"])
def test_refund_without_a_transaction_cannot_be_said(reference: str | None) -> None:
    with pytest.raises(CannotBuildError):
        ADAPTER.build_request(refund(provider_reference=reference))


@pytest.mark.parametrize("words", ["Transaction refund successful.", "transaction refunded successfully"])
def test_words_of_a_done_refund_are_one(words: str) -> None:
    assert ADAPTER.parse_response(refund(), said({"detail": words})) == Succeeded(REFERENCE, NPR_100)


@pytest.mark.parametrize(
    "body", [b'{"detail": "We are on it."}', b'{"detail": null}', b"{}", b"", b"[]", b'{"detail": "Transaction ref']
)
def test_any_other_word_leaves_doubt(body: bytes) -> None:
    assert isinstance(ADAPTER.parse_response(refund(), HttpResponse(status=200, body=body)), Unknown)


def test_refusals_of_a_refund() -> None:
    refused = ADAPTER.parse_response(refund(), said({"detail": "Only 0 can be refunded."}, 400))

    assert isinstance(refused, Rejected)
    assert (refused.code, refused.decline) == ("refused", Decline.INVALID)
    assert isinstance(ADAPTER.parse_response(refund(), said({"detail": "Invalid token."}, 401)), NotSent)
    assert isinstance(ADAPTER.parse_response(refund(), said({"detail": "Not found."}, 404)), Unknown)
