"""Adyen in examples, for the conformance kit: answers in the form of its API explorer, with made-up names."""

import base64
import hashlib
import hmac
import json
from typing import Any

from adapters.providerkit.examples import ExampleAnswer, ExampleCallback, Examples, answer, verification
from adapters.providers.adyen.client import AdyenConfig, AdyenCredentials
from domain.money import Currency, Money
from domain.providers import (
    AcceptedPending,
    CallbackEvent,
    Decline,
    Instruction,
    NotSent,
    OperationKind,
    Rejected,
    Succeeded,
    Unknown,
    Verification,
)

_AMOUNT = Money(1_234, Currency("EUR"))
_PSP = "993617894903480A"
_MODIFICATION = "993617894906488A"
_SECRET = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"  # noqa: S105 -- Adyen's published example
_STATED = {"currency": "EUR", "value": 1_234}
_PAID: dict[str, Any] = {
    "pspReference": _PSP,
    "resultCode": "Authorised",
    "merchantReference": "opn_1",
    "amount": _STATED,
}
_RECEIVED: dict[str, Any] = {
    "merchantAccount": "ExampleMerchant",
    "paymentPspReference": _PSP,
    "pspReference": _MODIFICATION,
    "reference": "opn_2",
    "status": "received",
}


def examples() -> Examples:
    """Show Adyen: each operation, what is answered to it, and one notification."""
    authorize = Instruction(
        kind=OperationKind.AUTHORIZE,
        key="opn_1",
        amount=_AMOUNT,
        payment_id="pay_1",
        account="pac_1",
        payment_method="stored:shopper_1:8416038790273850",
        return_url="https://shop.example/thanks",
        payment_amount=_AMOUNT,
    )
    later = tuple(_later(kind) for kind in (OperationKind.CAPTURE, OperationKind.VOID, OperationKind.REFUND))
    return Examples(
        config=AdyenConfig(base_url="https://checkout.example/v71", merchant_account="ExampleMerchant"),
        credentials=AdyenCredentials(api_key="AQE_example", callback_secrets=(_SECRET, "11" * 32)),
        instructions=(authorize, *later),
        answers=_answers(authorize, later),
        verifications=(
            verification(200, {"paymentMethods": [{"name": "Cards", "type": "scheme"}]}, Verification.VALID),
            verification(401, _error(401, "000", "security"), Verification.REFUSED),
            verification(500, _error(500, "905", "configuration"), Verification.UNKNOWN),
        ),
        callbacks=(_callback(),),
    )


def _later(kind: OperationKind) -> Instruction:
    return Instruction(
        kind=kind,
        key="opn_2",
        amount=_AMOUNT,
        payment_id="pay_1",
        account="pac_1",
        provider_reference=_PSP,
        payment_amount=_AMOUNT,
        final=True,
    )


def _answers(authorize: Instruction, later: tuple[Instruction, ...]) -> tuple[ExampleAnswer, ...]:
    refused = _PAID | {"resultCode": "Refused", "refusalReason": "Not enough balance", "refusalReasonCode": "12"}
    action = {"type": "redirect", "method": "GET", "url": "https://checkoutshopper.example/redirect"}
    not_taken = NotSent("not processed: the key was not taken")
    invalid = _error(422, "137", "validation")
    return (
        answer(authorize, 200, _PAID, Succeeded(_PSP, _AMOUNT)),
        answer(authorize, 200, _PAID | {"resultCode": "Pending"}, AcceptedPending(_PSP)),
        answer(
            authorize,
            200,
            _PAID | {"resultCode": "RedirectShopper", "action": action},
            AcceptedPending(_PSP, "https://checkoutshopper.example/redirect"),
        ),
        answer(authorize, 200, refused, Rejected("refused_12", Decline.SOFT, "Not enough balance", _PSP)),
        answer(authorize, 401, _error(401, "000", "security"), not_taken),
        answer(authorize, 403, _error(403, "901", "security"), not_taken),
        answer(authorize, 500, _error(500, "905", "configuration"), Unknown("status 500, 905")),
        *(answer(one, 201, _RECEIVED, AcceptedPending(_MODIFICATION)) for one in later),
        *(answer(one, 422, invalid, Rejected("137", Decline.INVALID, "Because.")) for one in later),
    )


def _error(status: int, code: str, type_: str) -> dict[str, Any]:
    return {"status": status, "errorCode": code, "message": "Because.", "errorType": type_}


def _callback() -> ExampleCallback:
    text = f"{_MODIFICATION}:{_PSP}:ExampleMerchant:opn_2:1234:EUR:CAPTURE:true"
    signed = base64.b64encode(hmac.new(bytes.fromhex(_SECRET), text.encode(), hashlib.sha256).digest()).decode()
    item = {
        "additionalData": {"hmacSignature": signed},
        "amount": _STATED,
        "eventCode": "CAPTURE",
        "merchantAccountCode": "ExampleMerchant",
        "merchantReference": "opn_2",
        "originalReference": _PSP,
        "pspReference": _MODIFICATION,
        "success": "true",
    }
    notification = {"live": "false", "notificationItems": [{"NotificationRequestItem": item}]}
    return ExampleCallback(
        raw=json.dumps(notification).encode(),
        headers={"content-type": "application/json"},
        now_seconds=1_700_000_000,
        secret=_SECRET,
        means=(
            CallbackEvent(
                event_id=f"{_MODIFICATION}:CAPTURE:true",
                kind="CAPTURE",
                operation_key="opn_2",
                provider_reference=_PSP,
                operation_reference=_MODIFICATION,
                operation_kind=OperationKind.CAPTURE,
                finding=Succeeded(_MODIFICATION, _AMOUNT),
            ),
        ),
    )
