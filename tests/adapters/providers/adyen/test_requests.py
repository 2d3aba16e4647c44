"""What goes to Adyen is what Adyen's own schemas ask for."""

import json
from typing import Any

import msgspec
import pytest

from adapters.providerkit.messages import CannotBuildError
from adapters.providers.adyen.adapter import AdyenAdapter
from domain.money import amount_of
from domain.providers import Instruction, OperationKind
from tests.adapters.providers.adyen.examples import ADAPTER, CONFIG, CREDENTIALS, PSP, authorize, later
from tests.adapters.providers.adyen.specification import faults


def body(instruction: Instruction) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(ADAPTER.build_request(instruction).body)
    return told


def test_authorization_of_a_stored_card() -> None:
    request = ADAPTER.build_request(authorize())

    assert (request.method, request.url) == ("POST", "https://checkout.example/v71/payments")
    assert request.fault() is None
    assert request.headers["X-API-Key"] == "AQE_test_1"
    assert request.headers["Idempotency-Key"] == "op_1"
    assert json.loads(request.body) == {
        "amount": {"currency": "EUR", "value": 2000},
        "merchantAccount": "TestMerchant",
        "reference": "op_1",
        "returnUrl": "https://shop.example/back",
        "metadata": {"payment_id": "pay_1", "account": "acct_1"},
        "paymentMethod": {"type": "scheme", "storedPaymentMethodId": "8416038790273850"},
        "shopperReference": "shopper_1",
        "shopperInteraction": "ContAuth",
        "recurringProcessingModel": "CardOnFile",
        "additionalData": {"manualCapture": "true"},
    }


@pytest.mark.parametrize(
    ("instruction", "shape", "path"),
    [
        (authorize(), "PaymentRequest", "payments"),
        (authorize(capture=True), "PaymentRequest", "payments"),
        (authorize(payment_method="type:ideal"), "PaymentRequest", "payments"),
        (later(OperationKind.CAPTURE), "PaymentCaptureRequest", f"payments/{PSP}/captures"),
        (later(OperationKind.REFUND), "PaymentRefundRequest", f"payments/{PSP}/refunds"),
        (later(OperationKind.VOID), "PaymentCancelRequest", f"payments/{PSP}/cancels"),
        (later(OperationKind.VOID, provider_reference="op_1"), "StandalonePaymentCancelRequest", "cancels"),
    ],
)
def test_each_request_is_valid_by_adyens_schema(instruction: Instruction, shape: str, path: str) -> None:
    request = ADAPTER.build_request(instruction)

    told = json.loads(request.body)
    assert request.url == f"https://checkout.example/v71/{path}"
    assert request.headers["Idempotency-Key"] == instruction.key
    assert told["reference"] == instruction.key
    assert faults(shape, told) == []


def test_question_that_verifies_the_credentials_is_valid_by_adyens_schema() -> None:
    request = ADAPTER.build_verification()

    assert request.url == "https://checkout.example/v71/paymentMethods"
    assert "Idempotency-Key" not in request.headers
    assert faults("PaymentMethodsRequest", json.loads(request.body)) == []


@pytest.mark.parametrize(
    "spoil",
    [
        {"amount": {"currency": "EUR", "value": "2000"}},
        {"amount": {"currency": "EURO", "value": 2000}},
        {"colour": "blue"},
        {"paymentMethod": {"type": "magic"}},
    ],
)
def test_schema_finds_what_is_wrong(spoil: dict[str, object]) -> None:
    assert faults("PaymentRequest", body(authorize()) | spoil)


def test_money_is_taken_at_once_where_that_was_asked() -> None:
    told = body(authorize(capture=True))

    assert told["captureDelayHours"] == 0
    assert "additionalData" not in told


@pytest.mark.parametrize(
    ("minor", "currency", "value"),
    [
        (2000, "EUR", 2000),
        (7, "CLP", 700),
        (7, "ISK", 700),
        (1200, "IDR", 12),
        (300, "CVE", 3),
        (5, "JPY", 5),
        (5124, "KWD", 5124),
    ],
)
def test_amounts_are_counted_as_adyen_counts_them(minor: int, currency: str, value: int) -> None:
    assert body(authorize(amount=amount_of(minor, currency)))["amount"] == {"currency": currency, "value": value}


@pytest.mark.parametrize(
    "instruction",
    [
        authorize(amount=amount_of(1250, "IDR")),
        authorize(amount=amount_of(100, "CLF")),
        authorize(payment_method=None),
        authorize(key="k" * 65),
        authorize(payment_method="8416038790273850"),
        authorize(payment_method="stored::1"),
        authorize(payment_method="type:"),
        authorize(return_url=None),
        later(OperationKind.CAPTURE, final=False),
        later(OperationKind.REFUND, provider_reference=None),
        later(OperationKind.VOID, provider_reference=None),
        later(OperationKind.REFUND, provider_reference="../x"),
        later(OperationKind.VOID, provider_reference="a b"),
        later(OperationKind.PAYOUT),
    ],
)
def test_what_cannot_be_said_is_not_built(instruction: Instruction) -> None:
    with pytest.raises(CannotBuildError):
        ADAPTER.build_request(instruction)


def test_customer_returns_to_the_configured_address_where_the_payment_names_none() -> None:
    adapter = AdyenAdapter(msgspec.structs.replace(CONFIG, return_url="https://shop.example/"), CREDENTIALS)

    assert json.loads(adapter.build_request(authorize(return_url=None)).body)["returnUrl"] == "https://shop.example/"
