"""`mediator prove`."""

import asyncio
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.progress import Progress

from application.ledger.prove import ProofReport, ProveHandler
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
    providers: Annotated[bool, Parameter(help="Compare with the providers' own books as well.")] = True,
    json: JsonOption = False,
) -> int:
    """Prove the books: re-add the ledger, compare it with each provider's own books.

    Those of every tenant. Reads only. Exit code 0: everything holds; 1: something does not, and what is printed.
    """
    settings = read_settings(found_environment(folder))
    report = asyncio.run(_prove(settings, with_providers=providers))
    if json:
        output.say_json(_document(report))
    else:
        show_proof(output.answers(), report)
    return 0 if report.holds else FAILED


async def _prove(settings: Settings, *, with_providers: bool) -> ProofReport:
    console = output.news()
    async with opened_container(settings) as container:
        handler = await container.get(ProveHandler)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            bar = progress.add_task("", total=await _count(handler, with_providers=with_providers))
            return await handler(
                with_providers=with_providers,
                on_check=lambda tenant, check: progress.update(bar, advance=1, description=f"{tenant} {check}"),
            )


async def _count(handler: ProveHandler, *, with_providers: bool) -> int:
    """Count the checks to come."""
    tenants = await handler.tenants.ids()
    accounts = [await handler.tenants.provider_accounts(tenant) for tenant in tenants] if with_providers else []
    return len(tenants) * len(handler.checks) + sum(len(one) for one in accounts)


def _document(report: ProofReport) -> dict[str, object]:
    return {
        "holds": report.holds,
        "results": report.results,
        "totals": [
            {"tenant": tenant} | msgspec.structs.asdict(total) | {"difference": total.difference}
            for tenant, total in report.totals
        ],
    }
