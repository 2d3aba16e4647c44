"""The sandbox gateway in examples, for the conformance kit."""

import hashlib
import hmac

import msgspec

from adapters.providerkit.examples import ExampleAnswer, ExampleCallback, Examples, answer, in_json, verification
from adapters.providers.sandbox.client import SandboxConfig, SandboxCredentials
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
_CHARGE = {
    "id": "ch_1",
    "payment": "pay_1",
    "status": "authorized",
    "amount": 1_234,
    "currency": "EUR",
    "authorized": 1_234,
    "captured": 0,
    "decline": None,
    "action_url": None,
}
_PAYOUT = {"id": "po_1", "key": "opn_3", "payout": "pyo_1", "status": "paid", "amount": 1_234, "currency": "EUR"}
_DECLINED = {"code": "insufficient_funds", "kind": "soft", "message": "Not enough."}
_EVENT = b'{"id":"ev_1","type":"charge.captured","operation_key":"opn_2","charge":{"id":"ch_1"}}'


def examples() -> Examples:
    """Show the gateway: each operation, what is answered to it, and one callback."""
    authorize = Instruction(
        kind=OperationKind.AUTHORIZE,
        key="opn_1",
        amount=_AMOUNT,
        payment_id="pay_1",
        account="pac_1",
        payment_method="tok_success",
        callback_url="https://pay.example/v1/callbacks/sandbox/pac_1",
        return_url="https://shop.example/thanks",
    )
    capture, void, refund = (_later(kind) for kind in (OperationKind.CAPTURE, OperationKind.VOID, OperationKind.REFUND))
    payout = Instruction(
        kind=OperationKind.PAYOUT,
        key="opn_3",
        amount=_AMOUNT,
        payment_id="pyo_1",
        account="pac_1",
        payee=Payee(name="Anna Example", country="DE", iban="DE89370400440532013000", bic="COBADEFFXXX"),
        reference="invoice 7",
        callback_url="https://pay.example/v1/callbacks/sandbox/pac_1",
    )
    return Examples(
        config=SandboxConfig(base_url="https://gateway.example/base/"),
        credentials=SandboxCredentials(api_key="sk_example_1", callback_secrets=(_SECRET, "whsec_example_old")),
        instructions=(authorize, capture, void, refund, payout),
        answers=(*_answers(authorize, (capture, void, refund)), *_payout_answers(payout)),
        look_ups=(*_look_ups(authorize, refund), *_payout_look_ups(payout)),
        verifications=(
            verification(200, {"lines": [], "next": None}, Verification.VALID),
            verification(401, {"error": {"code": "unauthorized"}}, Verification.REFUSED),
            verification(503, {"error": {"code": "unavailable"}}, Verification.UNKNOWN),
        ),
        books=(in_json(200, {"lines": [_line("ch_1"), _line("ch_2")], "next": "ch_2"}),),
        callbacks=(_callback(),),
    )


def _later(kind: OperationKind) -> Instruction:
    return Instruction(
        kind=kind,
        key="opn_2",
        amount=_AMOUNT,
        payment_id="pay_1",
        account="pac_1",
        provider_reference="ch_1",
        payment_amount=_AMOUNT,
    )


def _answers(authorize: Instruction, later: tuple[Instruction, ...]) -> tuple[ExampleAnswer, ...]:
    declined = {"error": _DECLINED, "charge": _CHARGE | {"status": "declined", "decline": _DECLINED}}
    action = _CHARGE | {"status": "requires_action", "action_url": "https://gateway.example/3ds/ch_1"}
    movement = {"id": "mv_1", "charge": "ch_1", "amount": 1_234, "currency": "EUR", "status": "succeeded"}
    refused = {"error": {"code": "amount_too_large", "kind": "invalid", "message": "Too much."}}
    return (
        answer(authorize, 201, _CHARGE, Succeeded("ch_1", _AMOUNT)),
        answer(authorize, 201, action, AcceptedPending("ch_1", "https://gateway.example/3ds/ch_1")),
        answer(authorize, 402, declined, Rejected("insufficient_funds", Decline.SOFT, "Not enough.", "ch_1")),
        answer(authorize, 401, {"error": {"code": "unauthorized"}}, NotSent("not processed: unauthorized")),
        answer(authorize, 429, {"error": {"code": "rate_limited"}}, NotSent("not processed: rate_limited")),
        answer(authorize, 500, {"error": {"code": "internal"}}, Unknown("status 500, internal")),
        *(answer(one, 201, movement, Succeeded("ch_1", _AMOUNT)) for one in later),
        *(answer(one, 422, refused, Rejected("amount_too_large", Decline.INVALID, "Too much.")) for one in later),
    )


