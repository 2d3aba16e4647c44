"""eSewa in examples, for the conformance kit: the signed return is the one that its documentation prints."""

import base64

from adapters.providerkit.examples import ExampleAnswer, ExampleCallback, Examples, answer
from adapters.providers.esewa.client import EsewaConfig, EsewaCredentials
from domain.money import Currency, Money
from domain.providers import (
    AcceptedPending,
    CallbackEvent,
    Decline,
    Instruction,
    Missing,
    OperationKind,
    Rejected,
    Succeeded,
    Unknown,
)

_AMOUNT = Money(100_00, Currency("NPR"))
_UUID = "opn-1"
_SECRET = "8gBm/:&EnhH.1/q"  # noqa: S105 -- the published key of eSewa's test merchant
_RETURNED = (
    b'{"transaction_code":"000AWEO","status":"COMPLETE","total_amount":1000.0,"transaction_uuid":"250610-162413",'
    b'"product_code":"EPAYTEST",'
    b'"signed_field_names":"transaction_code,status,total_amount,transaction_uuid,product_code,signed_field_names",'
    b'"signature":"62GcfZTmVkzhtUeh+QJ1AqiJrjoWWGof3U+eTPTZ7fA="}'
)


def examples() -> Examples:
    """Show eSewa: a form for the customer's browser, the status that is asked for, and the way back."""
    authorize = Instruction(
        kind=OperationKind.AUTHORIZE,
        key="opn_1",
        amount=_AMOUNT,
        payment_id="pay_1",
        account="pac_1",
        capture=True,
        callback_url="https://pay.example/v1/callbacks/esewa/pac_1",
        payment_amount=_AMOUNT,
    )
    return Examples(
        config=EsewaConfig(
            form_url="https://rc-epay.esewa.example/api/epay/main/v2/form",
            status_url="https://rc.esewa.example/api/epay/transaction/status/",
            product_code="EPAYTEST",
        ),
        credentials=EsewaCredentials(secret_key=_SECRET, callback_secrets=(_SECRET,)),
        instructions=(authorize,),
        answers=(answer(authorize, 200, b"{}", Unknown("eSewa answers nothing to this")),),
        look_ups=_look_ups(authorize),
        callbacks=(_signed(), _failed()),
    )


def _look_ups(authorize: Instruction) -> tuple[ExampleAnswer, ...]:
    def status(word: str) -> bytes:
        return (
            f'{{"product_code":"EPAYTEST","transaction_uuid":"{_UUID}","total_amount":100.0,"status":"{word}","ref_id":null}}'
        ).encode()

    unavailable = b'{"code":0,"error_message":"Service is currently unavailable"}'
    return (
        answer(authorize, 200, status("COMPLETE"), Succeeded(_UUID, _AMOUNT)),
        answer(authorize, 200, status("PENDING"), AcceptedPending(_UUID)),
        answer(
            authorize, 200, status("CANCELED"), Rejected("canceled", Decline.SOFT, "The payment was canceled.", _UUID)
        ),
        answer(
            authorize, 200, status("NOT_FOUND"), Missing("eSewa has no such transaction, or its session has expired")
        ),
        answer(authorize, 200, status("AMBIGUOUS"), Unknown("the transaction is AMBIGUOUS")),
        answer(
            authorize,
            200,
            unavailable,
            Unknown("no answer about this transaction: Service is currently unavailable"),
        ),
    )


def _signed() -> ExampleCallback:
    raw = b"data=" + base64.b64encode(_RETURNED).replace(b"+", b"%2B").replace(b"/", b"%2F").replace(b"=", b"%3D")
    event = CallbackEvent(
        event_id="",
        kind="payment.returned",
        operation_key="250610_162413",
        provider_reference="250610-162413",
        operation_kind=OperationKind.AUTHORIZE,
    )
    return ExampleCallback(raw=raw, now_seconds=1_749_550_000, secret=_SECRET, means=(event,))


def _failed() -> ExampleCallback:
    event = CallbackEvent(
        event_id="",
        kind="payment.returned",
        operation_key="opn_1",
        provider_reference="opn-1",
        operation_kind=OperationKind.AUTHORIZE,
    )
    return ExampleCallback(raw=b"failed=opn-1", now_seconds=1_749_550_000, secret=None, means=(event,))
