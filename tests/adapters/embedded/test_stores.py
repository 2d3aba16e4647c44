"""The life of the embedded stores: first start, restart, refusals, end."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis
from rich.pretty import pretty_repr

from adapters.embedded.errors import (
    EmbeddedStoreTrouble,
    FolderInUse,
    FolderNotOurs,
    OtherMajorVersion,
    PasswordsLost,
    StartCancelled,
    StoreNotReady,
)
from adapters.embedded.passwords import load_passwords
from adapters.embedded.stores import EmbeddedStores

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
Fetch = Callable[..., Any]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStores]:
    """Stores for the tests that only look at them."""
    with EmbeddedStores(tmp_path_factory.mktemp("stores") / "data", fsync=False) as running:
        yield running


async def test_first_start_makes_a_database_that_knows_unicode(stores: EmbeddedStores, fetch: Fetch) -> None:
    (row,) = await fetch(
        stores.urls.database_owner_url,
        "SELECT current_user AS login, pg_encoding_to_char(encoding) AS encoding, upper('é') AS upper,"
        " pg_get_userbyid(datdba) AS owner, current_setting('jit') AS jit, current_setting('listen_addresses')"
        " AS listens FROM pg_database WHERE datname = current_database()",
    )

    assert dict(row) == {
        "login": "mediator",
        "encoding": "UTF8",
        "upper": "É",
        "owner": "mediator",
        "jit": "off",
        "listens": "127.0.0.1",
    }


async def test_the_application_login_owns_nothing_and_is_nobody_special(stores: EmbeddedStores, fetch: Fetch) -> None:
    (role,) = await fetch(
        stores.urls.database_url,
        "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls,"
        " (SELECT count(*) FROM pg_shdepend WHERE refobjid = r.oid AND deptype = 'o') AS owned"
        " FROM pg_roles r WHERE rolname = current_user",
    )

    assert tuple(role) == ("mediator_app", False, False, False, False, False, 0)


async def test_the_application_login_makes_no_tables_in_the_owners_schema(stores: EmbeddedStores, fetch: Fetch) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await fetch(stores.urls.database_url, "CREATE TABLE public.planted (id int)")


async def test_restart_keeps_rows_items_ports_and_passwords(tmp_path: Path, fetch: Fetch) -> None:
    with EmbeddedStores(tmp_path) as first:
        before = first.urls
        await fetch(before.database_owner_url, "CREATE TABLE kept AS SELECT generate_series(1, 100) AS id")
        redis.Redis.from_url(before.redis_url).rpush("kept", "a", "b")

    with EmbeddedStores(tmp_path) as second:
        after = second.urls
        (rows,) = await fetch(after.database_owner_url, "SELECT count(*) FROM kept")
        items = redis.Redis.from_url(after.redis_url).lrange("kept", 0, -1)

    assert (after, rows[0], items) == (before, 100, [b"a", b"b"])


def test_another_port_is_taken_when_the_last_one_is_in_use(tmp_path: Path) -> None:
    with EmbeddedStores(tmp_path, fsync=False) as first:
        port = int(first.urls.redis_url.rpartition(":")[2].partition("/")[0])
    with socket.create_server(("127.0.0.1", port)), EmbeddedStores(tmp_path, fsync=False) as second:
        answered = redis.Redis.from_url(second.urls.redis_url).ping()

    assert answered
    assert f":{port}/" not in second._folder.joinpath("ports.json").read_text()


def test_starting_what_runs_changes_nothing(stores: EmbeddedStores) -> None:
    before = stores.urls, stores.health()

    assert (stores.start(), stores.health()) == before


async def test_start_works_on_the_thread_of_a_running_event_loop(tmp_path: Path) -> None:
    assert asyncio.get_running_loop().is_running()

    with EmbeddedStores(tmp_path, fsync=False) as stores:
        assert stores.is_alive()


def test_the_stores_outlive_the_thread_that_started_them(
    tmp_path: Path, wait_until: Callable[[Callable[[], bool], float], bool]
) -> None:
    stores = EmbeddedStores(tmp_path, fsync=False)
    starter = threading.Thread(target=stores.start)
    starter.start()
    starter.join()

    try:
        # Were they tied to that thread, the signal to end would have been sent when it ended.
        assert not wait_until(lambda: not stores.is_alive(), 0.5)
    finally:
        stores.stop()


async def test_stop_is_quick_with_clients_connected_and_leaves_no_process(
    tmp_path: Path, nothing_runs_in: Callable[[Path], bool]
) -> None:
    stores = EmbeddedStores(tmp_path)
    urls = stores.start()
    client = await asyncpg.connect(urls.database_url, ssl=False)
    sleeping = asyncio.ensure_future(client.execute("SELECT pg_sleep(60)"))
    await asyncio.sleep(0)

    began = time.monotonic()
    await asyncio.to_thread(stores.stop)
    took = time.monotonic() - began

    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await sleeping
    assert took < 3
    assert nothing_runs_in(tmp_path)
    assert stores.health() == {}


def test_stop_lets_both_servers_finish(tmp_path: Path) -> None:
    with EmbeddedStores(tmp_path):
        pass

    postgres, valkey = ((tmp_path / "logs" / name).read_text() for name in ("postgres.log", "valkey.log"))
    assert "received fast shutdown request" in postgres
    assert postgres.rstrip().endswith("database system is shut down")
    assert "ready to exit" in valkey


def test_the_stores_can_be_started_again_after_a_stop(tmp_path: Path) -> None:
    stores = EmbeddedStores(tmp_path, fsync=False)
    before = stores.start()
    stores.stop()
    after = stores.start()
    stores.stop()

    assert after == before


@pytest.mark.parametrize("login", ["mediator", "mediator_app"])
async def test_a_wrong_password_is_refused_by_postgresql(stores: EmbeddedStores, fetch: Fetch, login: str) -> None:
    place = stores.urls.database_url.rpartition("@")[2]

    with pytest.raises(asyncpg.InvalidPasswordError):
        await fetch(f"postgresql://{login}:wrong@{place}", "SELECT 1")


async def test_the_socket_asks_for_a_password_too(stores: EmbeddedStores) -> None:
    port = int(stores.urls.database_url.rpartition(":")[2].partition("/")[0])
    sockets = str(stores._folder / "postgres/data")
    if not (stores._folder / f"postgres/data/.s.PGSQL.{port}").exists():
        pytest.skip(f"the path of the test's folder is too long for a socket: {sockets}")

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(host=sockets, port=port, user="mediator", password="wrong", database="mediator")


def test_a_wrong_or_missing_password_is_refused_by_valkey(stores: EmbeddedStores) -> None:
    place = stores.urls.redis_url.rpartition("@")[2]

    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(f"redis://:wrong@{place}").ping()
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(f"redis://{place}").ping()


def test_valkey_keeps_every_change_and_never_drops_a_key_for_room(stores: EmbeddedStores) -> None:
    settings = redis.Redis.from_url(stores.urls.redis_url, decode_responses=True).config_get("*")

    assert {name: settings[name] for name in ("appendonly", "maxmemory-policy", "bind")} == {
        "appendonly": "yes",
        "maxmemory-policy": "noeviction",
        "bind": "127.0.0.1",
    }


def test_no_command_line_and_no_environment_shows_a_password(tmp_path: Path) -> None:
    passwords = [password.encode() for password in _make_passwords(tmp_path)]
    seen: list[bytes] = []
    over = threading.Event()
    watcher = threading.Thread(target=_watch_processes, args=(seen, over))
    watcher.start()

    try:
        with EmbeddedStores(tmp_path, fsync=False):
            seen.extend(_read_processes())
    finally:
        over.set()
        watcher.join()

    assert any(str(tmp_path).encode() in text and b"--pwfile" in text for text in seen), "initdb was not seen"
    assert not [text for text in seen if any(password in text for password in passwords)]


def _make_passwords(folder: Path) -> tuple[str, ...]:
    passwords = load_passwords(folder, has_data=False)
    return passwords.database_owner, passwords.application, passwords.redis


def _watch_processes(seen: list[bytes], over: threading.Event) -> None:
    while not over.wait(0.01):
        seen.extend(_read_processes())


def _read_processes() -> Iterator[bytes]:
    for path in (path for place in Path("/proc").glob("[0-9]*") for path in (place / "cmdline", place / "environ")):
        try:
            yield path.read_bytes()
        except OSError:
            continue  # It ended meanwhile, or is another user's.


def test_no_log_and_no_repr_shows_a_password(stores: EmbeddedStores) -> None:
    passwords = _make_passwords(stores._folder)
    logs = "".join(path.read_text() for path in (stores._folder / "logs").iterdir())
    shown = [repr(stores.urls), str(stores.urls), pretty_repr(stores.urls), logs]

    assert "mediator_app:***@127.0.0.1" in shown[0]
    assert not [text for text in shown if any(password in text for password in passwords)]


async def test_the_database_keeps_no_password_in_its_statistics(stores: EmbeddedStores, fetch: Fetch) -> None:
    await fetch(stores.urls.database_owner_url, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    rows = await fetch(stores.urls.database_owner_url, "SELECT query FROM pg_stat_statements")
    queries = [row[0] for row in rows]

    assert any("ALTER ROLE mediator_app" in query for query in queries)
    assert not [query for query in queries for password in _make_passwords(stores._folder) if password in query]


def test_only_we_can_read_the_passwords(stores: EmbeddedStores) -> None:
    assert (stores._folder / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert stores._folder.stat().st_mode & 0o066 == 0


@pytest.mark.parametrize("name", ["deep/" * 60, 'blank, comma "quote" back\\slash é'], ids=["long", "strange"])
async def test_a_long_or_strange_path_is_served(open_folder: Path, fetch: Fetch, name: str) -> None:
    with EmbeddedStores(open_folder / name, fsync=False) as stores:
        ((answer,),) = await fetch(stores.urls.database_url, "SELECT 1")

        assert answer == 1
        assert redis.Redis.from_url(stores.urls.redis_url).ping()


def test_a_second_supervisor_is_refused_and_told_who_is_first(stores: EmbeddedStores) -> None:
    with pytest.raises(FolderInUse, match=rf"process {os.getpid()}\b"):
        EmbeddedStores(stores._folder).start()

    assert stores.is_alive()


@needs_root
def test_the_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    _make_passwords(tmp_path)
    os.chown(tmp_path / "secrets.json", 12345, 12345)

    with pytest.raises(FolderNotOurs, match="belongs to user id 12345"):
        EmbeddedStores(tmp_path).start()


def test_data_of_another_major_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    data = tmp_path / "postgres/data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("13\n")

    with pytest.raises(OtherMajorVersion, match=r"written by PostgreSQL 13") as refusal:
        EmbeddedStores(tmp_path).start()

    assert all(word in str(refusal.value) for word in ("MEDIATOR_PG_BIN", "pg_dump", f"move {data} away"))
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_data_without_its_passwords_is_refused(tmp_path: Path) -> None:
    with EmbeddedStores(tmp_path, fsync=False):
        pass
    (tmp_path / "secrets.json").unlink()

    with pytest.raises(PasswordsLost, match="Put the file back"):
        EmbeddedStores(tmp_path).start()


def test_a_server_that_ends_at_once_is_reported_with_its_last_words(
    tmp_path: Path, nothing_runs_in: Callable[[Path], bool]
) -> None:
    with EmbeddedStores(tmp_path, fsync=False):
        pass
    with (tmp_path / "postgres/data/postgresql.conf").open("a") as file:
        file.write("no_such_setting = on\n")

    with pytest.raises(StoreNotReady, match=r"PostgreSQL exited with status 1(.|\n)*no_such_setting"):
        EmbeddedStores(tmp_path).start()

    assert nothing_runs_in(tmp_path)


def test_a_server_that_never_gets_ready_is_reported_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_runs_in: Callable[[Path], bool]
) -> None:
    sleeper = tmp_path / "valkey-server"
    sleeper.write_text('#!/bin/sh\n[ "$1" = --version ] && { echo v=9.0.0; exit; }\necho yawning\nexec sleep 60\n')
    sleeper.chmod(0o755)
    monkeypatch.setenv("MEDIATOR_REDIS_SERVER", str(sleeper))

    with pytest.raises(StoreNotReady, match=r"Valkey was not ready within 3 s(.|\n)*yawning"):
        EmbeddedStores(tmp_path / "data", fsync=False, ready_seconds=3).start()

    assert nothing_runs_in(tmp_path / "data")


@pytest.mark.parametrize("moment", ["making", "starting PostgreSQL"])
def test_a_start_can_be_given_up(tmp_path: Path, nothing_runs_in: Callable[[Path], bool], moment: str) -> None:
    reached = threading.Event()
    starting = EmbeddedStores(tmp_path, on_step=lambda step: reached.set() if step.startswith(moment) else None)
    stopper = threading.Thread(target=_stop_when, args=(reached, starting))
    stopper.start()

    with pytest.raises(StartCancelled):
        starting.start()

    stopper.join()
    assert nothing_runs_in(tmp_path)
    assert issubclass(StartCancelled, EmbeddedStoreTrouble)


def _stop_when(reached: threading.Event, stores: EmbeddedStores) -> None:
    assert reached.wait(30)
    stores.stop()
