"""`mediator worker`."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from entrypoints.cli.commands.options import FolderOption
from entrypoints.cli.commands.processes import become
from entrypoints.cli.found_settings import found_environment
from entrypoints.cli.supervision.folder import DEFAULT
from entrypoints.cli.supervision.services import WORKER


def worker(
    *,
    folder: FolderOption = DEFAULT,
    processes: Annotated[int, Parameter(help="Worker processes.", validator=Number(gte=1, lte=64))] = 1,
    threads: Annotated[int, Parameter(help="Jobs at once, per process.", validator=Number(gte=1, lte=64))] = 8,
) -> None:
    """Start the worker alone.

    It logs to standard error. The settings come from the environment or, without DATABASE_URL, from the `mediator
    up` that runs on the folder.
    """
    limits = ("--processes", str(processes), "--threads", str(threads))
    become("-m", WORKER, *limits, environment=found_environment(folder))
