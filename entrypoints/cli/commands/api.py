"""`mediator api`."""

from typing import Annotated

from cyclopts import Parameter

from entrypoints.cli.commands.options import FolderOption
from entrypoints.cli.commands.processes import become
from entrypoints.cli.found_settings import found_environment
from entrypoints.cli.supervision.folder import DEFAULT
from entrypoints.cli.supervision.ports import is_free
from entrypoints.cli.supervision.services import API
from entrypoints.cli.trouble import Trouble
from entrypoints.settings import read_settings


def api(
    *,
    folder: FolderOption = DEFAULT,
    host: Annotated[str | None, Parameter(help="Address to listen on. Left out: API_HOST.")] = None,
    port: Annotated[int | None, Parameter(help="Port to listen on. Left out: API_PORT.")] = None,
) -> None:
    """Start the HTTP API alone.

    It logs to standard error. The settings come from the environment or, without DATABASE_URL, from the `mediator
    up` that runs on the folder.
    """
    wanted = {"API_HOST": host, "API_PORT": None if port is None else str(port)}
    given = {name: value for name, value in wanted.items() if value is not None}
    environment = found_environment(folder) | given
    settings = read_settings(environment)
    if settings.api_port and not is_free(settings.api_host, settings.api_port):
        raise Trouble(f"Port {settings.api_port} on {settings.api_host} is taken. Give another one with --port.")
    become("-m", API, environment=environment)
