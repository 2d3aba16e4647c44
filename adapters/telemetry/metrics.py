"""The metrics of the service, and the calls that keep them: cheap enough for every request (docs/decisions/0012).

Nothing here raises because of what is counted, and nothing waits. docs/observability.md explains each metric.
"""

import sys
from collections.abc import Sequence
from typing import Final

from adapters.telemetry.families import Counter, Gauge, Histogram, Labels, Merge
from domain.posting import Posting, Refusal

SECONDS_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZE_BOUNDS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)

UNMATCHED: Final = "unmatched"
"""The route of requests that no route takes: their paths are anything."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

BUILD = Gauge("mediator_build_info", "Always 1; its labels say what runs.", "version", "python", merge=Merge.WORST)
IN_FLIGHT = Gauge("http_requests_in_flight", "Requests that are being answered now.")
REQUESTS = Counter("http_requests_total", "Requests that were answered.", "method", "route", "status")
DURATIONS = Histogram(
    "http_request_duration_seconds",
    "From a request's head to the end of its answer, in seconds.",
    *("method", "route"),
    bounds=SECONDS_BOUNDS,
)
PROBLEMS = Counter("http_problems_total", "Problems that callers were told of, by their codes.", "code")
SHED = Counter("http_requests_shed_total", "Requests that were refused because too much waited (BACKPRESSURE).")
LIMITED = Counter("http_requests_rate_limited_total", "Requests that were refused by a rate limit (RATE_LIMITED).")
REPLAYS = Counter("http_idempotency_replays_total", "Answers that were given again.", "method", "route")

POSTINGS = Counter("mediator_ledger_postings_total", "Orders that the ledger decided, by its outcome.", "outcome")
BATCH_SIZES = Histogram(
    "mediator_journal_batch_size", "Commits that went to the database in one call.", "work", bounds=SIZE_BOUNDS
)
BATCH_SECONDS = Histogram(
    "mediator_journal_batch_duration_seconds",
    "How long the database took for one call, in seconds.",
    "work",
    bounds=SECONDS_BOUNDS,
)
WAITING = Gauge("mediator_journal_queue_depth", "Commits that waited when the last call ended.")

POOL_IN_USE = Gauge("mediator_database_connections_in_use", "Connections of the pool that somebody uses.")
POOL_OPEN = Gauge("mediator_database_connections_open", "Connections of the pool that are open, used or not.")

DRY_RUN: Final = "TryOrder"
"""The work that decides about orders and books nothing."""

SHED_CODE: Final = "BACKPRESSURE"
LIMITED_CODE: Final = "RATE_LIMITED"

_routes: list[Labels] = []


def declare_build(version: str) -> None:
    """Say what runs."""
    BUILD.set((version, ".".join(str(part) for part in sys.version_info[:3])), 1.0)


def route(method: str, template: str) -> int:
    """Give the number of a route, to count its requests by. Once for each route, when a module is imported."""
    _routes.append((method, template))
    return len(_routes) - 1


def request(route: int, status: int, seconds: float) -> None:
    """Count a request that was answered."""
    labels = _routes[route]
    REQUESTS.add((*labels, status))
    DURATIONS.observe(labels, seconds)


def request_at(method: str, template: str, status: int, seconds: float) -> None:
    """Count a request that was answered, by the template of its route or `UNMATCHED`; never by its path."""
    labels = (method if method in _METHODS else "other", template)
    REQUESTS.add((*labels, status))
    DURATIONS.observe(labels, seconds)


def replay(route: int) -> None:
    """Count an answer that was given again."""
    REPLAYS.add(_routes[route])


def replay_at(method: str, template: str) -> None:
    """Count an answer that was given again, by the template of its route."""
    REPLAYS.add((method if method in _METHODS else "other", template))


def problem(code: str) -> None:
    """Count a problem that a caller is told of."""
    PROBLEMS.add((code,))
    if code == SHED_CODE:
        SHED.add()
    elif code == LIMITED_CODE:
        LIMITED.add()


def journal_batch(work: str, results: Sequence[object], seconds: float, *, waiting: int) -> None:
    """Count what one call to the database brought: the results of its items, and how many wait for the next."""
    labels = (work,)
    BATCH_SIZES.observe(labels, len(results))
    BATCH_SECONDS.observe(labels, seconds)
    WAITING.set((), waiting)
    if work == DRY_RUN:
        return
    posted, refused, failed = _tally(results)
    if posted:
        POSTINGS.add(("posted",), posted)
    if refused:
        POSTINGS.add(("refused",), refused)
    if failed:
        POSTINGS.add(("failed",), failed)


def _tally(results: Sequence[object]) -> tuple[int, int, int]:
    """Count what was posted, refused by the ledger, and failed; what was given again was counted before."""
    posted = refused = failed = 0
    for result in results:
        if isinstance(result, Posting):
            posted += not result.replayed
        elif isinstance(result, Refusal):
            refused += not result.replayed
        elif isinstance(result, BaseException):
            failed += 1
        elif isinstance(result, list | tuple):
            some = _tally(result)
            posted, refused, failed = posted + some[0], refused + some[1], failed + some[2]
    return posted, refused, failed
