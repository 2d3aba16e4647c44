"""The foreign services under load: each with a database of its own on the same server."""

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from entrypoints.cli.supervision.ports import find_free_port
from tests.bench.api import HOST, Server
from tests.bench.bench import Bench
from tests.bench.books import Counted
from tests.bench.children import ROOT, running, wait_until_open
from tests.bench.foreign_venv import foreign_program
from tests.bench.ground import ACCOUNT_ID, Database, Ground, environment
from tests.bench.traffic import Traffic
from tests.fakes.stores import at, run

_FOREIGN = Path(__file__).with_name("foreign")
_PREPARE_SECONDS = 120.0
_DJANGO_WORKERS, _DJANGO_THREADS = 4, 8
_TEXT_ACCOUNTS = """
insert into accounts (id, name, currency)
select 'acc_{prefix}' || lpad(to_hex(n), 12, '0'), 'bench:' || n, 'EUR' from generate_series(1, {accounts}) n
"""


class CountedTable(Counted):
    """Counts the rows of one table."""

    def __init__(self, database: Database, table: str) -> None:
        """Count this table."""
        self._database = database
        self._query = f"select count(*) from {table}"  # noqa: S608 -- the name is ours

    def committed(self) -> int:
        """Count its rows."""
        return self._database.number(self._query)


@contextmanager
def foreign_database(ground: Ground, name: str) -> Iterator[Database]:
    """Lend an empty database, gone afterwards."""
    owner = ground.urls.database_owner_url
    asyncio.run(run(owner, f"create database {name} template template0"))
    try:
        url = at(owner, name)
        yield Database(name=name, owner_url=url, application_url=url, ground=ground)
    finally:
        asyncio.run(run(owner, f"drop database {name} with (force)"))


@contextmanager
def django_server(bench: Bench) -> Iterator[tuple[Server, Counted]]:
    """Run the Django service under gunicorn. Raises NoForeignPackages."""
    gunicorn, python = foreign_program("gunicorn"), foreign_program("python")
    ground, key, port = bench.ground, secrets.token_hex(16), find_free_port(HOST)
    with foreign_database(ground, "bench_django") as database:
        settings = _settings(database, key)
        prepared = subprocess.run(
            [python, str(_FOREIGN / "django_service.py"), str(ground.accounts)],
            env=settings,
            capture_output=True,
            text=True,
            timeout=_PREPARE_SECONDS,
            check=False,
        )
        if prepared.returncode != 0:
            raise RuntimeError(f"the Django service cannot be prepared: {prepared.stderr[-1500:]}")
        command = (
            *(gunicorn, "--chdir", str(_FOREIGN), "-w", str(_DJANGO_WORKERS), "-k", "gthread"),
            *("--threads", str(_DJANGO_THREADS), "--keep-alive", "60", "--worker-connections", "1000"),
            *("-b", f"{HOST}:{port}", "--log-level", "warning", "django_service:application()"),
        )
        with running("django", *command, environment=settings, logs=ground.logs) as child:
            wait_until_open(child, HOST, port)
            traffic = _traffic(ground, key, port)
            yield (
                Server(child=child, port=port, traffic=traffic),
                CountedTable(database, "ledger_transfer"),
            )


@contextmanager
def text_ledger_server(bench: Bench) -> Iterator[tuple[Server, Counted]]:
    """Run the text ledger behind uvicorn, with as many workers as the product."""
    ground, key, port = bench.ground, secrets.token_hex(16), find_free_port(HOST)
    with foreign_database(ground, "bench_text_ledger") as database:
        prefix = ACCOUNT_ID.removeprefix("acc_").partition("{")[0]
        accounts = _TEXT_ACCOUNTS.format(prefix=prefix, accounts=ground.accounts)
        database.do((_FOREIGN / "text_ledger.sql").read_text(), accounts, "analyze")
        command = (
            *(sys.executable, "-m", "uvicorn", "tests.bench.foreign.text_ledger_service:application"),
            *("--host", HOST, "--port", str(port), "--workers", str(bench.effort.workers)),
            *("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--no-proxy-headers"),
            *("--no-server-header", "--no-date-header", "--log-level", "warning"),
        )
        with running("text_ledger", *command, environment=_settings(database, key), logs=ground.logs) as child:
            wait_until_open(child, HOST, port)
            yield (
                Server(child=child, port=port, traffic=_traffic(ground, key, port)),
                CountedTable(database, "transfers"),
            )


def _settings(database: Database, key: str) -> dict[str, str]:
    return environment(os.environ) | {
        "DATABASE_URL": database.application_url,
        "REDIS_URL": database.ground.urls.redis_url,
        "SECRET_KEY": database.ground.secret_key,
        "API_KEY": key,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(_FOREIGN))),
    }


def _traffic(ground: Ground, key: str, port: int) -> Traffic:
    return Traffic(
        path="/v1/transfers",
        host=f"{HOST}:{port}",
        authorization=f"Bearer {key}",
        account_format=ACCOUNT_ID,
        accounts=ground.accounts,
        debited=ground.accounts,
    )
