"""As which user PostgreSQL runs, and what that leaves behind on the machine: nothing outside the data folder."""

import os
import pwd
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.embedded.binaries import find_postgres
from adapters.embedded.errors import RootRefused
from adapters.embedded.identity import Way, _make_identity, _try, ways_for
from adapters.embedded.stores import EmbeddedStores

Fetch = Callable[..., Any]


def _needs(*ways: Way) -> pytest.MarkDecorator:
    """Skip where this machine refuses the way itself, as a container does that forbids user namespaces."""
    if os.geteuid() != 0:
        return pytest.mark.skip(reason="a normal user runs PostgreSQL as it is; only root has to choose")
    refusals = {way: _try(_make_identity(way), Path("/")) for way in ways}
    refused = {way: refusal for way, refusal in refusals.items() if refusal}
    return pytest.mark.skipif(bool(refused), reason=f"refused by this machine: {refused}")


def _runner(stores: EmbeddedStores) -> int:
    """The user that the kernel sees in the running PostgreSQL."""
    return Path(f"/proc/{stores.health()['PostgreSQL'].pid}").stat().st_uid


def _program(stores: EmbeddedStores) -> Path:
    return Path(f"/proc/{stores.health()['PostgreSQL'].pid}/exe").readlink()


def test_root_has_three_ways_and_a_user_with_a_name_only_its_own() -> None:
    nameless = next(uid for uid in range(60_000, 65_000) if uid not in {user.pw_uid for user in pwd.getpwall()})

    assert ways_for(0) == (Way.NAMESPACE, Way.NOBODY, Way.NOBODY_ANYWHERE)
    assert ways_for(pwd.getpwnam("nobody").pw_uid) == (Way.OWN,)
    assert ways_for(nameless) == (Way.NAMESPACE,)


@_needs(Way.NAMESPACE)
def test_in_a_namespace_the_files_stay_roots_and_closed(tmp_path: Path) -> None:
    with EmbeddedStores(tmp_path / "data", fsync=False, ways=(Way.NAMESPACE,)) as stores:
        assert _runner(stores) == 0

    owners = {path.stat().st_uid for path in (tmp_path / "data").rglob("*")}
    assert owners == {0}
    assert tmp_path.stat().st_mode & 0o777 == 0o700


@_needs(Way.NOBODY)
def test_nobody_serves_data_that_everybody_can_reach(open_folder: Path) -> None:
    with EmbeddedStores(open_folder / "data", fsync=False, ways=(Way.NOBODY,)) as stores:
        assert _runner(stores) == pwd.getpwnam("nobody").pw_uid

    assert (open_folder / "data/secrets.json").stat().st_mode & 0o777 == 0o600
    assert (open_folder / "data/postgres/data").stat().st_mode & 0o777 == 0o700
    assert open_folder.stat().st_mode & 0o777 == 0o755


@_needs(Way.NOBODY)
async def test_nobody_runs_a_copy_when_the_program_is_in_a_closed_folder(
    open_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fetch: Fetch
) -> None:
    closed = _install_in_closed_folder(tmp_path / "closed")
    monkeypatch.setenv("MEDIATOR_PG_BIN", str(closed))

    with EmbeddedStores(open_folder, fsync=False, ways=(Way.NOBODY,)) as stores:
        program = _program(stores)
        ((answer,),) = await fetch(stores.urls.database_url, "SELECT 1")

    assert answer == 1
    assert program.is_relative_to(open_folder / "postgres")
    assert closed.parents[1].stat().st_mode & 0o777 == 0o700


def _install_in_closed_folder(folder: Path) -> Path:
    """Copy the installation as the wheel lays it out, readable by its owner only."""
    package = find_postgres({}).folder.parents[1]
    shutil.copytree(package, folder / package.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    (folder / package.name).chmod(0o700)
    return folder / package.name / "pginstall/bin"


@_needs(Way.NOBODY_ANYWHERE)
def test_nobody_passes_closed_folders_with_one_capability_and_no_other(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    with EmbeddedStores(tmp_path / "data", fsync=False, ways=(Way.NOBODY_ANYWHERE,)) as stores:
        status = Path(f"/proc/{stores.health()['PostgreSQL'].pid}/status").read_text()
        assert _runner(stores) == pwd.getpwnam("nobody").pw_uid

    assert "CapEff:\t0000000000000002\n" in status
    assert tmp_path.stat().st_mode & 0o777 == 0o700


@_needs(Way.NAMESPACE, Way.NOBODY_ANYWHERE)
async def test_data_moves_from_one_way_to_the_next(tmp_path: Path, fetch: Fetch) -> None:
    ways = (Way.NAMESPACE, Way.NOBODY_ANYWHERE, Way.NAMESPACE)
    rows = []
    for way in ways:
        with EmbeddedStores(tmp_path, fsync=False, ways=(way,)) as stores:
            await fetch(stores.urls.database_owner_url, "CREATE TABLE IF NOT EXISTS visits (way text)")
            await fetch(stores.urls.database_owner_url, "INSERT INTO visits VALUES ($1)", str(way))
            rows = await fetch(stores.urls.database_owner_url, "SELECT way FROM visits")

    assert [row[0] for row in rows] == list(ways)


@_needs(Way.NAMESPACE)
def test_the_next_way_is_taken_when_one_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    with EmbeddedStores(tmp_path / "data", fsync=False, ways=(Way.NOBODY, Way.NAMESPACE)) as stores:
        assert _runner(stores) == 0


@_needs(Way.NOBODY)
def test_each_way_is_named_with_its_reason_when_none_works(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    with pytest.raises(RootRefused, match=r"nobody: .*Permission denied(.|\n)*DATABASE_URL"):
        EmbeddedStores(tmp_path / "data", ways=(Way.NOBODY,)).start()


@pytest.mark.parametrize(
    "way",
    [pytest.param(way, marks=_needs(way)) for way in (Way.NAMESPACE, Way.NOBODY, Way.NOBODY_ANYWHERE)],
)
def test_the_servers_die_with_their_supervisor_whichever_way_they_came(
    open_folder: Path,
    start_supervisor: Callable[..., Any],
    nothing_runs_in: Callable[[Path], bool],
    way: Way,
) -> None:
    supervisor = start_supervisor(open_folder, way)
    supervisor.wait_ready()

    supervisor.kill()

    assert nothing_runs_in(open_folder)
