"""What every measure gets: the ground it stands on, how much effort to make, and whom to tell."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import msgspec

from tests.bench.api import Server, api
from tests.bench.books import Books, Faults, covered, sound
from tests.bench.effort import Effort
from tests.bench.ground import Database, Ground
from tests.bench.plots import Plot
from tests.bench.raw import Pgbench, raw
from tests.bench.results import Result
from tests.bench.rows import Key
from tests.bench.runs import Contestant


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """The circumstances of a measure."""

    ground: Ground
    effort: Effort
    faults: Faults
    tell: Callable[[str], None]


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What a measure found."""

    results: tuple[Result, ...]
    plots: tuple[Plot, ...] = ()


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the bench: the rows that it answers for, and how. One that `takes_long` is no part of the quick one."""

    name: str
    keys: tuple[Key, ...]
    run: Callable[[Bench], Findings]
    takes_long: bool = False


class Arena(msgspec.Struct, frozen=True, kw_only=True):
    """A database of its own with the API on it; every run in it must be covered by what it committed."""

    bench: Bench
    database: Database
    books: Books
    server: Server

    def api(self, *, debited: int = 0, connections: int = 0, seconds: float = 0.0) -> Contestant:
        """Give the API as a contestant: all accounts are debited, over all connections, unless told otherwise."""
        run = self.server.contestant(
            self.bench.effort, debited=debited or None, connections=connections, seconds=seconds
        )
        return self.covered(run)

    def raw(self, *, debited: int = 0, clients: int = 32, seconds: float = 0.0) -> Contestant:
        """Give RAW on the same database as a contestant."""
        return raw_contestant(self.bench, self.database, self.books, debited=debited, clients=clients, seconds=seconds)

    def covered(self, run: Contestant) -> Contestant:
        """Give a contestant whose every run is covered by what it committed here."""
        return covered(run, self.books, self.bench.faults)


def raw_contestant(
    bench: Bench, database: Database, books: Books, *, debited: int = 0, clients: int = 32, seconds: float = 0.0
) -> Contestant:
    """Give RAW as a contestant."""
    effort = bench.effort
    how = Pgbench(clients=clients, seconds=seconds or effort.seconds, warm_seconds=effort.warm_seconds)
    return covered(lambda: raw(database, how, debited=debited or bench.ground.accounts), books, bench.faults)


@contextmanager
def arena(bench: Bench, name: str, *, extra: Mapping[str, str] | None = None) -> Iterator[Arena]:
    """Lend an arena, with its books checked at the end. Raises Unsound when they are wrong."""
    with bench.ground.database(f"bench_{name}") as database:
        books = Books(database)
        with sound(books, bench.faults), api(database, workers=bench.effort.workers, extra=extra) as server:
            yield Arena(bench=bench, database=database, books=books, server=server)
