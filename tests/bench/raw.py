"""The baseline RAW: pgbench calls the product's own posting function for one transfer, prepared, nothing else."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
from sqlalchemy import make_url

from tests.bench.ground import CURRENCY, Database
from tests.bench.histogram import Histogram
from tests.bench.runs import Run

_PROCESSED = re.compile(r"number of transactions actually processed: (\d+)")
_FAILED = re.compile(r"number of failed transactions: (\d+)")
_UUID7_SINCE = 18
_SPARE_SECONDS = 60.0

_SCRIPT = """\\set d random(1, {debited})
\\set c (:d + random(1, {others}) - 1) % {accounts} + 1
select code from fm.post_transfer('{tenant}'::uuid, {new_id}, {debit}, {credit}, 1::bigint, '{currency}',
  'POST /v1/transfers', gen_random_uuid()::text, '\\x{fingerprint}'::bytea, '{actor}', 'req_bench', null, null);
"""
_ACCOUNT = "('00000000-0000-7000-8000-' || lpad(to_hex(:{}::bigint), 12, '0'))::uuid"


class Pgbench(msgspec.Struct, frozen=True, kw_only=True):
    """How a script is run. What happens in the `warm_seconds` is not counted: each connection plans its statements."""

    clients: int
    seconds: float
    warm_seconds: float = 0.0
    threads: int = 2


def find_pgbench(folder: Path) -> str:
    """Find the program beside the server, or on PATH. Raises RuntimeError."""
    beside = folder / "pgbench"
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("pgbench")
    if found is None:
        raise RuntimeError(f"there is no pgbench in {folder} nor on PATH")
    return found


def transfer_script(database: Database, *, debited: int) -> str:
    """Write the script of one transfer: it debits one of the accounts 1..`debited` and credits any other."""
    ground = database.ground
    native = int(ground.program.version.partition(".")[0]) >= _UUID7_SINCE
    return _SCRIPT.format(
        debited=debited,
        others=ground.accounts - 1,
        accounts=ground.accounts,
        tenant=ground.tenant.id,
        new_id="uuidv7()" if native else "fm_ops.new_id(clock_timestamp())",
        debit=_ACCOUNT.format("d"),
        credit=_ACCOUNT.format("c"),
        currency=CURRENCY,
        fingerprint="00" * 32,
        actor=ground.tenant.actor,
    )


def raw(database: Database, how: Pgbench, *, debited: int) -> Run:
    """Run RAW once."""
    return run_script(database, how, transfer_script(database, debited=debited))


def run_script(database: Database, how: Pgbench, script: str, *, url: str | None = None) -> Run:
    """Run a script as the application (or as `url` says). Raises RuntimeError when pgbench fails or a call does."""
    place = database.ground.folder
    (place / "script.sql").write_text(script)
    for old in place.glob("calls.*"):
        old.unlink()
    where = make_url(url or database.application_url)
    command = [
        find_pgbench(database.ground.program.folder),
        *("-n", "-M", "prepared", "-f", str(place / "script.sql")),
        *("-c", str(how.clients), "-j", str(min(how.threads, how.clients))),
        *("-T", str(max(1, round(how.seconds + how.warm_seconds)))),
        *("--log", f"--log-prefix={place / 'calls'}"),
        *("-h", str(where.host), "-p", str(where.port), "-U", str(where.username), str(where.database)),
    ]
    done = subprocess.run(
        command,
        env=os.environ | {"PGPASSWORD": str(where.password)},
        capture_output=True,
        text=True,
        timeout=how.seconds + how.warm_seconds + _SPARE_SECONDS,
        check=False,
    )
    processed, failed = _PROCESSED.search(done.stdout), _FAILED.search(done.stdout)
    if done.returncode != 0 or processed is None or (failed is not None and int(failed[1])):
        raise RuntimeError(f"pgbench failed: {done.stdout[-500:]}{done.stderr[-1000:]}")
    return _run(how, sorted(_calls(place)), acknowledged=int(processed[1]))


def _calls(place: Path) -> Iterator[tuple[int, int]]:
    """Give when each call was over, and how long it took, in microseconds (pgbench's log of transactions)."""
    for log in place.glob("calls.*"):
        for line in log.read_text().splitlines():
            words = line.split()
            yield int(words[4]) * 1_000_000 + int(words[5]), int(words[2])


def _run(how: Pgbench, calls: list[tuple[int, int]], *, acknowledged: int) -> Run:
    begin = calls[0][0] + round(how.warm_seconds * 1e6)
    end = calls[-1][0]
    counted = [took for over, took in calls if begin <= over < end]
    return Run(
        seconds=(end - begin) / 1e6,
        counted=len(counted),
        acknowledged=acknowledged,
        durations=Histogram.of(took * 1000 for took in counted),
    )
