"""What can be wrong when an embedded store is started, each with what to do about it."""

from pathlib import Path


class EmbeddedStoreTrouble(RuntimeError):
    """An embedded store cannot run; the message says why and what to do. It never holds a password."""


class ProgramNotFound(EmbeddedStoreTrouble):
    """No usable server program on this machine; `looked_at` names every place and what was wrong with it."""

    def __init__(self, *, wanted: str, looked_at: tuple[str, ...], remedy: str) -> None:
        self.wanted = wanted
        self.looked_at = looked_at
        places = "\n".join(f"  - {place}" for place in looked_at)
        super().__init__(f"No {wanted} was found. Looked at:\n{places}\n{remedy}")


class FolderInUse(EmbeddedStoreTrouble):
    """Another process supervises the stores of this folder."""

    def __init__(self, *, folder: Path, pid: str) -> None:
        self.pid = pid
        super().__init__(
            f"The stores in {folder} are already supervised by process {pid}. "
            f"Stop that one first (Ctrl-C in its terminal, or `kill {pid}`), or give this one another data folder."
        )


class FolderNotOurs(EmbeddedStoreTrouble):
    """The data folder belongs to another user, and serving from it would lock that user out."""

    def __init__(self, *, folder: Path, owner: int, user: int) -> None:
        super().__init__(
            f"The data folder {folder} belongs to user id {owner}, and this process runs as user id {user}. "
            f"Run as that user, or change the owner (`chown -R {user} {folder}`), or give another data folder."
        )


class OldServerStillRunning(EmbeddedStoreTrouble):
    """A server left by an earlier supervisor still holds its data and did not end in time."""

    def __init__(self, *, name: str, folder: Path, pid: str) -> None:
        super().__init__(
            f"A {name} of an earlier run (process {pid}) still uses {folder} and did not end when asked. "
            f"See what it does (`ps -fp {pid}`), end it, and start again."
        )


class OtherMajorVersion(EmbeddedStoreTrouble):
    """The data folder was written by another major version of PostgreSQL, which this one cannot read."""

    def __init__(self, *, data: Path, written_by: str, program: str, opener: Path | None) -> None:
        self.written_by = written_by
        where = f"{opener} is one" if opener else "this machine seems to have none"
        super().__init__(
            f"The data in {data} was written by PostgreSQL {written_by}, and {program} cannot read it. Choose one:\n"
            f"  - keep it: set MEDIATOR_PG_BIN to the bin folder of a PostgreSQL {written_by} ({where});\n"
            f"  - carry it over: with that, `pg_dump` the database `mediator`, move the folder away, "
            f"start anew, restore with `psql`;\n"
            f"  - begin anew: move {data} away."
        )


class PasswordsLost(EmbeddedStoreTrouble):
    """There is data, but the file with the passwords to it is gone or cannot be read."""

    def __init__(self, *, path: Path, reason: str) -> None:
        super().__init__(
            f"The passwords of the embedded stores cannot be read from {path}: {reason}. "
            f"Put the file back, or move the whole folder {path.parent} away to begin anew."
        )


class RootRefused(EmbeddedStoreTrouble):
    """PostgreSQL refuses to run as this user, and no way to be another user worked."""

    def __init__(self, *, reasons: tuple[str, ...]) -> None:
        tried = "\n".join(f"  - {reason}" for reason in reasons)
        super().__init__(
            f"PostgreSQL cannot be started for this user. Tried:\n{tried}\n"
            "Run as a normal user, or allow user namespaces, "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        )


class StoreNotReady(EmbeddedStoreTrouble):
    """A server ended, or did not answer in time, while it was started; the end of its log is in the message."""

    def __init__(self, *, name: str, what: str, log_path: Path, log_tail: str) -> None:
        self.port_taken = "Address already in use" in log_tail
        quoted = "\n".join(f"  | {line}" for line in log_tail.splitlines()) or "  | (nothing was logged)"
        super().__init__(f"{name} {what}. The end of {log_path}:\n{quoted}")


class StartCancelled(EmbeddedStoreTrouble):
    """The stores were told to stop while they were being started."""
