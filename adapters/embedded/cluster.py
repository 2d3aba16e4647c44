"""The folder of a PostgreSQL cluster: made whole or not at all, and cleared of what a killed server left in it."""

import os
import secrets
import shutil
import signal
from pathlib import Path

from adapters.embedded.binaries import PostgresProgram, find_postgres_of
from adapters.embedded.errors import OldServerStillRunning, OtherMajorVersion
from adapters.embedded.private_files import write_private_file
from adapters.embedded.server import Server

OWNER = "mediator"
_BUILTIN_LOCALE_SINCE = 17
_MAKING_SECONDS = 60.0  # It takes less than one; and minutes would be a disk that does not answer.
_OPTIONS = ("--username", OWNER, "--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", "--no-instructions")


def refuse_other_major(data: Path, program: PostgresProgram) -> None:
    """Raise OtherMajorVersion if the cluster at `data` was written by another major version than the program's."""
    version_file = data / "PG_VERSION"
    written_by = version_file.read_text().strip() if version_file.exists() else str(program.major)
    if written_by != str(program.major):
        raise OtherMajorVersion(
            data=data,
            written_by=written_by,
            program=f"PostgreSQL {program.version} of {program.folder}",
            opener=find_postgres_of(written_by, os.environ),
        )


def make_cluster(server: Server, program: PostgresProgram, data: Path, owner_password: str) -> None:
    """Run `initdb` aside and move the result to `data`, so that a killed run leaves no half a cluster there.

    Raises StoreNotReady, with what `initdb` said.
    """
    unfinished = data.with_name(f"unfinished-{secrets.token_hex(4)}")
    unfinished.mkdir(mode=0o700)
    password_file = unfinished.with_suffix(".password")
    write_private_file(password_file, owner_password.encode())
    for path in (unfinished, password_file):
        server.identity.hand_over(path)
    try:
        durability = () if server.startup.fsync else ("--no-sync",)
        files = ("-D", str(unfinished), "--pwfile", str(password_file))
        _run(server, str(program.folder / "initdb"), *files, *_OPTIONS, *_locale(program), *durability)
    finally:
        password_file.unlink()
    unfinished.rename(data)


def _locale(program: PostgresProgram) -> tuple[str, ...]:
    """Sort by code point and know the letters of Unicode; from PG 17 on without asking the operating system."""
    if program.major >= _BUILTIN_LOCALE_SINCE:
        return "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"
    return ("--locale=C.UTF-8",)


def _run(server: Server, *command: str) -> None:
    child = server.start_program("initdb", *command)
    try:
        in_time = server.startup.wait_until(lambda: not child.is_running, _MAKING_SECONDS)
    finally:
        child.send(signal.SIGKILL)  # Nothing happens when it has ended by itself.
    if child.wait() != 0:
        raise child.trouble(child.ending if in_time else f"took more than {_MAKING_SECONDS:g} s")


def remove_remains(data: Path) -> None:
    """Remove what a killed server or an unfinished `initdb` left; the caller has made sure that none of them lives.

    Raises OldServerStillRunning when somebody serves this cluster by hand, which no lock of ours shows.
    """
    for remains in data.parent.glob("unfinished-*"):
        shutil.rmtree(remains) if remains.is_dir() else remains.unlink()
    pid_file = data / "postmaster.pid"
    if pid_file.exists():
        _refuse_if_served_by_hand(data, pid_file.read_text().partition("\n")[0])
    # PostgreSQL would look whether the pids in these are alive, and a pid may be in use again: after a restart of the
    # machine or of the container it usually is.
    for remains in (pid_file, *data.glob(".s.PGSQL.*")):
        remains.unlink(missing_ok=True)


def _refuse_if_served_by_hand(data: Path, pid: str) -> None:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return  # That process is gone; or there is no /proc, and PostgreSQL's own check of shared memory has to do.
    if os.fsencode(data) in command:
        raise OldServerStillRunning(name="PostgreSQL", folder=data, pid=pid)
