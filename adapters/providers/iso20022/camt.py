"""Reads camt.053 statements and camt.054 notifications, versions 2 to 8 and their like.

What differs between versions is read wherever it stands: an entry's status is `Sts` or `Sts/Cd`, a date is `Dt` or
`DtTm` (and `Dt` may hold a time all the same), a detail's amount is its own or one of `AmtDtls`.
"""

import xml.etree.ElementTree as ET
from datetime import date
from decimal import Decimal

from adapters.providers.iso20022.amounts import amount_at
from adapters.providers.iso20022.documents import text_at
from domain.bank_statements import (
    BalanceKind,
    BankStatement,
    LineDetail,
    LineState,
    StatedBalance,
    StatementLine,
)
from domain.providers import Unreadable

STATEMENTS = frozenset(f"camt.053.001.{number:02}" for number in range(2, 14))
NOTIFICATIONS = frozenset(f"camt.054.001.{number:02}" for number in range(2, 14))

_SIDES = {"CRDT": True, "DBIT": False}
_STATES = {"BOOK": LineState.BOOKED, "PDNG": LineState.PENDING}
_OPENING, _PREVIOUS, _CLOSING = "OPBD", "PRCD", "CLBD"
_TEXT_MAX = 500
_SUBFAMILY = "BkTxCd/Domn/Fmly/SubFmlyCd"
_RETURNS = frozenset({"RRTN", "RPCR"})
"""Codes that only a bank gives: the reversal of a transfer that was returned, or that was asked to be cancelled."""


class _NoAmountError(Exception):
    """An entry or a balance without an amount or a side; its text says which."""


def read_account_report(message: str, root: ET.Element) -> tuple[BankStatement, ...] | Unreadable:
    """Give every statement, or notification, of a message; unreadable when one entry of them cannot be counted."""
    are_statements = message in STATEMENTS
    path = "BkToCstmrStmt/Stmt" if are_statements else "BkToCstmrDbtCdtNtfctn/Ntfctn"
    try:
        return tuple(_statement(node, are_statements=are_statements) for node in root.findall(path))
    except _NoAmountError as fault:
        return Unreadable(str(fault))


def _statement(node: ET.Element, *, are_statements: bool) -> BankStatement:
    page, is_last = text_at(node, "StmtPgntn/PgNb"), text_at(node, "StmtPgntn/LastPgInd")
    is_only_page = page in {None, "1"} and is_last in {None, "true", "1"}
    return BankStatement(
        id=text_at(node, "Id") or "",
        account=text_at(node, "Acct/Id/IBAN", "Acct/Id/Othr/Id") or "",
        is_whole=are_statements and is_only_page,
        balances=_balances(node),
        lines=tuple(_line(entry) for entry in node.findall("Ntry")),
    )


def _balances(node: ET.Element) -> tuple[StatedBalance, ...]:
    """Give all balances. What was closed before opens this one, where no opening is stated."""
    nodes = node.findall("Bal")
    codes = [text_at(one, "Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry") or "" for one in nodes]
    opening = _OPENING if _OPENING in codes else _PREVIOUS
    kinds = {opening: BalanceKind.OPENING, _CLOSING: BalanceKind.CLOSING}
    stated = []
    for one, code in zip(nodes, codes, strict=True):
        amount, currency, is_credit = _counted(one, "balance")
        stated.append(
            StatedBalance(
                kind=kinds.get(code, BalanceKind.OTHER),
                code=code,
                amount=amount if is_credit else -amount,
                currency=currency,
                day=_day(one, "Dt"),
            )
        )
    return tuple(stated)


def _line(node: ET.Element) -> StatementLine:
    amount, currency, is_credit = _counted(node, "entry")
    return StatementLine(
        amount=amount,
        currency=currency,
        is_credit=is_credit,
        is_reversal=text_at(node, "RvslInd") in {"true", "1"},
        state=_STATES.get(text_at(node, "Sts/Cd", "Sts") or "", LineState.INFORMATION),
        booked_on=_day(node, "BookgDt"),
        value_on=_day(node, "ValDt"),
        bank_reference=text_at(node, "AcctSvcrRef", "NtryRef"),
        details=_details(node, is_return=text_at(node, _SUBFAMILY) in _RETURNS),
    )


def _counted(node: ET.Element, what: str) -> tuple[Decimal, str, bool]:
    found, side = amount_at(node, "Amt"), _SIDES.get(text_at(node, "CdtDbtInd") or "")
    if found is None or side is None:
        raise _NoAmountError(f"the {what} {text_at(node, 'NtryRef', 'AcctSvcrRef') or ''} has no amount with a side")
    return (*found, side)


def _details(node: ET.Element, *, is_return: bool) -> tuple[LineDetail, ...]:
    """Give the transfers of an entry. A batch that lists none has the ids of the batch."""
    found = []
    for group in node.findall("NtryDtls"):
        batch = _texts(group, "Btch/PmtInfId", "Btch/MsgId")
        transfers = group.findall("TxDtls")
        found += [_detail(one, batch if len(transfers) == 1 else (), is_return=is_return) for one in transfers]
        if not transfers and batch:
            found.append(LineDetail(references=batch, is_return=is_return))
    return tuple(found)


def _detail(node: ET.Element, batch: tuple[str, ...], *, is_return: bool) -> LineDetail:
    own = _texts(node, "Refs/EndToEndId", "Refs/PmtInfId", "Refs/MsgId")
    amounts = (amount_at(node, path) for path in ("AmtDtls/InstdAmt/Amt", "Amt", "AmtDtls/TxAmt/Amt"))
    amount, currency = next((one for one in amounts if one is not None), (None, None))
    text = " ".join(" ".join(one.itertext()) for one in node.findall("RmtInf/Ustrd") + node.findall("AddtlTxInf"))
    return LineDetail(
        references=own + batch,
        amount=amount,
        currency=currency,
        return_reason=text_at(node, "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"),
        is_return=is_return or node.find("RtrInf") is not None or text_at(node, _SUBFAMILY) in _RETURNS,
        text=" ".join(text.split())[:_TEXT_MAX] or None,
    )


def _texts(node: ET.Element, *paths: str) -> tuple[str, ...]:
    return tuple(text for path in paths if (text := text_at(node, path)) is not None)


def _day(node: ET.Element, tag: str) -> date | None:
    """Read a day as the bank has it, in its own time; None when it is no day."""
    text = text_at(node, f"{tag}/Dt", f"{tag}/DtTm")
    try:
        return None if text is None else date.fromisoformat(text[:10])
    except ValueError:
        return None