def _look_ups(authorize: Instruction, refund: Instruction) -> tuple[ExampleAnswer, ...]:
    done = {"state": "succeeded", "amount": 1_234, "currency": "EUR", "charge": _CHARGE}
    declined = done | {"state": "declined", "code": "do_not_honor", "decline_kind": "hard", "message": "No."}
    missing = {"error": {"code": "operation_not_found", "message": "There is none."}}
    return (
        answer(authorize, 200, {"key": "opn_1", "kind": "authorize", **done}, Succeeded("ch_1", _AMOUNT)),
        answer(
            authorize,
            200,
            {"key": "opn_1", "kind": "authorize", **declined},
            Rejected("do_not_honor", Decline.HARD, "No.", "ch_1"),
        ),
        answer(refund, 200, {"key": "opn_2", "kind": "refund", **done}, Succeeded("ch_1", _AMOUNT)),
        answer(authorize, 404, missing, Missing("operation_not_found")),
    )


def _payout_answers(payout: Instruction) -> tuple[ExampleAnswer, ...]:
    blocked = {"error": {"code": "beneficiary_blocked", "kind": "hard", "message": "Not to them."}}
    return (
        answer(payout, 201, _PAYOUT, Succeeded("po_1", _AMOUNT)),
        answer(payout, 201, _PAYOUT | {"status": "pending"}, AcceptedPending("po_1")),
        answer(payout, 402, blocked, Rejected("beneficiary_blocked", Decline.HARD, "Not to them.")),
        answer(payout, 429, {"error": {"code": "rate_limited"}}, NotSent("not processed: rate_limited")),
        answer(payout, 500, {"error": {"code": "internal"}}, Unknown("status 500, internal")),
    )


def _payout_look_ups(payout: Instruction) -> tuple[ExampleAnswer, ...]:
    closed = {"failure": {"code": "account_closed", "kind": "hard", "message": "Closed."}}
    gone = Rejected("account_closed", Decline.HARD, "Closed.", "po_1")
    missing = {"error": {"code": "payout_not_found", "message": "There is none."}}
    return (
        answer(payout, 200, _PAYOUT, Succeeded("po_1", _AMOUNT)),
        answer(payout, 200, _PAYOUT | {"status": "failed"} | closed, gone),
        answer(
            payout,
            200,
            _PAYOUT | {"status": "returned"} | closed,
            msgspec.structs.replace(gone, comeback=Comeback.RETURNED),
        ),
        answer(payout, 404, missing, Missing("payout_not_found")),
    )


def _line(charge: str) -> dict[str, object]:
    return {"charge": charge, "payment": "pay_1", "currency": "EUR", "captured": 1_234, "refunded": 0}


def _callback() -> ExampleCallback:
    signed = hmac.new(_SECRET.encode(), f"{_CALLED_AT}.".encode() + _EVENT, hashlib.sha256).hexdigest()
    return ExampleCallback(
        raw=_EVENT,
        headers={"sandbox-signature": f"t={_CALLED_AT},v1={signed}", "content-type": "application/json"},
        now_seconds=_CALLED_AT + 1,
        secret=_SECRET,
        means=(
            CallbackEvent(event_id="ev_1", kind="charge.captured", operation_key="opn_2", provider_reference="ch_1"),
        ),
    )
