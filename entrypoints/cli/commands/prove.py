"""`mediator prove`."""

import asyncio
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from application.ledger.prove import ProofReport, ProveHandler
from application.ports.ledger import ProofStep, Stretch
from entrypoints.cli import output
from entrypoints.cli.commands.options import FolderOption, JsonOption
from entrypoints.cli.found_settings import found_environment
from entrypoints.cli.opened_container import opened_container
from entrypoints.cli.scenario.report import show_proof
from entrypoints.cli.supervision.folder import DEFAULT
from entrypoints.cli.trouble import FAILED
from entrypoints.settings import Settings, read_settings


def prove(
    *,
    folder: FolderOption = DEFAULT,
    full: Annotated[bool, Parameter(help="Re-add everything, not only what came since the last proved point.")] = False,
    providers: Annotated[bool, Parameter(help="Compare with the providers' own books as well.")] = True,
    json: JsonOption = False,
) -> int:
    """Prove the books: re-add the ledger, compare it with each provider's own books.

    Those of every tenant, from the point up to which they were proved last. Writes nothing but how far that is now.
    Exit code 0: everything holds; 1: something does not, and what is printed.
    """
    settings = read_settings(found_environment(folder))
    report = asyncio.run(_prove(settings, full=full, with_providers=providers))
    if json:
        output.say_json(_document(report))
    else:
        output.answers().print(_reach(report))
        show_proof(output.answers(), report)
    return 0 if report.holds else FAILED


async def _prove(settings: Settings, *, full: bool, with_providers: bool) -> ProofReport:
    console = output.news()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with opened_container(settings) as container:
        handler = await container.get(ProveHandler)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            return await handler(with_providers=with_providers, full=full, on_step=_Bars(progress).show)


class _Bars:
    """A bar for each thing that a tenant's proof goes through; of the entries it is known how many to expect."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._showing = ("", "")

    def show(self, tenant: str, stretch: Stretch, step: ProofStep) -> None:
        """Move the bar on, or begin the next one."""
        if self._showing != (tenant, step.walk):
            for task in self._progress.task_ids:
                self._progress.remove_task(task)
            expected = stretch.entries_expected if step.walk.startswith("entries") else None
            self._progress.add_task(f"{tenant} {step.walk}", total=expected)
            self._showing = (tenant, step.walk)
        self._progress.advance(self._progress.task_ids[0], step.rows)


def _reach(report: ProofReport) -> str:
    """Say how much was gone through, and what of it need not be gone through again."""
    rows = sum(one.rows for one in report.stretches)
    full = sum(one.since is None for one in report.stretches)
    points = sum(one.is_point_taken for one in report.stretches)
    return (
        f"{rows:,} rows of {len(report.stretches)} tenants, {full} of them from the beginning; "
        f"{points} new proved points."
    )


def _document(report: ProofReport) -> dict[str, object]:
    return {
        "holds": report.holds,
        "results": report.results,
        "totals": [
            {"tenant": tenant} | msgspec.structs.asdict(total) | {"difference": total.difference}
            for tenant, total in report.totals
        ],
        "stretches": report.stretches,
    }
