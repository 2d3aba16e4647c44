"""What a running `mediator up` tells other commands: how to reach its stores and its processes."""

import msgspec

from adapters.embedded.private_files import write_private_file
from entrypoints.cli.supervision.folder import DataFolder


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A running `mediator up`: the settings of its processes, as environment, and their process ids by name."""

    pid: int
    api_url: str
    simulator_url: str
    environment: dict[str, str]
    processes: dict[str, int]

    def __repr__(self) -> str:
        """Show nothing that could be a secret."""
        return f"Run(pid={self.pid}, api_url={self.api_url!r})"


def write_run(folder: DataFolder, run: Run) -> None:
    """Say how to reach us; the file is for this user alone."""
    write_private_file(folder.run, msgspec.json.format(msgspec.json.encode(run)))


def forget_run(folder: DataFolder) -> None:
    """Say nothing any more."""
    folder.run.unlink(missing_ok=True)


def find_run(folder: DataFolder) -> Run | None:
    """Read what the running `mediator up` of this folder says; None when none runs, or none is that far."""
    try:
        run = msgspec.json.decode(folder.run.read_bytes(), type=Run)
    except (OSError, msgspec.MsgspecError):
        return None
    return run if folder.is_locked() else None
