"""A bank account, a payout, and the schemas that neither side wrote."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import xmlschema

from adapters.providerkit.places import LocalPlace
from adapters.providers.iso20022 import Iso20022Config, Iso20022Credentials
from adapters.providers.iso20022.adapter import Iso20022Adapter
from domain.money import amount_of
from domain.providers import Instruction, OperationKind, Payee

DATA = Path(__file__).parents[3] / "data"
KEY = "opn_0198c5a2b3c47d1e8f00112233445566"
REFERENCE = "opn0198c5a2b3c47d1e8f00112233445566"
PAYEE = Payee(name="Anna Müller", country="DE", iban="DE89370400440532013000", bic="COBADEFFXXX")
PAYOUT = Instruction(
    kind=OperationKind.PAYOUT,
    key=KEY,
    amount=amount_of(123_456, "EUR"),
    payment_id="pyo_1",
    account="pac_1",
    payee=PAYEE,
    description="Invoice 7",
    created_at=datetime(2026, 11, 30, 23, 30, tzinfo=UTC),
)
NOBODY = Iso20022Credentials()


def config(**changes: object) -> Iso20022Config:
    given: dict[str, object] = {
        "folder": LocalPlace(),
        "debtor_name": "Mußterfirma & Söhne GmbH",
        "debtor_iban": "DE09028457998082047609",
    }
    return Iso20022Config(**(given | changes))  # type: ignore[arg-type]  # by name


def adapter(**changes: object) -> Iso20022Adapter:
    return Iso20022Adapter(config(**changes), NOBODY)


@cache
def schema(message: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(DATA / "iso20022" / f"{message}.xsd")


def tree(raw: bytes) -> ET.Element:
    """Read what we wrote ourselves, with plain names."""
    root = ET.fromstring(raw)  # noqa: S314 -- we wrote it
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2]
    return root


def texts(raw: bytes, path: str) -> list[str]:
    return [found.text or "" for found in tree(raw).findall(path)]
