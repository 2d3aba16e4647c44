"""What safety costs: row-level security, TLS to the database, and a synchronous standby."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import msgspec

from tests.bench.api import api
from tests.bench.bench import Bench, Findings, Measure, arena
from tests.bench.books import Books, covered, sound
from tests.bench.ground import PLACE, Database, ground_laid
from tests.bench.other_postgres import chosen, find_with_tls
from tests.bench.raw import Pgbench, run_script
from tests.bench.rows import Key, measured, missing
from tests.bench.runs import Contestant, Run, ratios, taking_turns, told
from tests.bench.standby import standby, waiting

_READ = """\\set n random(1, {accounts})
begin;
select set_config('app.tenant', '{tenant}', true);
select posted_debits, posted_credits from fm.ledger_accounts where tenant_id = '{tenant}'::uuid
  and id = ('00000000-0000-7000-8000-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid;
commit;
"""
_CLIENTS = 8


def row_security(bench: Bench) -> Findings:
    """Compare reads of one account under its policy with the same reads by the owner, whom no policy concerns."""
    with bench.ground.database("bench_row_security") as database:
        contestants = {
            "with": lambda: _read(bench, database, database.application_url),
            "without": lambda: _read(bench, database, database.owner_url),
        }
        runs = taking_turns(contestants, pairs=bench.effort.pairs)
    detail = f"the posting functions are the owner's: it concerns reads alone, here of one account: {told(runs)}"
    return Findings(results=(measured(Key.ROW_SECURITY, ratios(runs["with"], runs["without"]), detail),))


def _read(bench: Bench, database: Database, url: str) -> Run:
    how = Pgbench(clients=_CLIENTS, seconds=bench.effort.seconds_quiet, warm_seconds=bench.effort.warm_seconds)
    script = _READ.format(accounts=bench.ground.accounts, tenant=bench.ground.tenant.id)
    return run_script(database, how, script, url=url)


def synchronous_standby(bench: Bench) -> Findings:
    """Compare throughput while commits wait for a standby, on the same machine, and while they do not."""
    with arena(bench, "standby") as place, standby(bench.ground, place.database):

        def when(*, for_standby: bool) -> Contestant:
            run = place.api()

            def go() -> Run:
                waiting(bench.ground, for_standby=for_standby)
                return run()

            return go

        contestants = {"with": when(for_standby=True), "without": when(for_standby=False)}
        runs = taking_turns(contestants, pairs=bench.effort.pairs)
    detail = f"a standby on the same disk, asynchronous when nobody waits for it: {told(runs)}"
    return Findings(results=(measured(Key.STANDBY, ratios(runs["with"], runs["without"]), detail),))


def tls(bench: Bench) -> Findings:
    """Compare throughput with and without TLS between the API and PostgreSQL."""
    folder, openssl = find_with_tls(bench.ground.program), shutil.which("openssl")
    if folder is None or openssl is None:
        why = "no PostgreSQL here was built with TLS" if openssl else "there is no `openssl` to make a certificate"
        return Findings(results=(missing(Key.TLS, why),))
    with chosen(folder), ground_laid(accounts=bench.ground.accounts) as ground:
        return _with_and_without(msgspec.structs.replace(bench, ground=ground), openssl)


def _with_and_without(bench: Bench, openssl: str) -> Findings:
    effort, workers = bench.effort, bench.effort.workers
    with bench.ground.database("bench_tls") as database, sound(Books(database), bench.faults) as books:
        _give_certificate(bench, database, openssl)
        with (
            api(database, workers=workers, name="tls", extra={"PGSSLMODE": "require"}) as secret,
            api(database, workers=workers, name="plain", extra={"PGSSLMODE": "disable"}) as plain,
        ):
            contestants = {
                "with": covered(secret.contestant(effort), books, bench.faults),
                "without": covered(plain.contestant(effort), books, bench.faults),
            }
            runs = taking_turns(contestants, pairs=effort.pairs)
            kinds = database.number("select count(distinct ssl) from pg_stat_ssl join pg_stat_activity using (pid)"
                " where usename = 'mediator_app'")  # fmt: skip
    if kinds != 2:
        raise RuntimeError("the API's connections were not of both kinds")
    detail = f"PostgreSQL {bench.ground.program.version}: {told(runs)}"
    return Findings(results=(measured(Key.TLS, ratios(runs["with"], runs["without"]), detail),))


def _give_certificate(bench: Bench, database: Database, openssl: str) -> None:
    """Make a certificate for the bench alone, and have the server use it for new connections."""
    data = Path(str(database.ask("show data_directory")[0][0]))
    with tempfile.TemporaryDirectory(dir=PLACE) as name:
        made = Path(name)
        subject = ["-subj", "/CN=127.0.0.1", "-days", "2", "-nodes", "-newkey", "rsa:2048"]
        files = ["-keyout", str(made / "server.key"), "-out", str(made / "server.crt")]
        subprocess.run([openssl, "req", "-new", "-x509", *subject, *files], check=True, capture_output=True)
        owner = data.stat()
        for file in ("server.key", "server.crt"):
            copy = Path(shutil.copy(made / file, data / file))
            copy.chmod(0o600)
            shutil.chown(copy, owner.st_uid, owner.st_gid)
    database.do("alter system set ssl = on", "select pg_reload_conf()")
    bench.tell("a certificate was made")


MEASURES = (
    Measure(name="row security", keys=(Key.ROW_SECURITY,), run=row_security),
    Measure(name="standby", keys=(Key.STANDBY,), run=synchronous_standby, takes_long=True),
    Measure(name="tls", keys=(Key.TLS,), run=tls, takes_long=True),
)
