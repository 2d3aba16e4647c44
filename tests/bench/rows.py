"""The table: what is measured, and what is to be reached."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from tests.bench.results import Better, Result, not_measured
from tests.bench.runs import median


class Key(StrEnum):
    """A row of the table."""

    UNIFORM = "uniform"
    P99 = "p99"
    P50 = "p50"
    HOT = "hot"
    CONTENTION = "contention"
    SLOW_UNIFORM = "slow-uniform"
    SLOW_HOT = "slow-hot"
    DJANGO_UNIFORM = "django-uniform"
    DJANGO_HOT = "django-hot"
    TEXT_LEDGER = "text-ledger"
    BATCH = "batch"
    BATCH_SMALL = "batch-small"
    LANES = "lanes"
    GROWTH = "growth"
    OBSERVABILITY = "observability"
    MEMORY = "memory"
    START = "start"
    PAYMENTS = "payments"
    BOUNDARY = "boundary"
    ROW_SECURITY = "row-security"
    TLS = "tls"
    STANDBY = "standby"
    DEADLOCKS = "deadlocks"
    MISMATCHES = "mismatches"
    LOST = "lost"


class Row(msgspec.Struct, frozen=True):
    """The words of a row, and its target: None where a price is stated and none is promised."""

    name: str
    target: float | None
    better: Better = Better.HIGHER


ROWS = {
    Key.UNIFORM: Row("single transfers over HTTP, 256 connections / RAW", 1.85),
    Key.P99: Row("p99 at 32 connections / p99 of RAW", 0.75, Better.LOWER),
    Key.P50: Row("p50 at 1 connection / p50 of RAW at 1 client", 1.4, Better.LOWER),
    Key.HOT: Row("one hot account / RAW on one hot account", 10),
    Key.CONTENTION: Row("few accounts to many, a sample for each number / RAW", None),
    Key.SLOW_UNIFORM: Row("+1.5 ms per fdatasync: uniform / RAW", 2.2),
    Key.SLOW_HOT: Row("+1.5 ms per fdatasync: hot / RAW hot", 25),
    Key.DJANGO_UNIFORM: Row("against Django + DRF + psycopg: uniform", 60),
    Key.DJANGO_HOT: Row("against Django + DRF + psycopg: hot", 120),
    Key.TEXT_LEDGER: Row("against the approach of pgledger behind the same HTTP stack", 7),
    Key.BATCH: Row("batch endpoint, transfers/s over HTTP / RAW", 4),
    Key.BATCH_SMALL: Row("batch endpoint with 100 in a request / RAW", None),
    Key.LANES: Row("posting function, 4 disjoint lanes, N=1000 / RAW", 8),
    Key.GROWTH: Row("cost per transfer, largest table / 10^5 legs", 1.2, Better.LOWER),
    Key.OBSERVABILITY: Row("throughput lost by full observability, percent", 5, Better.LOWER),
    Key.MEMORY: Row("memory per API worker, MB", 90, Better.LOWER),
    Key.START: Row("start to first durable 201, ms", 500, Better.LOWER),
    Key.PAYMENTS: Row("payments through the simulator / GET /health/live", None),
    Key.BOUNDARY: Row("payments/s while connections are cut at any byte and processes die at any step", None),
    Key.ROW_SECURITY: Row("reads with row-level security / without", None),
    Key.TLS: Row("throughput with TLS to the database / without", None),
    Key.STANDBY: Row("throughput with a synchronous standby / without", None),
    Key.DEADLOCKS: Row("deadlocks", 0, Better.LOWER),
    Key.MISMATCHES: Row("books that are wrong", 0, Better.LOWER),
    Key.LOST: Row("acknowledged but lost", 0, Better.LOWER),
}
"""All rows, in the order in which they are printed."""


def measured(key: Key, samples: Sequence[float], detail: str) -> Result:
    """Make the row of something that was measured: the ratio is the middle of the samples."""
    row = ROWS[key]
    return Result(
        name=row.name,
        ratio=median(samples),
        target=row.target,
        better=row.better,
        samples=tuple(samples),
        detail=detail,
    )


def missing(key: Key, why: str) -> Result:
    """Make the row of something that could not be measured."""
    row = ROWS[key]
    return not_measured(row.name, why, target=row.target, better=row.better)
