"""The toy in examples."""

from typing import Any

from adapters.providerkit.examples import ExampleAnswer, ExampleCallback, Examples, ExampleVerification, answer, in_json
from adapters.providerkit.spec import ProviderSpec
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
from tests.adapters.providerkit.broken.toy import MANIFEST, NAME, Toy, ToyConfig, ToyCredentials, sign

AMOUNT = Money(12_34, Currency("EUR"))
SECRET = "whsec_toy_new"
API_KEY = "sk_toy_example"
AT = 1_700_000_000
EVENT = b'{"id":"ev_1","type":"payment.done","key":"opn_1"}'


def examples() -> Examples:
    """Show the toy."""
    instructions = tuple(instruction(kind) for kind in OperationKind)
    return Examples(
        config=ToyConfig(base_url="https://toy.example/api"),
        credentials=ToyCredentials(api_key=API_KEY, callback_secrets=(SECRET,)),
        instructions=instructions,
        answers=tuple(answer for one in instructions for answer in _answers(one)),
        look_ups=(
            *(ExampleAnswer(about=one, response=in_json(200, body(one)), means=_done()) for one in instructions),
            answer(instructions[0], 404, {"error": "no_such_key"}, Missing("no such key")),
        ),
        verifications=(
            ExampleVerification(response=in_json(200, {"me": "you"}), means=Verification.VALID),
            ExampleVerification(response=in_json(401, {"error": "key"}), means=Verification.REFUSED),
        ),
        books=(in_json(200, {"lines": [_line()], "next": None}),),
        callbacks=(
            ExampleCallback(
                raw=EVENT,
                headers={"toy-time": str(AT), "toy-signature": sign(SECRET, str(AT), EVENT)},
                now_seconds=AT + 1,
                secret=SECRET,
                means=(CallbackEvent(event_id="ev_1", kind="payment.done", operation_key="opn_1"),),
            ),
        ),
    )


def instruction(kind: OperationKind) -> Instruction:
    """Give an operation that can be built."""
    first = kind in {OperationKind.AUTHORIZE, OperationKind.PAYOUT}
    return Instruction(
        kind=kind,
        key=f"opn_{list(OperationKind).index(kind)}",
        amount=AMOUNT,
        payment_id="pay_1",
        account="pac_1",
        provider_reference=None if first else "p_1",
        payment_amount=AMOUNT,
    )


def body(about: Instruction, state: str = "done") -> dict[str, str]:
    """Give what the toy says of an operation."""
    return {
        "key": about.key,
        "payment": "pay_1",
        "reference": "p_1",
        "state": state,
        "amount": "12.34",
        "currency": "EUR",
    }


def spec_of(adapter: type[Toy] = Toy, **changes: Any) -> ProviderSpec:
    """Give the toy's spec with another adapter, or with other parts."""
    parts: dict[str, Any] = {
        "name": NAME,
        "manifest": MANIFEST,
        "config": ToyConfig,
        "credentials": ToyCredentials,
        "create": adapter,
        "examples": examples,
    }
    return ProviderSpec(**(parts | changes))


spec = spec_of()
"""The toy as a third party would export it."""


def _answers(about: Instruction) -> tuple[ExampleAnswer, ...]:
    return (
        answer(about, 200, body(about), _done()),
        answer(about, 200, body(about, "waiting"), AcceptedPending("p_1")),
        answer(about, 422, {"error": "declined"}, Rejected("declined", Decline.HARD, "Refused.")),
        answer(about, 401, {"error": "key"}, NotSent("not processed")),
    )


def _done() -> Succeeded:
    return Succeeded("p_1", AMOUNT)


def _line() -> dict[str, str | int]:
    return {
        "provider_reference": "p_1",
        "payment_id": "pay_1",
        "currency": "EUR",
        "captured_minor": 1234,
        "refunded_minor": 0,
    }
