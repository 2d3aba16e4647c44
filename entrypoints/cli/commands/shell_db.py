"""`mediator shell-db`."""

import os
import shutil
from pathlib import Path
from typing import Annotated, NoReturn
from urllib.parse import unquote, urlsplit, urlunsplit

from cyclopts import Parameter

from adapters.embedded.binaries import find_postgres
from adapters.embedded.errors import ProgramNotFound
from entrypoints.cli.commands.options import FolderOption
from entrypoints.cli.found_settings import found_environment
from entrypoints.cli.supervision.folder import DEFAULT
from entrypoints.cli.trouble import Trouble
from entrypoints.settings import read_settings


def shell_db(
    *arguments: Annotated[str, Parameter(allow_leading_hyphen=True, help="Passed on to psql, as in: -c 'select 1'.")],
    folder: FolderOption = DEFAULT,
    owner: Annotated[bool, Parameter(negative="", help="As the owner of the schema.")] = False,
) -> NoReturn:
    """Open psql on the database.

    As the application, unless --owner is said: its row-level security shows no tenant until one is set, with:
    select set_config('app.tenant', '<uuid>', false).
    """
    settings = read_settings(found_environment(folder))
    address, password = address_and_password(settings.owner_database if owner else settings.application_database)
    psql = find_psql()
    environment = dict(os.environ) | ({"PGPASSWORD": password} if password else {})
    os.execve(psql, [str(psql), address, *arguments], environment)


def find_psql() -> Path:
    """Find psql beside the embedded PostgreSQL, or on PATH. Raises Trouble."""
    try:
        beside = find_postgres(os.environ).folder / "psql"
    except ProgramNotFound:
        beside = None
    if beside is not None and os.access(beside, os.X_OK):
        return beside
    on_path = shutil.which("psql")
    if on_path is None:
        raise Trouble("There is no psql: neither beside the embedded PostgreSQL nor on PATH.")
    return Path(on_path)


def address_and_password(url: str) -> tuple[str, str]:
    """Take the password out of an address, for every user of this machine can read command lines."""
    parts = urlsplit(url)
    login, at, place = parts.netloc.rpartition("@")
    user = login.partition(":")[0]
    address = urlunsplit(parts._replace(scheme="postgresql", netloc=f"{user}{at}{place}"))
    return address, unquote(parts.password or "")
