"""`mediator ledger batch`."""

import hashlib
import re
from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from application.ledger.make_transfer import BookedTransfer
from application.ledger.make_transfers import BatchOutcome, MakeTransfers, MakeTransfersHandler
from application.ledger.orders import MakeTransfer
from domain.errors import MediatorError
from domain.posting import Reason, Refusal
from entrypoints.cli import output
from entrypoints.cli.ledger.batch_file import NumberedItem, items_in, lines_in
from entrypoints.cli.ledger.desk import Desk, at_desk
from entrypoints.cli.ledger.names import refused
from entrypoints.cli.ledger.options import HERE, Asking
from entrypoints.cli.ledger.showing import card, grid, tell
from entrypoints.cli.trouble import FAILED, USAGE, Trouble

CHUNK = 1_000
"""Transfers that are given to the ledger at once when each stands for itself."""

ATOMIC_MAX = 10_000
"""Most transfers of which all are made or none."""

FAULTS_MAX = 1_000
"""Most faults that are told one by one."""

PLAIN = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)


class Mode(StrEnum):
    """What a batch promises."""

    ATOMIC = "atomic"
    EACH = "each"


class Fault(msgspec.Struct, frozen=True):
    """What stands in the way of one line."""

    line: int
    code: str
    detail: str


class BatchReport(msgspec.Struct, kw_only=True):
    """What became of a file: `replayed` lines were booked by an earlier run; `stopped`: why the rest was not tried."""

    file: str
    mode: str
    key: str
    booked: int = 0
    replayed: int = 0
    refused: int = 0
    stopped: str | None = None
    faults: list[Fault] = []

    @property
    def is_well(self) -> bool:
        """Whether every line is booked."""
        return not self.refused and self.stopped is None


def batch(
    file: Annotated[Path, Parameter(help="NDJSON with the API's fields, or .csv with a header.")],
    *,
    mode: Annotated[Mode, Parameter(help="atomic: all or none; each: every line for itself.")],
    key: Annotated[
        str, Parameter(help="What the lines' idempotency keys begin with; the name of the file if left out.")
    ] = "",
    asking: Asking = HERE,
) -> int:
    """Make the transfers of a file. Whoever is interrupted runs it again: what was booked is not booked twice.

    Each line's idempotency key is the name of the file (or --key), a colon and the line's number, unless the line has
    an `idempotency_key`. A line that was refused stays refused under its key: correct it in a file of another name.
    Exit code 1 when a line is not booked.

    CSV columns: debit_account, credit_account, amount or major, currency, reference, description, effective_at,
    idempotency_key. NDJSON also has legs, splits and metadata.

    For example:

    - `mediator ledger batch payouts-2026-11.csv --mode each`
    """
    report = BatchReport(file=file.name, mode=mode.value, key=_key_of(file, key))
    total = lines_in(file)
    items = items_in(file, report.key)
    try:
        at_desk(asking, partial(_batch, items=items, total=total, report=report, atomic=mode is Mode.ATOMIC))
    except UnicodeDecodeError as fault:
        raise Trouble(f"{file} is not UTF-8.", exit_code=USAGE) from fault
    except KeyboardInterrupt:
        output.news().print(f"{report.booked + report.replayed} booked so far. Run the same command again to go on.")
        raise
    _tell(report, as_json=asking.json)
    return 0 if report.is_well else FAILED


def _key_of(file: Path, key: str) -> str:
    """Give what the keys begin with: a name that is no key is replaced by its digest. Raises Trouble."""
    if key and PLAIN.fullmatch(key) is None:
        raise Trouble("--key is 1 to 200 visible ASCII characters.", exit_code=USAGE)
    wanted = key or file.name
    return wanted if PLAIN.fullmatch(wanted) else hashlib.sha256(wanted.encode(errors="surrogateescape")).hexdigest()


async def _batch(desk: Desk, *, items: Iterator[NumberedItem], total: int, report: BatchReport, atomic: bool) -> None:
    handler = await desk.get(MakeTransfersHandler)
    console = output.news()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(report.file, total=total)
        for chunk in _chunks(items, atomic=atomic):
            command = MakeTransfers([one.item for one in chunk], atomic)
            outcomes = await _made(handler, command, desk, report)
            _count(report, chunk, outcomes)
            progress.update(task, completed=chunk[-1].line)
            if report.stopped:
                break


def _chunks(items: Iterator[NumberedItem], *, atomic: bool) -> Iterator[list[NumberedItem]]:
    """Give chunk after chunk; all at once when all or none are to be made. Raises Trouble for too many."""
    if atomic:
        every = list(islice(items, ATOMIC_MAX + 1))
        if len(every) > ATOMIC_MAX:
            raise Trouble(f"All or none are made of {ATOMIC_MAX} transfers at most; nothing was done.", exit_code=USAGE)
        if every:
            yield every
        return
    while chunk := list(islice(items, CHUNK)):
        yield chunk


async def _made(
    handler: MakeTransfersHandler, command: MakeTransfers, desk: Desk, report: BatchReport
) -> tuple[BatchOutcome, ...]:
    """Make a chunk; what keeps the whole from being made ends the file."""
    try:
        return await handler(command, desk.call())
    except MediatorError as trouble:
        report.stopped = str(trouble)
        return ()


def _count(report: BatchReport, chunk: list[NumberedItem], outcomes: tuple[BatchOutcome, ...]) -> None:
    for one, outcome in zip(chunk, outcomes, strict=False):  # Of a chunk that was not made there are none.
        if isinstance(outcome, BookedTransfer):
            report.replayed += outcome.posting.replayed
            report.booked += not outcome.posting.replayed
            continue
        error = _error(one, outcome)
        if error.entry.retryable:
            report.stopped = f"line {one.line}: {error}"
            return
        report.refused += 1
        is_other = isinstance(outcome, Refusal) and outcome.reason is Reason.BATCH_REFUSED
        if not is_other and len(report.faults) < FAULTS_MAX:
            report.faults.append(Fault(one.line, error.entry.code, error.detail))


def _error(one: NumberedItem, outcome: Refusal | MediatorError) -> MediatorError:
    if isinstance(outcome, MediatorError):
        return outcome
    transfer = one.item.transfer
    return refused(outcome, tuple(leg.account for leg in transfer.legs) if isinstance(transfer, MakeTransfer) else ())


def _tell(report: BatchReport, *, as_json: bool) -> None:
    facts = {
        "file": report.file,
        "mode": report.mode,
        "key": report.key,
        "booked": report.booked,
        "booked before": report.replayed or None,
        "refused": report.refused or None,
        "stopped": report.stopped,
    }
    tables = [card("Batch", facts)]
    if report.faults:
        rows = ((one.line, one.code, one.detail) for one in report.faults)
        tables.append(grid("What stands in the way", ("line", "code", "detail"), rows, right=("line",)))
    tell(report, *tables, as_json=as_json)
    if not as_json and report.stopped:
        output.news().print("The rest was not tried: run the same command again to go on.")
