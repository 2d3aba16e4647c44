"""Instructions to Khalti and answers of it, for tests; the published samples of its documentation."""

from pathlib import Path
from typing import Any

import msgspec

from adapters.providerkit.messages import HttpResponse
from adapters.providers.khalti import KhaltiConfig, KhaltiCredentials
from adapters.providers.khalti.adapter import KhaltiAdapter
from adapters.providers.khalti.client import PartialRefunds
from domain.money import amount_of
from domain.providers import Instruction, OperationKind

SAMPLES: dict[str, Any] = msgspec.json.decode(
    (Path(__file__).parents[3] / "data" / "nepal" / "khalti-kpg2-samples.json").read_bytes()
)
PIDX = "HT6o6PEZRWFJ5ygavzHWd5"
TRANSACTION = "GFq9PFS7b2iYvL8Lir9oXe"
REFERENCE = f"{PIDX}/{TRANSACTION}"
NPR_100 = amount_of(10_000, "NPR")
NPR_40 = amount_of(4_000, "NPR")

CONFIG = KhaltiConfig(
    base_url="https://wallet.example/api/v2/",
    refund_url="https://wallet.example/api",
    website_url="https://shop.example",
)
CREDENTIALS = KhaltiCredentials(secret_key="test_secret_key")
ADAPTER = KhaltiAdapter(CONFIG, CREDENTIALS)
IN_PARTS = KhaltiAdapter(msgspec.structs.replace(CONFIG, partial_refunds=PartialRefunds.IN_PAISA), CREDENTIALS)


def pay(**changes: Any) -> Instruction:
    instruction = Instruction(
        kind=OperationKind.AUTHORIZE,
        key="opn_1",
        amount=NPR_100,
        payment_id="pay_1",
        account="pac_1",
        payment_method="khalti",
        capture=True,
        callback_url="https://mediator.example/v1/callbacks/khalti/pac_1",
        payment_amount=NPR_100,
    )
    return msgspec.structs.replace(instruction, **changes)


def opened(**changes: Any) -> Instruction:
    """The same payment once Khalti has named it and the customer was sent away."""
    return pay(**{"provider_reference": PIDX, "action_url": f"https://wallet.example/?pidx={PIDX}", **changes})


def refund(**changes: Any) -> Instruction:
    return pay(
        **{"kind": OperationKind.REFUND, "key": "opn_2", "provider_reference": REFERENCE, "capture": False, **changes}
    )


def found(status: str, /, **changes: object) -> dict[str, object]:
    """The published answer to a look-up of that status, changed."""
    [body] = [one["body"] for one in SAMPLES["lookup"] if one["body"]["status"] == status]
    return {**body, **changes}


def said(body: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status=status, body=msgspec.json.encode(body))
