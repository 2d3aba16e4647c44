"""Finds out as which user PostgreSQL can run: it refuses root, and nothing outside the data folder may be changed."""

import os
import pwd
import signal
import subprocess
import sys
from enum import StrEnum
from pathlib import Path

import msgspec

from adapters.embedded.binaries import PostgresProgram
from adapters.embedded.copying import copy_program
from adapters.embedded.errors import RootRefused

_LAUNCHER = Path(__file__).with_name("launch.py")
_TRIAL_SECONDS = 10.0
_FOR_ALL_TO_PASS = 0o711


class Way(StrEnum):
    """How a server comes to its user."""

    OWN = "own"  # As we are.
    NAMESPACE = "namespace"  # Itself it sees another user; for every file it is still us. Needs user namespaces.
    NOBODY = "nobody"  # The user `nobody`; needs folders that everybody may pass.
    NOBODY_ANYWHERE = "nobody-anywhere"  # `nobody` with CAP_DAC_OVERRIDE, for data below a closed home folder.


class Identity(msgspec.Struct, frozen=True):
    """A user for a server: the ids that it takes on, and those that its files must belong to."""

    way: Way
    uid: int
    gid: int
    files_uid: int
    files_gid: int

    def command(self, *program: str, death_signal: signal.Signals) -> list[str]:
        """Answer the command line that becomes `program` as this user, and dies with the calling thread."""
        python = (sys.executable, "-I", "-S", str(_LAUNCHER))
        return [*python, self.way, *map(str, (os.getpid(), int(death_signal), self.uid, self.gid)), *program]

    def hand_over(self, path: Path) -> None:
        """Give a file or a whole folder inside the data folder to this user."""
        state = path.stat()
        if (state.st_uid, state.st_gid) == (self.files_uid, self.files_gid):
            return
        for inner in path.rglob("*"):
            os.chown(inner, self.files_uid, self.files_gid, follow_symlinks=False)
        os.chown(path, self.files_uid, self.files_gid)  # Last: it says that the rest was done.


def own_identity() -> Identity:
    """Answer the identity that changes nothing."""
    return Identity(Way.OWN, *(os.geteuid(), os.getegid()) * 2)


def ways_for(uid: int) -> tuple[Way, ...]:
    """Answer the ways to try for this user, best first."""
    if uid == 0:
        return (Way.NAMESPACE, Way.NOBODY, Way.NOBODY_ANYWHERE)
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return (Way.NAMESPACE,)  # `initdb` asks for its user's name, and this user (of a container) has none.
    return (Way.OWN,)


def choose_identity(
    program: PostgresProgram, workplace: Path, *, ways: tuple[Way, ...]
) -> tuple[Identity, PostgresProgram]:
    """Answer the first way that really works here, with the program as that user can run it.

    `workplace` is the folder, inside the data folder, that the server must reach. Raises RootRefused with each reason.
    """
    reasons = []
    for way in ways:
        identity = _make_identity(way)
        if way is Way.OWN:
            return identity, program
        if way is Way.NOBODY:
            _open_to_nobody(workplace)
            program = _copy_if_out_of_reach(program, identity, workplace)
        refusal = _try(identity, workplace, *_needed(program))
        if refusal is None:
            return identity, program
        reasons.append(f"{way}: {refusal}")
    raise RootRefused(reasons=tuple(reasons))


def _make_identity(way: Way) -> Identity:
    user = pwd.getpwnam("nobody")  # Also the name seen inside the namespace: `initdb` wants a user that has one.
    match way:
        case Way.OWN:
            return own_identity()
        case Way.NAMESPACE:
            return Identity(way, user.pw_uid, user.pw_gid, os.geteuid(), os.getegid())
        case Way.NOBODY | Way.NOBODY_ANYWHERE:
            return Identity(way, user.pw_uid, user.pw_gid, user.pw_uid, user.pw_gid)


def _open_to_nobody(workplace: Path) -> None:
    """Let others pass, not read, the two folders that are ours; their secrets and logs stay closed by themselves."""
    for folder in (workplace, workplace.parent):
        folder.chmod(_FOR_ALL_TO_PASS)


def _copy_if_out_of_reach(program: PostgresProgram, identity: Identity, workplace: Path) -> PostgresProgram:
    """Copy the program into the data folder (0.1 s) when the program is below a closed folder and the data is not."""
    if _try(identity, workplace) is not None or _try(identity, *_needed(program)) is None:
        return program
    return copy_program(program, workplace / f"program-{program.version}")


def _needed(program: PostgresProgram) -> tuple[Path, ...]:
    return program.folder / "postgres", program.folder / "initdb"


def _try(identity: Identity, *paths: Path) -> str | None:
    """Answer why this identity cannot open the paths here, or None when it can."""
    command = identity.command("--reach", *map(str, paths), death_signal=signal.SIGKILL)
    trial = subprocess.run(command, capture_output=True, text=True, timeout=_TRIAL_SECONDS, check=False)
    return None if trial.returncode == 0 else trial.stderr.strip() or f"ended with {trial.returncode}"
