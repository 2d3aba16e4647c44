"""`mediator relay`."""

from entrypoints.cli.commands.options import FolderOption
from entrypoints.cli.commands.processes import become
from entrypoints.cli.found_settings import found_environment
from entrypoints.cli.supervision.folder import DEFAULT
from entrypoints.cli.supervision.services import RELAY


def relay(*, folder: FolderOption = DEFAULT) -> None:
    """Start the relay alone: it gives events and due work to the worker.

    It logs to standard error. The settings come from the environment or, without DATABASE_URL, from the `mediator
    up` that runs on the folder.
    """
    become("-m", RELAY, environment=found_environment(folder))
