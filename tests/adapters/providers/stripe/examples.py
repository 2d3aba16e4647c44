"""Instructions to Stripe and answers of it, for tests."""

from typing import Any

import msgspec

from adapters.providerkit.messages import HttpResponse
from adapters.providers.stripe import StripeConfig, StripeCredentials
from adapters.providers.stripe.adapter import StripeAdapter
from domain.money import amount_of
from domain.providers import Instruction, OperationKind, Payee

IBAN = "DE89370400440532013000"
CONFIG = StripeConfig(base_url="https://stripe.example/", payout_destinations={IBAN: "ba_1"})
CREDENTIALS = StripeCredentials(secret_key="sk_test_1", callback_secrets=("whsec_new", "whsec_old"))
ADAPTER = StripeAdapter(CONFIG, CREDENTIALS)
PAYEE = Payee(name="Ourselves", country="DE", iban=IBAN)


def authorize(**changes: Any) -> Instruction:
    instruction = Instruction(
        kind=OperationKind.AUTHORIZE,
        key="op_1",
        amount=amount_of(2000, "EUR"),
        payment_id="pay_1",
        account="acct_1",
        payment_method="pm_card_visa",
    )
    return msgspec.structs.replace(instruction, **changes)


def later(kind: OperationKind, **changes: Any) -> Instruction:
    about = {"provider_reference": "pi_1", "payment_method": None, "final": True}
    return authorize(**{"kind": kind, "key": "op_2", **about, **changes})


def payout(**changes: Any) -> Instruction:
    return authorize(**{"kind": OperationKind.PAYOUT, "key": "op_3", "payment_method": None, "payee": PAYEE, **changes})


def intent(**changes: object) -> dict[str, object]:
    standard: dict[str, object] = {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": 2000,
        "amount_received": 0,
        "capture_method": "manual",
        "currency": "eur",
        "status": "requires_capture",
        "latest_charge": "ch_1",
        "last_payment_error": None,
        "next_action": None,
        "metadata": {"operation_key": "op_1", "payment_id": "pay_1", "account": "acct_1"},
    }
    return {**standard, **changes}


def refund(**changes: object) -> dict[str, object]:
    standard: dict[str, object] = {
        "id": "re_1",
        "object": "refund",
        "amount": 500,
        "currency": "eur",
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "status": "succeeded",
        "metadata": {"operation_key": "op_2"},
    }
    return {**standard, **changes}


def paid_out(**changes: object) -> dict[str, object]:
    standard: dict[str, object] = {
        "id": "po_1",
        "object": "payout",
        "amount": 2000,
        "currency": "eur",
        "status": "pending",
        "metadata": {"operation_key": "op_3"},
        "failure_code": None,
        "failure_message": None,
    }
    return {**standard, **changes}


def error(type_: str, code: str | None = None, **more: object) -> dict[str, object]:
    return {"error": {"type": type_, **({"code": code} if code else {}), "message": "Because.", **more}}


def said(body: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status=status, body=msgspec.json.encode(body))
