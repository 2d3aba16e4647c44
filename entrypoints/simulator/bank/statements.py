"""Writes what moved on an account: camt.054 for each entry, camt.053 for all since the statement before."""

from collections.abc import Sequence
from decimal import Decimal

from entrypoints.simulator.bank.books import BankAccount, BankTransfer, Entry
from entrypoints.simulator.bank.xml import Child, amount, day, document, moment, new_id

_CREDIT_TRANSFER = ("PMNT", "ICDT", "ESCT")
_RETURN = ("PMNT", "ICDT", "RRTN")


def notification(account: BankAccount, entry: Entry, transfer: BankTransfer, *, now: float) -> bytes:
    """Notify of one entry."""
    told = [
        ("Id", new_id("NTF")),
        ("CreDtTm", moment(now)),
        _account(account),
        ("Ntry", _entry(entry, transfer)),
    ]
    return document("camt.054.001.08", "BkToCstmrDbtCdtNtfctn", [_header(now), ("Ntfctn", told)])


def statement(account: BankAccount, entries: Sequence[tuple[Entry, BankTransfer]], *, number: int, now: float) -> bytes:
    """State an account: opening balance and entries add up to the closing balance."""
    moved = sum((one.amount if one.is_credit else -one.amount for one, _ in entries), Decimal(0))
    told: list[Child] = [
        ("Id", new_id("STM")),
        ("ElctrncSeqNb", str(number)),
        ("CreDtTm", moment(now)),
        _account(account),
        _balance("OPBD", account.stated_balance, account.currency, now),
        _balance("CLBD", account.stated_balance + moved, account.currency, now),
        *(("Ntry", _entry(entry, transfer)) for entry, transfer in entries),
    ]
    return document("camt.053.001.08", "BkToCstmrStmt", [_header(now), ("Stmt", told)])


def _header(now: float) -> Child:
    return "GrpHdr", [("MsgId", new_id("MSG")), ("CreDtTm", moment(now))]


def _account(account: BankAccount) -> Child:
    return "Acct", [("Id", _number(account.number)), ("Ccy", account.currency)]


def _number(number: str) -> list[Child]:
    is_iban = number[:2].isalpha() and number[2:4].isdigit() and number.isalnum()
    return [("IBAN", number)] if is_iban else [("Othr", [("Id", number)])]


def _balance(code: str, value: Decimal, currency: str, now: float) -> Child:
    return "Bal", [
        ("Tp", [("CdOrPrtry", [("Cd", code)])]),
        amount("Amt", abs(value), currency),
        ("CdtDbtInd", "CRDT" if value >= 0 else "DBIT"),
        ("Dt", [("Dt", day(now))]),
    ]


def _entry(entry: Entry, transfer: BankTransfer) -> list[Child]:
    domain, family, sub_family = _RETURN if entry.is_credit else _CREDIT_TRANSFER
    direction = "CRDT" if entry.is_credit else "DBIT"
    return [
        ("NtryRef", f"E{entry.id}"),
        amount("Amt", entry.amount, entry.currency),
        ("CdtDbtInd", direction),
        ("Sts", [("Cd", "BOOK")]),
        ("BookgDt", [("Dt", day(entry.booked_at))]),
        ("ValDt", [("Dt", day(entry.booked_at))]),
        ("AcctSvcrRef", f"ASR{entry.id}"),
        ("BkTxCd", [("Domn", [("Cd", domain), ("Fmly", [("Cd", family), ("SubFmlyCd", sub_family)])])]),
        ("NtryDtls", [("TxDtls", _details(entry, transfer, direction))]),
    ]


def _details(entry: Entry, transfer: BankTransfer, direction: str) -> list[Child]:
    said = transfer.transfer
    return [
        (
            "Refs",
            [
                ("MsgId", transfer.message_id),
                ("AcctSvcrRef", f"ASR{entry.id}"),
                ("PmtInfId", said.payment_information_id),
                ("InstrId", said.instruction_id or None),
                ("EndToEndId", said.end_to_end_id),
                ("UETR", said.uetr),
            ],
        ),
        amount("Amt", entry.amount, entry.currency),
        ("CdtDbtInd", direction),
        (
            "RltdPties",
            [("Cdtr", [("Pty", [("Nm", said.creditor_name)])]), ("CdtrAcct", [("Id", _number(said.creditor))])],
        ),
        ("RmtInf", [("Ustrd", said.remittance)] if said.remittance else None),
        ("RtrInf", None if entry.reason is None else [("Rsn", [("Cd", entry.reason)])]),
    ]
