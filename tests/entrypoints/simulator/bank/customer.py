"""A bank's customer for tests: writes valid orders, reads valid answers."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import xmlschema
from defusedxml.ElementTree import fromstring

from entrypoints.simulator.bank.books import BankBooks
from entrypoints.simulator.bank.clerk import Clerk
from entrypoints.simulator.bank.folders import BankFolders

DATA = Path(__file__).parents[3] / "data" / "iso20022"
VERSIONS = ("pain.001.001.03", "pain.001.001.09")
DEBTOR = "DE89370400440532013000"
CREDITOR = "FR1420041010050500013M02606"

_schemas: dict[str, xmlschema.XMLSchema] = {}


class Order(msgspec.Struct, frozen=True):
    """One transfer to be made."""

    end_to_end_id: str
    amount: str = "100.00"
    name: str = "Max Muster"


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


class Customer:
    """The folders of one customer, the bank behind them, and its clock."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.folder = folder
        self.books = BankBooks(folder / "books.sqlite")
        self.clerk = self.open()

    def open(self) -> Clerk:
        return Clerk(self.books, BankFolders(self.folder), book_seconds=10.0, clock=self.clock)

    def send(self, raw: bytes, name: str = "order.xml") -> None:
        (self.folder / "out" / name).write_bytes(raw)

    def pass_time(self, seconds: float = 10.0) -> None:
        """Let time pass, and the bank work."""
        self.clock.now += seconds
        self.clerk.work()

    def received(self) -> list[Any]:
        """Take every answer that has come, in order; each must be valid."""
        read = []
        for path in sorted((self.folder / "in").glob("*.xml")):
            read.append(read_valid(path.read_bytes()))
            path.unlink()
        assert list((self.folder / "in").iterdir()) == [], "an answer was not put there whole"
        return read

    def statuses(self) -> list[tuple[str, dict[str, str]]]:
        """Take every report that has come: the group's status, and each transfer's."""
        return [statuses_of(one) for one in self.received() if one.tag.endswith("Document") and _holds(one, "GrpSts")]


def schema_of(version: str) -> xmlschema.XMLSchema:
    if version not in _schemas:
        _schemas[version] = xmlschema.XMLSchema(DATA / f"{version}.xsd")
    return _schemas[version]


def read_valid(raw: bytes) -> Any:
    document = fromstring(raw, forbid_dtd=True)
    schema_of(document.tag.partition("}")[0].rpartition(":")[2]).validate(document)
    return document


def texts(document: Any, name: str) -> list[str]:
    """Give the texts of every element of that name."""
    return [element.text or "" for element in document.iter() if element.tag.rpartition("}")[2] == name]


def statuses_of(document: Any) -> tuple[str, dict[str, str]]:
    [group] = texts(document, "GrpSts")
    return group, dict(zip(texts(document, "OrgnlEndToEndId"), texts(document, "TxSts"), strict=True))


def _holds(document: Any, name: str) -> bool:
    return bool(texts(document, name))


def order_file(
    orders: Iterable[Order], *, version: str = VERSIONS[1], message_id: str = "MSG-1", total: str | None = None
) -> bytes:
    """Write a valid pain.001."""
    orders = list(orders)
    total = total or str(sum((Decimal(one.amount) for one in orders), Decimal(0)))
    day = (
        "<ReqdExctnDt><Dt>2026-11-30</Dt></ReqdExctnDt>"
        if version.endswith("09")
        else ("<ReqdExctnDt>2026-11-30</ReqdExctnDt>")
    )
    agent = (
        "<FinInstnId><BICFI>COBADEFFXXX</BICFI></FinInstnId>"
        if version.endswith("09")
        else ("<FinInstnId><BIC>COBADEFFXXX</BIC></FinInstnId>")
    )
    transfers = "".join(
        f"<CdtTrfTxInf><PmtId><InstrId>I-{one.end_to_end_id}</InstrId><EndToEndId>{one.end_to_end_id}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="EUR">{one.amount}</InstdAmt></Amt><Cdtr><Nm>{one.name}</Nm></Cdtr>'
        f"<CdtrAcct><Id><IBAN>{CREDITOR}</IBAN></Id></CdtrAcct><RmtInf><Ustrd>Invoice 7</Ustrd></RmtInf></CdtTrfTxInf>"
        for one in orders
    )
    raw = (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}">'
        f"<CstmrCdtTrfInitn><GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>2026-11-30T10:00:00</CreDtTm>"
        f"<NbOfTxs>{len(orders)}</NbOfTxs><CtrlSum>{total}</CtrlSum><InitgPty><Nm>Shop</Nm></InitgPty></GrpHdr>"
        f"<PmtInf><PmtInfId>{message_id}-P</PmtInfId><PmtMtd>TRF</PmtMtd>{day}<Dbtr><Nm>Shop</Nm></Dbtr>"
        f"<DbtrAcct><Id><IBAN>{DEBTOR}</IBAN></Id></DbtrAcct><DbtrAgt>{agent}</DbtrAgt>{transfers}</PmtInf>"
        "</CstmrCdtTrfInitn></Document>"
    ).encode()
    if orders:
        read_valid(raw)
    return raw
