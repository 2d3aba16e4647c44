"""What the API costs before and beside its work: memory, start, and being observed."""

import socket
import time

from entrypoints.cli.supervision.ports import find_free_port
from tests.bench.api import COMMAND, HOST, UNOBSERVED, api, api_environment, observed, transfers
from tests.bench.bench import Bench, Findings, Measure, arena
from tests.bench.books import Books, covered, sound
from tests.bench.children import Child, running
from tests.bench.generator import whole_status
from tests.bench.ground import Database
from tests.bench.rows import Key, measured
from tests.bench.runs import ratios, taking_turns, told
from tests.bench.traffic import requests
from tests.fakes.collector import collecting

_START_SECONDS = 30.0
_ANSWER_SECONDS = 5.0
_CREATED = 201
_MEGABYTE = 1_000_000
_HELPER_BYTES = 30 * _MEGABYTE
"""A process below the API that is smaller than this serves nothing: multiprocessing keeps one that tidies up."""


def memory(bench: Bench) -> Findings:
    """Look how large each worker is after full load."""
    samples: list[float] = []
    with arena(bench, "memory") as place:
        for _ in range(bench.effort.pairs):
            place.api()()
            samples.append(max(worker_bytes(place.server.child)) / _MEGABYTE)
        total = sum(place.server.child.memory().values()) / _MEGABYTE
    detail = (
        f"resident, the largest of {bench.effort.workers} workers after load; all processes together {total:.0f} MB"
    )
    return Findings(results=(measured(Key.MEMORY, samples, detail),))


def worker_bytes(child: Child) -> list[int]:
    """Give the resident bytes of each worker: what the server forked, or itself when it forked nothing."""
    sizes = child.memory()
    own = sizes.pop(child.pid)
    return [size for size in sizes.values() if size > _HELPER_BYTES] or [own]


def start(bench: Bench) -> Findings:
    """Time the way from the start of the process to the first transfer that is durable."""
    with bench.ground.database("bench_start") as database, sound(Books(database), bench.faults):
        samples = [_start_milliseconds(bench, database) for _ in range(bench.effort.starts)]
    return Findings(results=(measured(Key.START, samples, f"{bench.effort.workers} workers, migrated database"),))


def _start_milliseconds(bench: Bench, database: Database) -> float:
    port = find_free_port(HOST)
    environment = api_environment(database, port=port, workers=bench.effort.workers)
    request = next(requests(transfers(database, port)))
    began = time.perf_counter()
    with running("starting", *COMMAND, environment=environment, logs=bench.ground.logs) as child:
        while _ask(port, request) != _CREATED:
            child.require_running()
            if time.perf_counter() > began + _START_SECONDS:
                raise RuntimeError(f"the API does not start:\n{child.tail()}")
            time.sleep(0.001)
        return (time.perf_counter() - began) * 1000


def _ask(port: int, request: bytes) -> int:
    """Send a request on a connection of its own; 0 when nobody answers."""
    try:
        with socket.create_connection((HOST, port), timeout=_ANSWER_SECONDS) as connection:
            connection.sendall(request)
            received = b""
            while (status := whole_status(received)) is None:
                more = connection.recv(65_536)
                if not more:
                    return 0
                received += more
            return status
    except OSError:
        return 0


def observability(bench: Bench) -> Findings:
    """Compare throughput with everything that watches, and with nothing of it."""
    workers, effort = bench.effort.workers, bench.effort
    with (
        collecting() as collector,
        bench.ground.database("bench_observability") as database,
        sound(Books(database), bench.faults) as books,
        api(database, workers=workers, name="observed", extra=observed(collector.url)) as watched,
        api(database, workers=workers, name="unobserved", extra=UNOBSERVED) as blind,
    ):
        contestants = {
            "observed": covered(watched.contestant(effort), books, bench.faults),
            "unobserved": covered(blind.contestant(effort), books, bench.faults),
        }
        runs = taking_turns(contestants, pairs=effort.pairs)
    lost = [(1 - ratio) * 100 for ratio in ratios(runs["observed"], runs["unobserved"])]
    return Findings(results=(measured(Key.OBSERVABILITY, lost, told(runs)),))


MEASURES = (
    Measure(name="memory", keys=(Key.MEMORY,), run=memory),
    Measure(name="start", keys=(Key.START,), run=start),
    Measure(name="observability", keys=(Key.OBSERVABILITY,), run=observability),
)
