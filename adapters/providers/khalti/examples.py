"""Khalti in examples, for the conformance kit: the answers are those of its documentation."""

from adapters.providerkit.examples import ExampleAnswer, ExampleCallback, Examples, answer, verification
from adapters.providers.khalti.client import KhaltiConfig, KhaltiCredentials
from domain.money import Currency, Money
from domain.providers import (
    AcceptedPending,
    CallbackEvent,
    Decline,
    Instruction,
    Missing,
    NotSent,
    OperationKind,
    Rejected,
    Succeeded,
    Verification,
)

_AMOUNT = Money(1_000, Currency("NPR"))
_PIDX = "bZQLD9wRVWo4CdESSfuSsB"
_TRANSACTION = "4H7AhoXDJWg5WjrcPT9ixW"
_PAY_AT = f"https://test-pay.khalti.example/?pidx={_PIDX}"
_INVALID_KEY = b'{"detail":"Invalid token.","status_code":401}'
_TOO_LITTLE = b'{"amount":["Amount should be greater than Rs. 10, that is 1000 paisa."],"error_key":"validation_error"}'
_RETURNED = (
    f"pidx={_PIDX}&transaction_id={_TRANSACTION}&tidx={_TRANSACTION}&amount=1000&total_amount=1000"
    "&mobile=98XXXXX904&status=Completed&purchase_order_id=opn_1&purchase_order_name=Order"
)


def examples() -> Examples:
    """Show Khalti: a payment that is initiated and looked up, and a whole refund."""
    authorize = Instruction(
        kind=OperationKind.AUTHORIZE,
        key="opn_1",
        amount=_AMOUNT,
        payment_id="pay_1",
        account="pac_1",
        capture=True,
        callback_url="https://pay.example/v1/callbacks/khalti/pac_1",
        payment_amount=_AMOUNT,
    )
    refund = Instruction(
        kind=OperationKind.REFUND,
        key="opn_2",
        amount=_AMOUNT,
        payment_id="pay_1",
        account="pac_1",
        provider_reference=f"{_PIDX}/{_TRANSACTION}",
        payment_amount=_AMOUNT,
    )
    return Examples(
        config=KhaltiConfig(
            base_url="https://dev.khalti.example/api/v2",
            refund_url="https://dev.khalti.example/api",
            website_url="https://shop.example",
        ),
        credentials=KhaltiCredentials(secret_key="test_secret_key_of_nobody"),  # noqa: S106 -- made up, opens nothing
        instructions=(authorize, refund),
        answers=_answers(authorize, refund),
        look_ups=_look_ups(authorize, refund),
        verifications=(
            verification(400, b'{"detail":"Not found.","error_key":"validation_error"}', Verification.VALID),
            verification(401, _INVALID_KEY, Verification.REFUSED),
            verification(503, b"", Verification.UNKNOWN),
        ),
        callbacks=(_callback(),),
    )


def _answers(authorize: Instruction, refund: Instruction) -> tuple[ExampleAnswer, ...]:
    initiated = (
        f'{{"pidx":"{_PIDX}","payment_url":"{_PAY_AT}",'
        '"expires_at":"2023-05-25T16:26:16.471649+05:45","expires_in":1800}'
    )
    not_taken = NotSent("not processed: the key was not taken")
    too_little = Rejected("validation_error", Decline.INVALID, _TOO_LITTLE.decode())
    refused = b'{"detail":"Transaction is not refundable.","error_key":"validation_error"}'
    return (
        answer(authorize, 200, initiated.encode(), AcceptedPending(_PIDX, _PAY_AT)),
        answer(authorize, 400, _TOO_LITTLE, too_little),
        answer(authorize, 401, _INVALID_KEY, not_taken),
        answer(
            refund, 200, b'{"detail":"Transaction refund successful."}', Succeeded(f"{_PIDX}/{_TRANSACTION}", _AMOUNT)
        ),
        answer(refund, 400, refused, Rejected("validation_error", Decline.INVALID, refused.decode())),
        answer(refund, 401, _INVALID_KEY, not_taken),
    )


def _look_ups(authorize: Instruction, refund: Instruction) -> tuple[ExampleAnswer, ...]:
    def found(status: str, *, transaction: str | None = None) -> bytes:
        written = "null" if transaction is None else f'"{transaction}"'
        return (
            f'{{"pidx":"{_PIDX}","total_amount":1000,"status":"{status}","transaction_id":{written},"fee":0,"refunded":false}}'
        ).encode()

    def asked(instruction: Instruction) -> Instruction:
        """Give the payment as it stands once its link is known."""
        return Instruction(
            kind=instruction.kind,
            key=instruction.key,
            amount=instruction.amount,
            payment_id=instruction.payment_id,
            account=instruction.account,
            provider_reference=_PIDX,
            payment_amount=instruction.payment_amount,
            action_url=_PAY_AT,
        )

    payment = asked(authorize)
    expired = Rejected("expired", Decline.SOFT, "The payment's link has expired.", _PIDX)
    canceled = Rejected("user_canceled", Decline.SOFT, "The customer canceled.", _PIDX)
    paid = Succeeded(f"{_PIDX}/{_TRANSACTION}", _AMOUNT)
    return (
        answer(payment, 200, found("Completed", transaction=_TRANSACTION), paid),
        answer(payment, 200, found("Initiated"), AcceptedPending(_PIDX, _PAY_AT)),
        answer(payment, 200, found("Pending"), AcceptedPending(_PIDX)),
        answer(payment, 400, found("Expired"), expired),
        answer(payment, 400, found("User canceled"), canceled),
        answer(refund, 200, found("Refunded", transaction=_TRANSACTION), paid),
        answer(refund, 200, found("Completed", transaction=_TRANSACTION), Missing("the payment is not refunded")),
    )


def _callback() -> ExampleCallback:
    event = CallbackEvent(
        event_id="",
        kind="payment.returned",
        operation_key="opn_1",
        provider_reference=_PIDX,
        operation_kind=OperationKind.AUTHORIZE,
    )
    return ExampleCallback(raw=_RETURNED.encode(), now_seconds=1_685_000_000, secret=None, means=(event,))
