"""Instructions to Adyen, its answers and its notifications, for tests."""

from typing import Any

import msgspec
from Adyen.util import generate_notification_sig  # type: ignore[import-untyped]  # ships no annotations

from adapters.providerkit.messages import HttpResponse
from adapters.providers.adyen import AdyenConfig, AdyenCredentials
from adapters.providers.adyen.adapter import AdyenAdapter
from domain.money import amount_of
from domain.providers import Instruction, OperationKind

PUBLISHED_KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
OTHER_KEY = "11" * 32
PSP = "993617894903480A"
CONFIG = AdyenConfig(base_url="https://checkout.example/v71", merchant_account="TestMerchant")
CREDENTIALS = AdyenCredentials(api_key="AQE_test_1", callback_secrets=(OTHER_KEY, PUBLISHED_KEY))
ADAPTER = AdyenAdapter(CONFIG, CREDENTIALS)


def authorize(**changes: Any) -> Instruction:
    instruction = Instruction(
        kind=OperationKind.AUTHORIZE,
        key="op_1",
        amount=amount_of(2000, "EUR"),
        payment_id="pay_1",
        account="acct_1",
        payment_method="stored:shopper_1:8416038790273850",
        return_url="https://shop.example/back",
    )
    return msgspec.structs.replace(instruction, **changes)


def later(kind: OperationKind, **changes: Any) -> Instruction:
    about = {"provider_reference": PSP, "payment_method": None, "final": True}
    return authorize(**{"kind": kind, "key": "op_2", **about, **changes})


def paid(**changes: object) -> dict[str, object]:
    standard: dict[str, object] = {
        "pspReference": PSP,
        "resultCode": "Authorised",
        "merchantReference": "op_1",
        "amount": {"currency": "EUR", "value": 2000},
    }
    return {**standard, **changes}


def received(**changes: object) -> dict[str, object]:
    standard: dict[str, object] = {
        "merchantAccount": "TestMerchant",
        "paymentPspReference": PSP,
        "reference": "op_2",
        "pspReference": "993617894906488A",
        "status": "received",
    }
    return {**standard, **changes}


def item(**changes: Any) -> dict[str, Any]:
    """Give an item that is signed by Adyen's own library."""
    key = changes.pop("signed_with", PUBLISHED_KEY)
    standard = {
        "pspReference": PSP,
        "originalReference": "",
        "merchantAccountCode": "TestMerchant",
        "merchantReference": "op_1",
        "amount": {"value": 2000, "currency": "EUR"},
        "eventCode": "AUTHORISATION",
        "eventDate": "2026-11-30T12:00:00+01:00",
        "success": "true",
        "reason": "",
    }
    made = {**standard, **changes}
    signature = generate_notification_sig(made, key).decode()
    return {**made, "additionalData": {"hmacSignature": signature}}


def notification(*items: dict[str, Any]) -> bytes:
    wrapped = [{"NotificationRequestItem": one} for one in items]
    return msgspec.json.encode({"live": "false", "notificationItems": wrapped})


def said(body: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status=status, body=msgspec.json.encode(body))
