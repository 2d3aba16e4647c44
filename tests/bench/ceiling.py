"""Measures the generator itself: what it sends to a server that does nothing is the most that it could ever see."""

import sys
import time
from pathlib import Path

from tests.bench.children import Child, running
from tests.bench.generator import Load
from tests.bench.generators import send
from tests.bench.runs import Run
from tests.bench.traffic import Traffic

_START_SECONDS = 20.0


def ceiling(logs: Path, environment: dict[str, str], *, connections: int, seconds: float) -> Run:
    """Let one generator send to the stub server."""
    with running("stub", sys.executable, "-m", "tests.bench.stub_server", environment=environment, logs=logs) as stub:
        port = _port(stub)
        traffic = Traffic(
            path="/v1/transfers",
            host="127.0.0.1",
            authorization="Bearer none",
            account_format="acc_{:032x}",
            accounts=10_000,
            debited=10_000,
        )
        load = Load(host="127.0.0.1", port=port, traffic=traffic, connections=connections, seconds=seconds)
        return send(load)


def _port(stub: Child) -> int:
    deadline = time.monotonic() + _START_SECONDS
    while not (said := stub.log.read_text()).endswith("\n"):
        stub.require_running()
        if time.monotonic() > deadline:
            raise RuntimeError("the stub server does not start")
        time.sleep(0.005)
    return int(said)
