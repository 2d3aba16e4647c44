"""Finds the settings of a command: in the environment, or with the `mediator up` that runs on the data folder."""

import os
from pathlib import Path

from entrypoints.cli.supervision.folder import data_folder
from entrypoints.cli.supervision.run_file import find_run
from entrypoints.cli.supervision.services import process_environment
from entrypoints.cli.trouble import CONFIGURATION, Trouble


def found_environment(folder: Path) -> dict[str, str]:
    """Give the environment of a process of ours. Raises Trouble when there is no database to be found."""
    if os.environ.get("DATABASE_URL", "").strip():
        owner = os.environ.get("DATABASE_OWNER_URL", "")
        return process_environment({"DATABASE_OWNER_URL": owner} if owner else {}, environ=os.environ)
    place = data_folder(folder)
    run = find_run(place)
    if run is None:
        raise Trouble(
            f"There is no database: DATABASE_URL is not set, and no `mediator up` runs on {place.path}. "
            "Start `mediator up` in another terminal, or set DATABASE_URL.",
            exit_code=CONFIGURATION,
        )
    return process_environment(run.environment, environ=os.environ)
