"""What the lines of a statement say of our payouts: a booked debit completes one, a later credit brings it back."""

from collections.abc import Iterator

import msgspec

from adapters.providers.iso20022.amounts import money_of
from adapters.providers.iso20022.reasons import decline_of
from adapters.providers.iso20022.references import find_key, find_reference
from domain.bank_statements import BankStatement, LineDetail, LineState, StatementLine
from domain.money import Money
from domain.providers import (
    AcceptedPending,
    CallbackEvent,
    Comeback,
    Decline,
    Finding,
    OperationKind,
    Rejected,
    Succeeded,
    Unknown,
    Unreadable,
)

_CODE_MAX = 35
_WHOLE = LineDetail()
"""Stands for a line that tells no details of itself."""


def read_bookings(statements: tuple[BankStatement, ...], *, file_id: str) -> tuple[CallbackEvent, ...] | Unreadable:
    """Give an event for each of our payouts in these statements, and one for each statement.

    Nothing is believed of a file in which a statement does not add up: a line is missing, or there is one too many.
    """
    faults = [f"statement {one.id}: {fault}" for one in statements for fault in one.faults()]
    if faults:
        return Unreadable(f"does not add up: {'; '.join(faults)[:400]}")
    if not statements:
        return Unreadable("no statement is in it")
    told = [event for one in statements for event in _events(one)]
    return tuple(msgspec.structs.replace(event, event_id=f"{file_id}/{number}") for number, event in enumerate(told))


def _events(statement: BankStatement) -> Iterator[CallbackEvent]:
    for line in statement.lines:
        for detail in line.details or (_WHOLE,):
            key = next((key for one in detail.references if (key := find_key(one)) is not None), None)
            if key is not None and line.state is not LineState.INFORMATION:
                yield _event(line, detail, key)
    kind = "statement.proved" if statement.is_proved else "statement.unproved"
    yield CallbackEvent(event_id="", kind=kind)


def _event(line: StatementLine, detail: LineDetail, key: str) -> CallbackEvent:
    reference = find_reference(key) or key
    finding = _finding(line, detail, reference)
    return CallbackEvent(
        event_id="",
        kind=f"payout.{_word(finding)}",
        operation_key=key,
        provider_reference=reference,
        operation_kind=OperationKind.PAYOUT,
        finding=finding,
    )


def _word(finding: Finding) -> str:
    match finding:
        case Succeeded():
            return "booked"
        case Rejected(comeback=Comeback() as comeback):
            return comeback.value
        case AcceptedPending():
            return "pending"
        case _:
            return "unclear"


def _finding(line: StatementLine, detail: LineDetail, reference: str) -> Finding:
    """Money that left is a payout that went; money that came in under its id is a payout that came back."""
    if line.state is LineState.PENDING:
        return AcceptedPending(reference)
    if line.is_credit:
        return _came_back(line, detail, reference)
    if line.is_reversal:
        return Unknown("the bank took back what it had given back")
    amount = _amount(line, detail)
    if amount is None:
        return Unknown("booked, but its own amount is not told, or is none in our money")
    return Succeeded(reference, amount)


def _came_back(line: StatementLine, detail: LineDetail, reference: str) -> Finding:
    """Take a credit for a return only on a bank's word: whoever was paid knows our id, and may send a cent under it."""
    if not (line.is_reversal or detail.is_return):
        return Unknown("money came in under the id of a payout, but no bank says that it is its return")
    if _differs(line, detail):
        return Unknown("it came back with another amount than it went with")
    code = (detail.return_reason or "")[:_CODE_MAX]
    code = code if code.isascii() and code.isalnum() else "returned"
    return Rejected(
        code,
        Decline.HARD if code == "returned" else decline_of(code),
        detail.text or f"The bank booked it back with {code}.",
        reference,
        Comeback.RETURNED if detail.is_return else Comeback.REVERSED,
    )


def _differs(line: StatementLine, detail: LineDetail) -> bool:
    is_alone = len(line.details) == 1 and detail.currency == line.currency
    return is_alone and detail.amount != line.amount


def _amount(line: StatementLine, detail: LineDetail) -> Money | None:
    """Give what was paid: the detail's amount, or the line's where the line is nothing but this transfer."""
    if detail.amount is not None and detail.currency is not None:
        return money_of(detail.amount, detail.currency)
    return money_of(line.amount, line.currency) if len(line.details) <= 1 else None
