"""Statements as ISO 20022 camt.053.001.08 (BankToCustomerStatementV08).

Sides are those of our books, which are the account servicer's: a credit entry is CRDT, and a balance is CRDT when
credits outweigh debits. So OPBD + credits - debits = CLBD whatever the account's normal side. Amounts are never
negative. CLAV comes only with a period that had not ended, dated by the moment of reading.
"""

import hashlib
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from adapters.statements.words import decimal_of, instant, one_line, utc
from domain.errors import LEDGER_STATEMENT_TOO_LARGE, MediatorError
from domain.ids import Prefix, public_id
from domain.ledger import Direction
from domain.money import Currency
from domain.statements import Statement, StatementEntry

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
DIGITS_MAX = 18
"""`totalDigits` of ActiveOrHistoricCurrencyAndAmount."""
NAME_MAX, REFERENCE_MAX, TEXT_MAX = 70, 35, 140
INDENT, ENTRY_LEVEL = b"  ", 3
ENTRIES_HERE = "entries"
ISSUER = "FinancialMediator"
NOT_PROVIDED = "NOTPROVIDED"
"""What the scheme has for a reference that there is none of."""

_REFERENCE = re.compile(r"(?!/)(?!.*//)[A-Za-z0-9/?:().,'+-](?:[A-Za-z0-9/?:().,'+ -]{0,33}[A-Za-z0-9?:().,'+-])?")
"""A reference within the scheme (EPC217-08): Latin letters, no slash at either end, no two in a row, at most 35."""


