"""Reads what customers send to the bank: credit transfer initiations, pain.001 in versions 03 and 09."""

from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import Element, ParseError

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
VERSIONS = {"pain.001.001.03": "pain.002.001.03", "pain.001.001.09": "pain.002.001.12"}
"""Which report answers which order."""


class UnreadableOrderError(Exception):
    """A file that is no credit transfer initiation which the bank can read."""


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer of a file; `instruction_id` is empty where none was given."""

    payment_information_id: str
    instruction_id: str
    end_to_end_id: str
    uetr: str | None
    debtor: str
    creditor: str
    creditor_name: str
    amount: Decimal
    currency: str
    remittance: str


class OrderFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of transfers; `count` and `total` are what its header says of them."""

    version: str
    message_id: str
    count: int
    total: Decimal | None
    transfers: tuple[Transfer, ...]


def read_order(raw: bytes) -> OrderFile:
    """Read a file. Raises UnreadableOrderError, also for one with a DTD or entities in it."""
    try:
        document = fromstring(raw, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as fault:
        raise UnreadableOrderError("The file is no well-formed XML without a DTD.") from fault
    version = document.tag.partition("}")[0].removeprefix("{").removeprefix(_NAMESPACE)
    if version not in VERSIONS:
        raise UnreadableOrderError(f"The bank does not read {version[:100]!r}.")
    reader = _Reader(f"{{{_NAMESPACE}{version}}}")
    try:
        return reader.order(document, version)
    except InvalidOperation as fault:
        raise UnreadableOrderError("An amount is no number.") from fault


class _Reader:
    """Reads the elements of one version: they differ in their namespace only, as far as the bank looks."""

    def __init__(self, space: str) -> None:
        self._space = space

    def order(self, document: Element, version: str) -> OrderFile:
        total = self._find(document, "CstmrCdtTrfInitn/GrpHdr/CtrlSum")
        groups = document.findall(self._path("CstmrCdtTrfInitn/PmtInf"))
        return OrderFile(
            version=version,
            message_id=self._get(document, "CstmrCdtTrfInitn/GrpHdr/MsgId"),
            count=int(Decimal(self._get(document, "CstmrCdtTrfInitn/GrpHdr/NbOfTxs"))),
            total=None if total is None else Decimal(total),
            transfers=tuple(
                self._transfer(group, one) for group in groups for one in group.findall(self._path("CdtTrfTxInf"))
            ),
        )

    def _transfer(self, group: Element, one: Element) -> Transfer:
        amount = one.find(self._path("Amt/InstdAmt"))
        if amount is None or amount.text is None:
            raise UnreadableOrderError("A transfer has no instructed amount.")
        return Transfer(
            payment_information_id=self._get(group, "PmtInfId"),
            instruction_id=self._find(one, "PmtId/InstrId") or "",
            end_to_end_id=self._get(one, "PmtId/EndToEndId"),
            uetr=self._find(one, "PmtId/UETR"),
            debtor=self._account(group, "DbtrAcct"),
            creditor=self._account(one, "CdtrAcct"),
            creditor_name=self._get(one, "Cdtr/Nm"),
            amount=Decimal(amount.text.strip()),
            currency=amount.get("Ccy", ""),
            remittance=self._find(one, "RmtInf/Ustrd") or "",
        )

    def _account(self, element: Element, name: str) -> str:
        iban = self._find(element, f"{name}/Id/IBAN")
        return iban if iban is not None else self._get(element, f"{name}/Id/Othr/Id")

    def _get(self, element: Element, path: str) -> str:
        text = self._find(element, path)
        if text is None:
            raise UnreadableOrderError(f"{path} is missing.")
        return text

    def _find(self, element: Element, path: str) -> str | None:
        found = element.find(self._path(path))
        return None if found is None or not (found.text or "").strip() else (found.text or "").strip()

    def _path(self, path: str) -> str:
        return "/".join(f"{self._space}{name}" for name in path.split("/"))
