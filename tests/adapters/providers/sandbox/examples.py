"""Instructions to the sandbox gateway and answers of it, for tests."""

from typing import Any

import msgspec

from adapters.providerkit.messages import HttpResponse
from adapters.providers.sandbox import SandboxConfig, SandboxCredentials
from adapters.providers.sandbox.adapter import SandboxAdapter
from domain.money import amount_of
from domain.providers import Instruction, OperationKind

CONFIG = SandboxConfig(base_url="http://gateway.example/base/")
CREDENTIALS = SandboxCredentials(api_key="sk_test_1", callback_secrets=("whsec_new", "whsec_old"))
ADAPTER = SandboxAdapter(CONFIG, CREDENTIALS)


def authorize(**changes: Any) -> Instruction:
    instruction = Instruction(
        kind=OperationKind.AUTHORIZE,
        key="op_1",
        amount=amount_of(1000, "EUR"),
        payment_id="pay_1",
        account="acct_1",
        payment_method="tok_success",
    )
    return msgspec.structs.replace(instruction, **changes)


def later(kind: OperationKind, **changes: Any) -> Instruction:
    return authorize(**{"kind": kind, "key": "op_2", "provider_reference": "ch_1", "payment_method": None, **changes})


def charge(**changes: object) -> dict[str, object]:
    standard: dict[str, object] = {
        "id": "ch_1",
        "account": "acct_1",
        "payment": "pay_1",
        "status": "authorized",
        "amount": 1000,
        "currency": "EUR",
        "authorized": 1000,
        "captured": 0,
        "refunded": 0,
        "released": 0,
        "decline": None,
        "action_url": None,
        "reference": None,
        "created": 1_700_000_000,
        "sequence": 1,
    }
    return {**standard, **changes}


def movement(**changes: object) -> dict[str, object]:
    return {"id": "re_1", "charge": "ch_1", "amount": 400, "currency": "EUR", "status": "succeeded", **changes}


def operation(**changes: object) -> dict[str, object]:
    standard: dict[str, object] = {
        "key": "op_1",
        "kind": "authorize",
        "state": "succeeded",
        "amount": 1000,
        "currency": "EUR",
        "charge": charge(),
        "refund": None,
        "code": None,
        "decline_kind": None,
        "message": None,
    }
    return {**standard, **changes}


def refusal(code: str, kind: str | None = None, **more: object) -> dict[str, object]:
    return {"error": {"code": code, "message": "Because.", **({"kind": kind} if kind else {})}, **more}


def said(body: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status=status, body=msgspec.json.encode(body))
