"""Another PostgreSQL for some measures: one with a slower disk, or one that was built with TLS."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.embedded.binaries import SYSTEM_POSTGRES, PostgresProgram

_SHIM = Path(__file__).with_name("slow_disk.c")
_PROGRAMS = ("postgres", "initdb", "pgbench")
_SETTING = "MEDIATOR_PG_BIN"


@contextmanager
def chosen(folder: Path) -> Iterator[None]:
    """Have every server that is started in the block come from this folder."""
    before = os.environ.get(_SETTING)
    os.environ[_SETTING] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SETTING]
        else:
            os.environ[_SETTING] = before


def find_compiler() -> str | None:
    """Give a C compiler, or None where there is none."""
    return next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)


def slowed(program: PostgresProgram, place: Path, compiler: str) -> Path:
    """Make a folder with the same programs, of which the server waits 1.5 ms longer for its disk."""
    shim, programs = place / "slow_disk.so", place / "slow" / "bin"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(shim), str(_SHIM)], check=True, capture_output=True)
    programs.mkdir(parents=True)
    for name in _PROGRAMS:
        preload = f"LD_PRELOAD={shlex.quote(str(shim))} " if name == "postgres" else ""
        real = shlex.quote(str(program.folder / name))
        script = programs / name
        script.write_text(f'#!/bin/sh\n{preload}exec {real} "$@"\n')
        script.chmod(0o755)
    (programs.parent / "lib").symlink_to(program.folder.parent / "lib")
    return programs


def find_with_tls(program: PostgresProgram) -> Path | None:
    """Give the folder of a PostgreSQL that can do TLS, the usual one first; None where there is none."""
    system = sorted(SYSTEM_POSTGRES.glob("[0-9]*/bin"), reverse=True)
    return next((folder for folder in (program.folder, *system) if _has_tls(folder)), None)


def _has_tls(folder: Path) -> bool:
    """Look for the library in the program itself: `pg_config` is not always there."""
    server = folder / "postgres"
    if not server.is_file():
        return False
    linked = subprocess.run(["ldd", str(server)], capture_output=True, text=True, check=False)  # noqa: S607 -- of the system
    return "libssl" in linked.stdout
