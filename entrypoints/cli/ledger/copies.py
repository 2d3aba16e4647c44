"""`mediator ledger export`, `import` and `discard-import`."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO

from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from application.ledger.export_ledger import ExportLedger, ExportLedgerHandler
from application.ledger.import_ledger import Imported, ImportLedger, ImportLedgerHandler
from application.ledger.remove_import import RemoveImportHandler
from application.ports.ledger_copies import Trailer
from domain.money import Currency, Money
from entrypoints.cli import output
from entrypoints.cli.commands.options import FolderOption, JsonOption
from entrypoints.cli.ledger.desk import Desk, at_desk, confirm
from entrypoints.cli.ledger.files import whole_file
from entrypoints.cli.ledger.options import HERE, Asking, ForceOption, YesOption
from entrypoints.cli.ledger.showing import card, tell
from entrypoints.cli.supervision.folder import DEFAULT
from entrypoints.cli.trouble import USAGE, Trouble

PLURALS = {
    "account": "accounts",
    "transaction": "transactions",
    "reference": "references",
    "reversal": "reversals",
    "hold": "holds",
    "entry": "entries",
}


def export(
    tenant: Annotated[str, Parameter(help="Whose ledger: ten_...")],
    *,
    to_file: Annotated[Path, Parameter(name="--output", help="The file to write.")],
    force: ForceOption = False,
    folder: FolderOption = DEFAULT,
    json: JsonOption = False,
) -> None:
    """Carry a tenant's ledger out, as it stands at one moment, into a file that proves itself whole.

    Its last line counts everything, adds it up, and has the SHA-256 of every byte before it. The file appears when it
    is complete, and only you may read it.

    For example:

    - `mediator ledger export ten_0198c5a0b1c27d3e8f00112233445566 --output ledger.ndjson`
    """
    with whole_file(to_file, force=force) as file:
        trailer = at_desk(Asking(tenant=tenant, folder=folder), partial(_export, file=file))
    _tell(to_file, trailer, {}, as_json=json)


async def _export(desk: Desk, *, file: BinaryIO) -> Trailer:
    handler = await desk.get(ExportLedgerHandler)
    with _progress() as progress:
        task = progress.add_task("lines written", total=None)

        def show(done: int) -> None:
            progress.update(task, completed=done)

        return await handler(ExportLedger(tenant_id=desk.tenant_id, write=file.write, on_progress=show))


def import_(
    file: Annotated[Path, Parameter(help="What `mediator ledger export` wrote.")],
    *,
    yes: YesOption = False,
    asking: Asking = HERE,
) -> None:
    """Carry a ledger into a tenant whose ledger is empty, and prove that it arrived as it left.

    The file is checked before anything is written; what arrived is read back and proved. Whoever is interrupted runs it
    again with the same file. A file that is not sound is refused, and nothing of it stays.

    For example:

    - `mediator ledger import ledger.ndjson --tenant ten_0198c5a0b1c27d3e8f00112233445566`
    """
    if not file.is_file():
        raise Trouble(f"{file} cannot be read: there is no such file.", exit_code=USAGE)
    confirm(f"Carry {file} into the ledger of {asking.tenant or 'the only tenant'}?", yes=yes)
    imported = at_desk(asking, partial(_import, file=file))
    _tell(file, imported.trailer, {"resumed behind line": imported.resumed_behind}, as_json=asking.json)


async def _import(desk: Desk, *, file: Path) -> Imported:
    handler = await desk.get(ImportLedgerHandler)
    with _progress() as progress:
        task = progress.add_task("lines taken", total=None)

        def show(done: int, total: int) -> None:
            what = "lines taken" if done < total else "reading back and proving"
            progress.update(task, completed=done, total=total, description=what)

        return await handler(ImportLedger(lines=partial(_lines, file), on_progress=show), desk.call())


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as lines:
        yield from lines


def discard_import(*, yes: YesOption = False, asking: Asking = HERE) -> None:
    """Remove what an unfinished import brought. A finished one stays for good."""
    confirm("Remove what an unfinished import brought?", yes=yes)
    removed = at_desk(asking, _discard)
    tell({"removed_rows": removed}, card("Import removed", {"rows": removed}), as_json=asking.json)


async def _discard(desk: Desk) -> int:
    return await (await desk.get(RemoveImportHandler))(desk.call())


def _progress() -> Progress:
    console = output.news()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _tell(file: Path, trailer: Trailer, more: dict[str, int], *, as_json: bool) -> None:
    """Say what the file holds, and its digest."""
    sums = {
        f"debits in {currency}": Money(int(total.debits), Currency(currency))
        for currency, total in trailer.sums.items()
    }
    counts = {PLURALS.get(name, name): count for name, count in trailer.counts.items()}
    facts = {"file": file} | counts | sums | more | {"sha-256": trailer.digest}
    tell({"file": str(file), "trailer": trailer} | more, card("Ledger", facts), as_json=as_json)
