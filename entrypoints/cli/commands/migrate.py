"""`mediator migrate`."""

import asyncio

from entrypoints.cli import output
from entrypoints.cli.commands.options import FolderOption
from entrypoints.cli.found_settings import found_environment
from entrypoints.cli.supervision.database import bring_up_to_date
from entrypoints.cli.supervision.folder import DEFAULT
from entrypoints.settings import read_settings


def migrate(*, folder: FolderOption = DEFAULT) -> None:
    """Bring the database up to date.

    Gives way to its traffic, and lets the application's login use it. Works as DATABASE_OWNER_URL or, without one,
    as DATABASE_URL. Safe to repeat, and to run several times at once.
    """
    settings = read_settings(found_environment(folder))
    revision = asyncio.run(
        bring_up_to_date(
            database_url=settings.application_database,
            database_owner_url=settings.owner_database,
            tell=output.news().print,
        )
    )
    output.say(f"The database is at revision {revision}.")
