"""The real API, started as the product starts it, and load for it."""

import http.client
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from entrypoints.cli.supervision.ports import find_free_port
from tests.bench.children import Child, running, wait_until_open
from tests.bench.effort import Effort
from tests.bench.generator import Load
from tests.bench.generators import send
from tests.bench.ground import ACCOUNT_ID, Database
from tests.bench.runs import Contestant, Run
from tests.bench.traffic import Traffic

HOST = "127.0.0.1"
COMMAND = (sys.executable, "-m", "entrypoints.http.main")

UNLIMITED = {"RATE_LIMIT_COUNT": "100000000"}
"""So high that it is never met; requests are counted all the same."""

UNOBSERVED = {"LOG_LEVEL": "error"}
"""No access log, no metrics, no traces."""

_READY_SECONDS = 30.0
_OK = 200


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A server under load: where it listens, and what its requests look like."""

    child: Child
    port: int
    traffic: Traffic

    def load(self, effort: Effort, *, debited: int | None = None, connections: int = 0, seconds: float = 0.0) -> Run:
        """Send load once: all accounts are debited unless fewer are named."""
        self.child.require_running()
        traffic = msgspec.structs.replace(self.traffic, debited=debited or self.traffic.accounts)
        load = Load(
            host=HOST,
            port=self.port,
            traffic=traffic,
            connections=connections or effort.connections,
            seconds=seconds or effort.seconds,
            warm_seconds=effort.warm_seconds,
        )
        return send(load, processes=effort.generators)

    def contestant(
        self, effort: Effort, *, debited: int | None = None, connections: int = 0, seconds: float = 0.0
    ) -> Contestant:
        """Give the same as something that can take turns with others."""
        return lambda: self.load(effort, debited=debited, connections=connections, seconds=seconds)


def observed(collector_url: str) -> dict[str, str]:
    """Switch on everything that watches: access log, metrics, and traces of one request in a hundred."""
    return {
        "LOG_LEVEL": "info",
        "METRICS_PORT": str(find_free_port(HOST)),
        "OPENTELEMETRY_ENABLED": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector_url,
        "OTEL_TRACES_SAMPLER_ARG": "0.01",
    }


def transfers(database: Database, port: int, *, batch: int = 0) -> Traffic:
    """Say how transfers are asked of the product: one by one, or so many in a request."""
    ground = database.ground
    return Traffic(
        path="/v1/transfers/batch" if batch else "/v1/transfers",
        host=f"{HOST}:{port}",
        authorization=f"Bearer {ground.tenant.api_key}",
        account_format=ACCOUNT_ID,
        accounts=ground.accounts,
        debited=ground.accounts,
        batch=batch,
        expected=200 if batch else 201,
    )


@contextmanager
def api(
    database: Database, *, workers: int, name: str = "api", extra: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run the API on a database while the block lasts."""
    port = find_free_port(HOST)
    environment = api_environment(database, port=port, workers=workers) | dict(extra or {})
    logs: Path = database.ground.logs
    with running(name, *COMMAND, environment=environment, logs=logs) as child:
        wait_until_open(child, HOST, port)
        _await_ready(child, port)
        yield Server(child=child, port=port, traffic=transfers(database, port))


def _await_ready(child: Child, port: int) -> None:
    """Wait until every worker can answer. Raises RuntimeError when that takes too long."""
    deadline = time.monotonic() + _READY_SECONDS
    while _ask_ready(port) != _OK:
        child.require_running()
        if time.monotonic() > deadline:
            raise RuntimeError(f"{child.name} does not become ready:\n{child.tail()}")
        time.sleep(0.01)


def _ask_ready(port: int) -> int:
    """Ask for the status of readiness; 0 when nobody answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=_READY_SECONDS)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def api_environment(database: Database, *, port: int, workers: int) -> dict[str, str]:
    """Give the settings of an API on a database."""
    return (
        database.ground.settings(database.application_url)
        | UNLIMITED
        | {"API_HOST": HOST, "API_PORT": str(port), "API_WORKERS": str(workers), "PUBLIC_URL": f"http://{HOST}:{port}"}
    )
