"""What is said to the sandbox gateway."""

from typing import Any

import msgspec
import pytest

from adapters.providerkit.messages import CannotBuildError
from domain.providers import (
    OperationKind,
)
from tests.adapters.providers.sandbox.examples import (
    ADAPTER,
    authorize,
    later,
)

CAPTURE, VOID, REFUND = OperationKind.CAPTURE, OperationKind.VOID, OperationKind.REFUND


def body_of(raw: bytes) -> Any:
    return msgspec.json.decode(raw)


def test_authorization_says_everything_that_was_given_and_nothing_else() -> None:
    instruction = authorize(
        capture=True, reference="order 7", callback_url="http://us.example/c", return_url="http://shop.example/r"
    )

    request = ADAPTER.build_request(instruction)

    assert (request.method, request.url) == ("POST", "http://gateway.example/base/v1/charges")
    assert request.headers["Idempotency-Key"] == "op_1"
    assert request.headers["Authorization"] == "Bearer sk_test_1"
    assert body_of(request.body) == {
        "account": "acct_1",
        "payment": "pay_1",
        "amount": 1000,
        "currency": "EUR",
        "source": "tok_success",
        "capture": True,
        "reference": "order 7",
        "callback_url": "http://us.example/c",
        "return_url": "http://shop.example/r",
    }
    assert "reference" not in body_of(ADAPTER.build_request(authorize()).body)


def test_same_instruction_is_said_in_the_same_bytes() -> None:
    assert ADAPTER.build_request(authorize()) == ADAPTER.build_request(authorize())


@pytest.mark.parametrize(
    ("kind", "path", "body"),
    [
        (CAPTURE, "capture", {"amount": 1000, "final": True}),
        (VOID, "void", {}),
        (REFUND, "refunds", {"amount": 1000}),
    ],
)
def test_later_operation_names_the_charge(kind: OperationKind, path: str, body: object) -> None:
    request = ADAPTER.build_request(later(kind, final=True, provider_reference="ch/../1?"))

    assert request.url == f"http://gateway.example/base/v1/charges/ch%2F..%2F1%3F/{path}"
    assert body_of(request.body) == body
    assert request.headers["Idempotency-Key"] == "op_2"


def test_instruction_that_lacks_something_cannot_be_said() -> None:
    with pytest.raises(CannotBuildError):
        ADAPTER.build_request(authorize(payment_method=None))
    with pytest.raises(CannotBuildError):
        ADAPTER.build_request(later(CAPTURE, provider_reference=None))


def test_look_up_asks_for_the_key() -> None:
    request = ADAPTER.build_look_up(authorize(key="a/b c"))

    assert (request.method, request.url) == ("GET", "http://gateway.example/base/v1/operations/a%2Fb%20c")
