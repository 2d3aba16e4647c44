"""What a bank says of our transfers in a pain.002 (CustomerPaymentStatusReport).

A status may stand at three levels. A group or a block that is PART holds refused and accepted transfers together, so
the nearest status counts, and a transfer without one has its block's, and that without one its group's. A transfer that
is not listed at all has the status of the whole: our files hold one transfer, whose id is also the file's.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from enum import Enum

import msgspec

from adapters.providers.iso20022.amounts import money_at
from adapters.providers.iso20022.documents import text_at
from adapters.providers.iso20022.reasons import DUPLICATES, decline_of
from adapters.providers.iso20022.references import find_key
from domain.money import Money
from domain.providers import AcceptedPending, CallbackEvent, Finding, OperationKind, Rejected, Succeeded, Unknown

MESSAGE = "pain.002"
VERSIONS = frozenset(f"pain.002.001.{number:02}" for number in range(3, 16))

_MESSAGE_MAX = 500
_CODE = re.compile(r"[A-Za-z0-9]{1,35}", re.ASCII)


class Meaning(Enum):
    """What a status says of one transfer."""

    REFUSED = "rejected"
    UNDER_WAY = "pending"
    SETTLED = "settled"
    UNCLEAR = "unclear"


_MEANINGS = {
    "RJCT": Meaning.REFUSED,
    "CANC": Meaning.REFUSED,  # cancelled before it was executed
    "RCVD": Meaning.UNDER_WAY,  # received
    "PDNG": Meaning.UNDER_WAY,  # pending
    "PATC": Meaning.UNDER_WAY,  # partially authorised by our side
    "ACTC": Meaning.UNDER_WAY,  # technically validated
    "ACCP": Meaning.UNDER_WAY,  # customer profile accepted
    "ACFC": Meaning.UNDER_WAY,  # funds checked
    "ACSP": Meaning.UNDER_WAY,  # settlement in process
    "ACWC": Meaning.UNDER_WAY,  # accepted with a change, which only the booking shows
    "ACWP": Meaning.UNDER_WAY,  # accepted without being posted to the creditor yet
    "ACSC": Meaning.SETTLED,  # settled on the debtor's account
    "ACCC": Meaning.SETTLED,  # settled on the creditor's account
}
"""ExternalPaymentTransactionStatus1Code as far as transfers have it; PART says nothing of a single one."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one transfer: by which ids, with which status and reason."""

    key: str | None
    reference: str | None
    status: str | None
    reason: str | None
    text: str | None
    amount: Money | None


def read_status_report(root: ET.Element, *, file_id: str, settled_is_final: bool) -> tuple[CallbackEvent, ...]:
    """Give an event for each transfer that is told of, in the report's order."""
    report = root.find("CstmrPmtStsRpt")
    told = () if report is None else tuple(_told(report))
    return tuple(_event(one, f"{file_id}/{number}", settled_is_final) for number, one in enumerate(told))


def _told(report: ET.Element) -> Iterator[Told]:
    group = report.find("OrgnlGrpInfAndSts")
    group = report if group is None else group
    blocks = report.findall("OrgnlPmtInfAndSts")
    for block in blocks:
        transfers = block.findall("TxInfAndSts")
        if not transfers:
            yield _one(group, block, None)
        for transfer in transfers:
            yield _one(group, block, transfer)
    if not blocks:
        yield _one(group, None, None)


def _one(group: ET.Element, block: ET.Element | None, transfer: ET.Element | None) -> Told:
    levels = [level for level in (transfer, block, group) if level is not None]
    status = _first(levels, "TxSts", "PmtInfSts", "GrpSts")
    reason = next((found for level in levels if (found := level.find("StsRsnInf")) is not None), None)
    ids = (
        None if transfer is None else text_at(transfer, "OrgnlEndToEndId"),
        None if block is None else text_at(block, "OrgnlPmtInfId"),
        text_at(group, "OrgnlMsgId"),
    )
    # A transfer with an id of its own is that one's, whatever its file was called.
    nearest = next((one for one in ids if one is not None), None)
    return Told(
        key=find_key(nearest),
        reference=ids[2] or nearest,
        status=status,
        reason=None if reason is None else text_at(reason, "Rsn/Cd", "Rsn/Prtry"),
        text=None if reason is None else _joined(reason),
        amount=None if transfer is None else money_at(transfer, "OrgnlTxRef/Amt/InstdAmt"),
    )


def _first(levels: list[ET.Element], *tags: str) -> str | None:
    return next((said for level in levels if (said := text_at(level, *tags)) is not None), None)


def _joined(reason: ET.Element) -> str | None:
    text = " ".join(one.text or "" for one in reason.findall("AddtlInf"))
    printable = "".join(character for character in " ".join(text.split()) if character.isprintable())
    return printable[:_MESSAGE_MAX] or None


def _event(told: Told, event_id: str, settled_is_final: bool) -> CallbackEvent:  # noqa: FBT001 -- one caller, above
    meaning = _MEANINGS.get(told.status or "", Meaning.UNCLEAR)
    return CallbackEvent(
        event_id=event_id,
        kind=f"payout.{meaning.value}",
        operation_key=told.key,
        provider_reference=told.reference,
        operation_kind=OperationKind.PAYOUT,
        finding=_finding(told, meaning, settled_is_final=settled_is_final),
    )


def _finding(told: Told, meaning: Meaning, *, settled_is_final: bool) -> Finding:
    """Sent is not completed: unless agreed otherwise, a settled transfer waits for its booking on our account."""
    reference = told.reference or ""
    match meaning:
        case Meaning.REFUSED:
            return _refused(told, reference)
        case Meaning.SETTLED if settled_is_final and told.amount is not None:
            return Succeeded(reference, told.amount)
        case Meaning.SETTLED | Meaning.UNDER_WAY:
            return AcceptedPending(reference)
        case Meaning.UNCLEAR:
            return Unknown(f"the bank's status is {_clean(told.status)}, which says nothing of this transfer")


def _refused(told: Told, reference: str) -> Finding:
    if told.reason in DUPLICATES:
        return Unknown(f"the bank refused a further copy ({told.reason}); of the first one it says nothing here")
    code = _clean(told.reason or told.status)
    return Rejected(code, decline_of(code), told.text or f"The bank refused it with {code}.", reference or None)


def _clean(code: str | None) -> str:
    """Keep a foreign code fit for logs and databases."""
    return code if code is not None and _CODE.fullmatch(code) else "unreadable"
