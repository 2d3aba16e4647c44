"""`mediator up`: starts everything and stays."""

import importlib
import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from entrypoints.cli import output
from entrypoints.cli.commands.options import FolderOption
from entrypoints.cli.supervision.folder import DEFAULT, data_folder
from entrypoints.cli.supervision.ground import LOCAL, Plan, ground_laid
from entrypoints.cli.supervision.processes import Processes
from entrypoints.cli.supervision.signals import run_until_told
from entrypoints.cli.supervision.steps import Steps
from entrypoints.cli.trouble import CONFIGURATION, Trouble

API_PORT = 8000
_STAYING = "entrypoints.cli.staying"


def up(
    *,
    folder: FolderOption = DEFAULT,
    host: Annotated[str, Parameter(help="Address that the API listens on.")] = LOCAL,
    port: Annotated[
        int | None,
        Parameter(
            help="Port of the API; 0 takes any. Left out: API_PORT or 8000, or a free one when 8000 is taken.",
            validator=Number(gte=0, lte=65_535),
        ),
    ] = None,
    demo: Annotated[bool, Parameter(help="Play the demo scenario once, with a tenant of its own.")] = True,
    fsync: Annotated[
        bool, Parameter(help="Have the embedded stores keep what is committed even if the machine ends.")
    ] = True,
) -> int:
    """Start everything, play the scenario once, then stay until Ctrl-C.

    With DATABASE_URL and REDIS_URL set, those stores are used; otherwise a PostgreSQL and a Valkey of its own run in
    the data folder, and what they hold is kept between runs. A provider simulator always runs along.
    """
    plan = _plan(folder, host=host, port=port, demo=demo, fsync=fsync)
    processes = Processes(plan.folder)
    return run_until_told(_tell(plan, processes), kill_all=processes.kill)


def _plan(folder: Path, *, host: str, port: int | None, demo: bool, fsync: bool) -> Plan:
    wished = os.environ.get("API_PORT", "").strip()
    if port is None and wished and not (wished.isdigit() and int(wished) <= 65_535):  # noqa: PLR2004 -- TCP's last port
        raise Trouble(f"API_PORT={wished} is no port.", exit_code=CONFIGURATION)
    chosen = port if port is not None else int(wished or API_PORT)
    return Plan(
        folder=data_folder(folder),
        environ=dict(os.environ),
        host=host,
        port=chosen,
        insists_on_port=port is not None or bool(wished),
        fsync=fsync,
        has_demo=demo,
    )


async def _tell(plan: Plan, processes: Processes) -> int:
    with Steps(output.news()) as steps:
        async with ground_laid(plan, steps, processes, building=_STAYING) as ground:
            stay = importlib.import_module(_STAYING).stay
            code: int = await stay(ground)
            return code
