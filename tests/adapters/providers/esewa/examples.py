"""Instructions to eSewa and answers of it, for tests; its published signatures."""

import base64
from pathlib import Path
from typing import Any

import msgspec

from adapters.providerkit.messages import HttpResponse
from adapters.providers.esewa import EsewaConfig, EsewaCredentials
from adapters.providers.esewa.adapter import EsewaAdapter
from adapters.providers.esewa.client import signature
from domain.money import amount_of
from domain.providers import Instruction, OperationKind

VECTORS: dict[str, Any] = msgspec.json.decode(
    (Path(__file__).parents[3] / "data" / "nepal" / "esewa-hmac-vectors.json").read_bytes()
)
KEY: str = VECTORS["key_public_uat"]
REQUESTS = [vector for vector in VECTORS["vectors"] if vector["kind"] == "request"]
CALLBACKS = [vector for vector in VECTORS["vectors"] if vector["kind"] == "callback"]
NPR_100 = amount_of(10_000, "NPR")

CONFIG = EsewaConfig(
    form_url="https://wallet.example/api/epay/main/v2/form",
    status_url="https://wallet.example/api/epay/transaction/status/",
    product_code="EPAYTEST",
)
CREDENTIALS = EsewaCredentials(secret_key=KEY, callback_secrets=("test_key_of_tomorrow", KEY))
ADAPTER = EsewaAdapter(CONFIG, CREDENTIALS)
CALLBACK_URL = "https://mediator.example/v1/callbacks/esewa/pac_1"


def pay(**changes: Any) -> Instruction:
    instruction = Instruction(
        kind=OperationKind.AUTHORIZE,
        key="opn_1",
        amount=NPR_100,
        payment_id="pay_1",
        account="pac_1",
        payment_method="esewa",
        capture=True,
        callback_url=CALLBACK_URL,
        payment_amount=NPR_100,
    )
    return msgspec.structs.replace(instruction, **changes)


def status(word: str, **changes: object) -> HttpResponse:
    """The answer to a question for the status of `pay()`, its amount written as eSewa writes it."""
    body = {
        "product_code": "EPAYTEST",
        "transaction_uuid": "opn-1",
        "total_amount": 100.0,
        "status": word,
        "ref_id": None,
    }
    return HttpResponse(status=200, body=msgspec.json.encode({**body, **changes}))


def way_back(secret: str = KEY, *, literal: str = '"1000.0"', signed: str | None = None, **changes: str) -> bytes:
    """A signed way back whose amount is written as the JSON literal; `signed` is what its signature says instead."""
    names = "transaction_code,status,total_amount,transaction_uuid,product_code,signed_field_names"
    fields = {
        "transaction_code": "000AWEO",
        "status": "COMPLETE",
        "total_amount": literal.strip('"'),
        "transaction_uuid": "opn-1",
        "product_code": "EPAYTEST",
        "signed_field_names": names,
        **changes,
    }
    names = fields["signed_field_names"]
    over = fields if signed is None else fields | {"total_amount": signed}
    made = signature(secret, over, [name for name in names.split(",") if name in over])
    text = msgspec.json.encode(fields | {"signature": made}).decode()
    text = text.replace(f'"total_amount":"{fields["total_amount"]}"', f'"total_amount":{literal}')
    return b"data=" + base64.b64encode(text.encode())
