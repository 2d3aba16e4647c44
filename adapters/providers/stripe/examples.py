"""Stripe in examples, for the conformance kit: objects in the form of its API reference, with made-up names."""

import hashlib
import hmac
import json
from typing import Any

import msgspec

from adapters.providerkit.examples import ExampleAnswer, ExampleCallback, Examples, answer, verification
from adapters.providers.stripe.client import StripeConfig, StripeCredentials
from domain.money import Currency, Money
from domain.providers import (
    AcceptedPending,
    CallbackEvent,
    Comeback,
    Decline,
    Instruction,
    Missing,
    NotSent,
    OperationKind,
    Payee,
    Rejected,
    Succeeded,
    Unknown,
    Verification,
)

_AMOUNT = Money(1_234, Currency("EUR"))
_CALLED_AT = 1_700_000_000
_SECRET = "whsec_example_new"  # noqa: S105 -- made up, signs nothing but the example below
_IBAN = "DE89370400440532013000"
_INTENT: dict[str, Any] = {
    "id": "pi_1",
    "object": "payment_intent",
    "amount": 1_234,
    "amount_received": 0,
    "capture_method": "manual",
    "currency": "eur",
    "last_payment_error": None,
    "latest_charge": "ch_1",
    "metadata": {"operation_key": "opn_1", "payment_id": "pay_1", "account": "pac_1"},
    "next_action": None,
    "status": "requires_capture",
}
_CAPTURED = _INTENT | {"status": "succeeded", "amount_received": 1_234}
_CANCELED = _INTENT | {"status": "canceled"}
_REFUND: dict[str, Any] = {
    "id": "re_1",
    "object": "refund",
    "amount": 1_234,
    "charge": "ch_1",
    "currency": "eur",
    "metadata": {"operation_key": "opn_2", "payment_id": "pay_1"},
    "payment_intent": "pi_1",
    "status": "succeeded",
}
_PAYOUT: dict[str, Any] = {
    "id": "po_1",
    "object": "payout",
    "amount": 1_234,
    "currency": "eur",
    "metadata": {"operation_key": "opn_3", "payment_id": "pyo_1"},
    "status": "paid",
}
_REDIRECT = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://hooks.example/3ds/pi_1"}}


