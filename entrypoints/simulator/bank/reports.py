"""Writes what the bank says of the orders that it got: pain.002 in versions 03 and 12."""

from collections.abc import Sequence

from entrypoints.simulator.bank.books import BankTransfer, State
from entrypoints.simulator.bank.orders import VERSIONS
from entrypoints.simulator.bank.xml import Child, document, moment, new_id

_HAS_UETR = "pain.002.001.12"


def report(transfers: Sequence[BankTransfer], *, now: float) -> bytes:
    """Report on transfers of one file: the whole group is accepted, rejected, settled, or part of each."""
    first = transfers[0]
    version = VERSIONS[first.version]
    groups: dict[str, list[BankTransfer]] = {}
    for transfer in transfers:
        groups.setdefault(transfer.transfer.payment_information_id, []).append(transfer)
    return document(
        version,
        "CstmrPmtStsRpt",
        [
            _header(now),
            _original(first.message_id, first.version, _status(transfers)),
            *(("OrgnlPmtInfAndSts", _group(name, group, version)) for name, group in groups.items()),
        ],
    )


def rejection(message_id: str, version: str, *, code: str, why: str, now: float) -> bytes:
    """Reject a file as a whole."""
    return document(
        VERSIONS[version],
        "CstmrPmtStsRpt",
        [_header(now), _original(message_id, version, State.REJECTED, [_reason(code, why)])],
    )


def _header(now: float) -> Child:
    return "GrpHdr", [("MsgId", new_id("RPT")), ("CreDtTm", moment(now))]


def _original(message_id: str, version: str, status: str, reasons: Sequence[Child] = ()) -> Child:
    return "OrgnlGrpInfAndSts", [
        ("OrgnlMsgId", message_id),
        ("OrgnlMsgNmId", version),
        ("GrpSts", status),
        *reasons,
    ]


def _group(name: str, transfers: Sequence[BankTransfer], version: str) -> list[Child]:
    return [
        ("OrgnlPmtInfId", name),
        ("PmtInfSts", _status(transfers)),
        *(("TxInfAndSts", _transaction(transfer, version)) for transfer in transfers),
    ]


def _transaction(transfer: BankTransfer, version: str) -> list[Child]:
    said = transfer.transfer
    reason = None if transfer.reason is None else _reason(transfer.reason, "Rejected by the bank.")
    return [
        ("StsId", f"T{transfer.id}"),
        ("OrgnlInstrId", said.instruction_id or None),
        ("OrgnlEndToEndId", said.end_to_end_id),
        ("OrgnlUETR", said.uetr if version == _HAS_UETR else None),
        ("TxSts", transfer.state),
        *([] if reason is None else [reason]),
    ]


def _reason(code: str, why: str) -> Child:
    return "StsRsnInf", [("Rsn", [("Cd", code)]), ("AddtlInf", why[:105])]


def _status(transfers: Sequence[BankTransfer]) -> str:
    states = {transfer.state for transfer in transfers}
    return states.pop().value if len(states) == 1 else "PART"