def write_camt053(statement: Statement) -> bytes:
    """Write a statement as a message of its own. Raises LEDGER_STATEMENT_TOO_LARGE for amounts of 19 digits.

    Entries are written one by one into the rest of the message: a tree of ten thousand takes ten times their bytes.
    """
    before, after = _written(_message(statement), level=0).split(f"<!--{ENTRIES_HERE}-->".encode())
    file = io.BytesIO()
    file.write(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    file.write(before.rstrip())
    for entry in statement.entries:
        file.write(b"\n" + INDENT * ENTRY_LEVEL + _written(_entry(entry), level=ENTRY_LEVEL))
    file.write(after + b"\n")
    return file.getvalue()


def _written(node: ET.Element, *, level: int) -> bytes:
    ET.indent(node, INDENT.decode(), level)
    written: bytes = ET.tostring(node, encoding="utf-8")
    return written


def _message(statement: Statement) -> ET.Element:
    document = ET.Element("Document", xmlns=NAMESPACE)
    message = _in(document, "BkToCstmrStmt")
    header = _in(message, "GrpHdr")
    _text(header, "MsgId", _digest("M", statement, statement.as_of))
    _text(header, "CreDtTm", instant(statement.as_of))
    _statement(_in(message, "Stmt"), statement)
    return document


def fits_scheme(reference: str) -> bool:
    """Whether a reference can be told as it is, to the letter."""
    return _REFERENCE.fullmatch(reference) is not None


def _statement(node: ET.Element, statement: Statement) -> None:
    _text(node, "Id", _digest("S", statement, None))
    _text(node, "CreDtTm", instant(statement.as_of))
    period = _in(node, "FrToDt")
    _text(period, "FrDtTm", instant(statement.period.start))
    _text(period, "ToDtTm", instant(statement.period.end))
    _account(_in(node, "Acct"), statement)
    _balances(node, statement)
    _summary(_in(node, "TxsSummry"), statement)
    node.append(ET.Comment(ENTRIES_HERE))
    _text(node, "AddtlStmtInf", _remark(statement))


def _remark(statement: Statement) -> str:
    """Say the whole code, which the account's name may be too short for, and whether anything may follow."""
    remark = f"Account {statement.account.code}, {statement.account.normal_balance.value} normal."
    return remark if statement.is_final else f"{remark} Not final: entries may still be recorded in this period."


def _account(node: ET.Element, statement: Statement) -> None:
    account = statement.account
    other = _in(_in(node, "Id"), "Othr")
    _text(other, "Id", account.id.hex)
    _text(other, "Issr", ISSUER)
    _text(node, "Ccy", account.currency)
    _text(node, "Nm", account.code[:NAME_MAX])


def _balances(node: ET.Element, statement: Statement) -> None:
    last = statement.period.end - timedelta(microseconds=1)
    closing = last if statement.is_final else min(last, statement.as_of)
    _balance(node, statement, "OPBD", statement.opening_minor, utc(statement.period.start).date())
    _balance(node, statement, "CLBD", statement.closing_minor, utc(closing).date())
    if statement.available_minor is not None:
        _balance(node, statement, "CLAV", statement.available_minor, statement.as_of)


def _balance(node: ET.Element, statement: Statement, code: str, minor: int, at: date | datetime) -> None:
    balance = _in(node, "Bal")
    _text(_in(_in(balance, "Tp"), "CdOrPrtry"), "Cd", code)
    in_credit = minor if statement.account.normal_balance is Direction.CREDIT else -minor
    _amount(balance, abs(minor), statement.account.currency)
    _text(balance, "CdtDbtInd", _side(in_credit))
    dated = _in(balance, "Dt")
    if isinstance(at, datetime):
        _text(dated, "DtTm", instant(at))
    else:
        _text(dated, "Dt", at.isoformat())


def _summary(node: ET.Element, statement: Statement) -> None:
    """Count and add up. Sums are optional: one of more than 18 digits, which the scheme cannot tell, is left out."""
    debits, credits_ = statement.turnover(Direction.DEBIT), statement.turnover(Direction.CREDIT)
    currency, net = statement.account.currency, credits_.sum_minor - debits.sum_minor
    both = _in(node, "TtlNtries")
    _text(both, "NbOfNtries", str(debits.count + credits_.count))
    _sum(both, "Sum", debits.sum_minor + credits_.sum_minor, currency)
    if _fits(net):
        difference = _in(both, "TtlNetNtry")
        _sum(difference, "Amt", abs(net), currency)
        _text(difference, "CdtDbtInd", _side(net))
    for tag, turnover in (("TtlCdtNtries", credits_), ("TtlDbtNtries", debits)):
        side = _in(node, tag)
        _text(side, "NbOfNtries", str(turnover.count))
        _sum(side, "Sum", turnover.sum_minor, currency)


def _sum(node: ET.Element, tag: str, minor: int, currency: Currency) -> None:
    if _fits(minor):
        _text(node, tag, decimal_of(minor, currency))


def _entry(entry: StatementEntry) -> ET.Element:
    """Tell an entry. Its transaction's id is written without its prefix, with which it would not fit."""
    node = ET.Element("Ntry")
    _text(node, "NtryRef", str(entry.account_version))
    _amount(node, entry.amount_minor, entry.currency)
    _text(node, "CdtDbtInd", "CRDT" if entry.direction is Direction.CREDIT else "DBIT")
    if entry.reverses_id is not None:
        _text(node, "RvslInd", "true")
    _text(_in(node, "Sts"), "Cd", "BOOK")
    _text(_in(node, "BookgDt"), "DtTm", instant(entry.recorded_at))
    _text(_in(node, "ValDt"), "Dt", utc(entry.effective_at).date().isoformat())
    _text(node, "AcctSvcrRef", entry.transaction_id.hex)
    code = _in(_in(node, "BkTxCd"), "Prtry")
    _text(code, "Cd", one_line(entry.kind)[:REFERENCE_MAX] or NOT_PROVIDED)
    _text(code, "Issr", ISSUER)
    _details(_in(_in(node, "NtryDtls"), "TxDtls"), entry)
    return node


def _details(node: ET.Element, entry: StatementEntry) -> None:
    references = _in(node, "Refs")
    _text(references, "AcctSvcrRef", entry.transaction_id.hex)
    told = entry.reference is not None and fits_scheme(entry.reference)
    _text(references, "EndToEndId", entry.reference if told and entry.reference else NOT_PROVIDED)
    for kind, value in (("payment", entry.payment_id), ("refund", entry.refund_id), ("reverses", entry.reverses_id)):
        if value is not None:
            own = _in(references, "Prtry")
            _text(own, "Tp", kind)
            _text(own, "Ref", value.hex)
    texts = list(_remittance(None if told else entry.reference, entry.description))
    if texts:
        remittance = _in(node, "RmtInf")
        for text in texts:
            _text(remittance, "Ustrd", text)


def _remittance(reference: str | None, description: str | None) -> Iterator[str]:
    """Give what people wrote, whole, in pieces that fit: put together again they are the text."""
    for text in (one_line(reference), one_line(description)):
        for start in range(0, len(text), TEXT_MAX):
            yield text[start : start + TEXT_MAX]


def _amount(node: ET.Element, minor: int, currency: Currency) -> None:
    if not _fits(minor):
        detail = f"camt.053 holds amounts of at most {DIGITS_MAX} digits; JSON, CSV and PDF have no such limit."
        raise MediatorError(LEDGER_STATEMENT_TOO_LARGE, detail)
    amount = ET.SubElement(node, "Amt", Ccy=currency)
    amount.text = decimal_of(minor, currency)


def _fits(minor: int) -> bool:
    return len(str(abs(minor))) <= DIGITS_MAX


def _side(in_credit: int) -> str:
    return "CRDT" if in_credit >= 0 else "DBIT"


def _digest(letter: str, statement: Statement, as_of: datetime | None) -> str:
    """Make an id of 33 letters: the same for the same account, period and balances (and moment, if given)."""
    account = public_id(Prefix.LEDGER_ACCOUNT, statement.account.id)
    period = f"{instant(statement.period.start)} {instant(statement.period.end)}"
    last = statement.entries[-1].account_version if statement.entries else 0
    facts = f"{account} {period} {statement.closing_minor} {last} {as_of and instant(as_of)}"
    return letter + hashlib.sha256(facts.encode()).hexdigest()[:32].upper()


def _in(node: ET.Element, tag: str) -> ET.Element:
    return ET.SubElement(node, tag)


def _text(node: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(node, tag).text = text