def examples() -> Examples:
    """Show Stripe: each operation, what is answered to it, and one webhook."""
    authorize = Instruction(
        kind=OperationKind.AUTHORIZE,
        key="opn_1",
        amount=_AMOUNT,
        payment_id="pay_1",
        account="pac_1",
        payment_method="pm_1",
        provider_reference="pi_1",
        return_url="https://shop.example/thanks",
        payment_amount=_AMOUNT,
    )
    capture, void, refund = (_later(kind) for kind in (OperationKind.CAPTURE, OperationKind.VOID, OperationKind.REFUND))
    payout = Instruction(
        kind=OperationKind.PAYOUT,
        key="opn_3",
        amount=_AMOUNT,
        payment_id="pyo_1",
        account="pac_1",
        payee=Payee(name="Ourselves", country="DE", iban=_IBAN),
        operation_reference="po_1",
    )
    unnamed = msgspec.structs.replace(authorize, provider_reference=None)
    unheard = msgspec.structs.replace(payout, operation_reference=None)
    return Examples(
        config=StripeConfig(base_url="https://stripe.example", payout_destinations={_IBAN: "ba_1"}),
        credentials=StripeCredentials(secret_key="sk_test_example", callback_secrets=(_SECRET, "whsec_example_old")),  # noqa: S106 -- made up
        instructions=(authorize, unnamed, capture, void, refund, payout, unheard),
        answers=_answers(authorize, capture, void, refund, payout),
        look_ups=_look_ups(authorize, capture, refund, payout),
        verifications=(
            verification(200, {"object": "balance", "available": [], "pending": []}, Verification.VALID),
            verification(401, _error("invalid_request_error"), Verification.REFUSED),
            verification(503, _error("api_error"), Verification.UNKNOWN),
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
        provider_reference="pi_1",
        payment_amount=_AMOUNT,
        final=True,
    )


def _answers(
    authorize: Instruction, capture: Instruction, void: Instruction, refund: Instruction, payout: Instruction
) -> tuple[ExampleAnswer, ...]:
    action = _INTENT | {"status": "requires_action", "next_action": _REDIRECT}
    declined = _error("card_error", "card_declined", decline_code="insufficient_funds")
    too_much = _error("invalid_request_error", "amount_too_large")
    invalid = Rejected("amount_too_large", Decline.INVALID, "Because.")
    failed = _PAYOUT | {"status": "failed", "failure_code": "account_closed", "failure_message": "Closed."}
    return (
        answer(authorize, 200, _INTENT, Succeeded("pi_1", _AMOUNT)),
        answer(authorize, 200, action, AcceptedPending("pi_1", "https://hooks.example/3ds/pi_1")),
        answer(authorize, 402, declined, Rejected("insufficient_funds", Decline.SOFT, "Because.")),
        answer(authorize, 401, _error("invalid_request_error"), NotSent("not processed: the key was not taken")),
        answer(authorize, 403, _error("invalid_request_error"), NotSent("not processed: the key was not taken")),
        answer(authorize, 429, _error("invalid_request_error", "rate_limit"), NotSent("not processed: rate_limit")),
        answer(authorize, 500, _error("api_error"), Unknown("status 500, api_error")),
        answer(capture, 200, _CAPTURED, Succeeded("pi_1", _AMOUNT)),
        answer(void, 200, _CANCELED, Succeeded("pi_1", _AMOUNT)),
        answer(refund, 200, _REFUND, Succeeded("re_1", _AMOUNT)),
        answer(refund, 200, _REFUND | {"status": "pending"}, AcceptedPending("re_1")),
        answer(payout, 200, _PAYOUT, Succeeded("po_1", _AMOUNT)),
        answer(payout, 200, _PAYOUT | {"status": "in_transit"}, AcceptedPending("po_1")),
        answer(payout, 200, failed, Rejected("account_closed", Decline.HARD, "Closed.", "po_1", Comeback.RETURNED)),
        *(answer(one, 400, too_much, invalid) for one in (capture, void, refund, payout)),
    )


def _look_ups(
    authorize: Instruction, capture: Instruction, refund: Instruction, payout: Instruction
) -> tuple[ExampleAnswer, ...]:
    declined = _INTENT | {
        "status": "requires_payment_method",
        "last_payment_error": {"type": "card_error", "code": "card_declined", "decline_code": "lost_card"},
    }
    unnamed = msgspec.structs.replace(authorize, provider_reference=None)
    unheard = msgspec.structs.replace(payout, operation_reference=None)
    return (
        answer(authorize, 200, _INTENT, Succeeded("pi_1", _AMOUNT)),
        answer(unnamed, 200, _page(_INTENT), Succeeded("pi_1", _AMOUNT)),
        answer(unnamed, 200, _page(declined), Rejected("lost_card", Decline.HARD, "", "pi_1")),
        answer(unnamed, 200, _page(), Missing("no object of Stripe's carries this key")),
        answer(capture, 200, _CAPTURED, Succeeded("pi_1", _AMOUNT)),
        answer(capture, 200, _INTENT, Missing("the intent is not captured")),
        answer(refund, 200, _page(_REFUND), Succeeded("re_1", _AMOUNT)),
        answer(payout, 200, _PAYOUT, Succeeded("po_1", _AMOUNT)),
        answer(unheard, 200, _page(_PAYOUT), Succeeded("po_1", _AMOUNT)),
    )


def _page(*objects: dict[str, Any]) -> dict[str, Any]:
    return {"object": "list", "data": list(objects), "has_more": False}


def _error(type_: str, code: str | None = None, **more: str) -> dict[str, Any]:
    return {"error": {"type": type_, "code": code, "message": "Because.", **more}}


def _callback() -> ExampleCallback:
    event = {"id": "evt_1", "object": "event", "type": "payment_intent.processing", "data": {"object": _INTENT}}
    raw = json.dumps(event).encode()
    signed = hmac.new(_SECRET.encode(), f"{_CALLED_AT}.".encode() + raw, hashlib.sha256).hexdigest()
    return ExampleCallback(
        raw=raw,
        headers={"stripe-signature": f"t={_CALLED_AT},v1={signed}", "content-type": "application/json"},
        now_seconds=_CALLED_AT + 1,
        secret=_SECRET,
        means=(
            CallbackEvent(
                event_id="evt_1",
                kind="payment_intent.processing",
                operation_key="opn_1",
                provider_reference="pi_1",
                operation_kind=OperationKind.AUTHORIZE,
            ),
        ),
    )
