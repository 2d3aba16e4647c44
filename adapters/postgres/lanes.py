"""Group commit: what waits while the database is busy goes to it together, in one call (docs/decisions/0007).

No timer: a batch is whatever arrived while its lane was busy. Work of one tenant on one route follows one after the
other; tenants take turns. The queue is bounded.
"""

import asyncio
from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from time import perf_counter
from typing import Any, Protocol

from asyncpg.exceptions import InterfaceError, InternalClientError, PostgresError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.telemetry import metrics, tracing
from domain.errors import BACKPRESSURE, SERVICE_UNAVAILABLE, MediatorError
from domain.ids import TenantId

LANES = 4
"""Connections that one process uses for commits, at most."""

QUEUE_MAX = 4_096
"""How many commits may wait in one process; more are refused with BACKPRESSURE."""

IDLE_SECONDS = 20.0
"""How long an unused connection is kept."""

STATEMENT_SECONDS = 15.0

Connection = Any
"""An asyncpg connection: its type parameters say nothing here."""


Waiting = tuple[Any, "asyncio.Future[Any]", tracing.Span | None]
"""An item, who waits for it, and the span of who gave it, where that is followed."""

GroupKey = tuple[int, TenantId, Hashable]
"""Which work, of whom, on which route."""


class Work(Protocol):
    """One way of committing: how many items go together, and how."""

    items_max: int

    async def together(self, connection: Connection, tenant_id: TenantId, items: Sequence[Any]) -> list[Any]:
        """Commit items in one call; a result or an exception for each. Raises when nothing of it was committed."""
        ...

    async def again(self, connection: Connection, tenant_id: TenantId, item: Any) -> Any:  # noqa: ANN401 -- each work knows its own items
        """Find out about, or safely repeat, an item of a call whose connection was lost."""
        ...


def state_of(error: BaseException) -> str:
    """Give the SQLSTATE that the server answered; nothing when it was not the server."""
    return str(getattr(error, "sqlstate", None) or "")


def is_lost(error: BaseException) -> bool:
    """Whether a call may or may not have been committed: the connection broke, or its time was over."""
    if isinstance(error, PostgresError):
        state = state_of(error)
        return state[:2] in {"08", "57"} or state == "53300"
    return isinstance(error, OSError | TimeoutError | InterfaceError | InternalClientError | SQLAlchemyError)


class _NothingSentError(Exception):
    """There was no connection to be had: nothing of this reached the database. `told` is what callers hear."""

    def __init__(self, told: MediatorError) -> None:
        super().__init__(str(told))
        self.told = told


class _Group:
    """What waits for one tenant on one route."""

    __slots__ = ("busy", "tenant_id", "waiting", "work")

    def __init__(self, work: Work, tenant_id: TenantId) -> None:
        self.work = work
        self.tenant_id = tenant_id
        self.waiting: deque[Waiting] = deque()
        self.busy = False


class Lanes:
    """The connections over which one process commits, and what waits for them."""

    def __init__(self, engine: AsyncEngine, *, lanes: int = LANES, queue_max: int = QUEUE_MAX) -> None:
        """Use connections that are made as this engine's are, but are not of its pool."""
        self._engine = engine
        self._lanes = lanes
        self._queue_max = queue_max
        self._groups: dict[GroupKey, _Group] = {}
        self._ready: deque[GroupKey] = deque()
        self._connections: list[Connection] = []
        self._running = 0
        self._count = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: asyncio.TimerHandle | None = None

    def give(self, work: Work, tenant_id: TenantId, item: Any, *, route: Hashable = None) -> asyncio.Future[Any]:  # noqa: ANN401 -- each work knows its own items
        """Have an item committed; the future gives its result or raises. Raises BACKPRESSURE when too many wait."""
        if self._count >= self._queue_max:
            raise MediatorError(BACKPRESSURE, "Too many commits are waiting.", retry_after_seconds=1)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        key = (id(work), tenant_id, route)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(work, tenant_id)
        group.waiting.append((item, future, tracing.current()))
        self._count += 1
        if not group.busy:
            group.busy = True
            self._ready.append(key)
            loop.call_soon(self._start)
        return future

    async def do(self, work: Work, tenant_id: TenantId, item: Any, *, route: Hashable = None) -> Any:  # noqa: ANN401 -- each work knows its own items
        """Have an item committed and give its result: at once where nobody is busy, else as `give` does."""
        key = (id(work), tenant_id, route)
        if key in self._groups or self._running >= self._lanes or self._ready:
            return await self.give(work, tenant_id, item, route=route)
        group = self._groups[key] = _Group(work, tenant_id)
        group.busy = True
        self._running += 1
        try:
            [result] = await self._watched(work, tenant_id, [item], (tracing.current(),))
        finally:
            self._ended(key, group)
        if isinstance(result, BaseException):
            raise result
        return result

    async def rest(self) -> None:
        """End the connections that nobody uses now."""
        await self._end_idle()

    async def close(self) -> None:
        """End what is under way, and the connections."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._end_idle()

    def _start(self) -> None:
        """Give free lanes to those whose turn it is."""
        while self._ready and self._running < self._lanes:
            key = self._ready.popleft()
            self._running += 1
            task = asyncio.create_task(self._run(key, self._groups[key]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, key: GroupKey, group: _Group) -> None:
        """Commit one batch after the other until nothing waits here, or others wait for their turn."""
        try:
            while group.waiting:
                batch = [group.waiting.popleft() for _ in range(min(len(group.waiting), group.work.items_max))]
                self._count -= len(batch)
                await self._commit(group, batch)
                if self._ready:
                    break
        finally:
            self._ended(key, group)

    def _ended(self, key: GroupKey, group: _Group) -> None:
        """Free a lane, and begin what waits."""
        self._running -= 1
        if group.waiting:
            self._ready.append(key)
        else:
            del self._groups[key]
        if self._ready:
            self._start()
        if self._running == 0 and self._idle is None:
            self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._sweep)

    async def _commit(self, group: _Group, batch: list[Waiting]) -> None:
        """Commit a batch and tell everybody who waits for it."""
        items, followers = [item for item, _, _ in batch], [span for _, _, span in batch]
        try:
            results = await self._watched(group.work, group.tenant_id, items, followers)
        except asyncio.CancelledError:
            _tell(batch, [_unavailable("The service is stopping.")] * len(batch))
            raise
        _tell(batch, results)

    async def _watched(
        self, work: Work, tenant_id: TenantId, items: list[Any], followers: Iterable[tracing.Span | None]
    ) -> list[Any]:
        """Commit together, counted, and followed where any of those who gave the items is."""
        name, began = type(work).__name__, perf_counter()
        with tracing.batch(name, followers, len(items)):
            results = await self._results(work, tenant_id, items)
        metrics.journal_batch(name, results, perf_counter() - began, waiting=self._count)
        return results

    async def _results(self, work: Work, tenant_id: TenantId, items: list[Any]) -> list[Any]:
        """Commit together; one by one when the database refuses the whole; each again when the connection was lost."""
        try:
            results: list[Any] = await self._with_connection(
                lambda connection: work.together(connection, tenant_id, items)
            )
            return results  # noqa: TRY300 -- an else would stand far from what it follows
        except Exception as error:  # noqa: BLE001 -- told to each item's caller
            if isinstance(error, _NothingSentError):
                return [error.told] * len(items)
            if is_lost(error):
                return [await self._result_again(work, tenant_id, item) for item in items]
            if len(items) == 1:
                return [error]
            return [(await self._results(work, tenant_id, [item]))[0] for item in items]

    async def _result_again(self, work: Work, tenant_id: TenantId, item: Any) -> Any:  # noqa: ANN401 -- each work knows its own items
        try:
            return await self._with_connection(lambda connection: work.again(connection, tenant_id, item))
        except Exception as error:  # noqa: BLE001 -- told to the item's caller
            if is_lost(error) or isinstance(error, _NothingSentError):
                return _unavailable("The database cannot be reached.")
            return error

    async def _with_connection(self, use: Any) -> Any:  # noqa: ANN401 -- whatever the use gives
        """Use a connection of ours; it is given up when it broke."""
        connection = await self._connect()
        try:
            result = await use(connection)
        except BaseException as error:
            # What was cancelled in the middle may still be running there.
            if is_lost(error) or isinstance(error, asyncio.CancelledError):
                connection.terminate()
            else:
                self._connections.append(connection)
            raise
        self._connections.append(connection)
        return result

    async def _connect(self) -> Connection:
        while self._connections:
            connection = self._connections.pop()
            if not connection.is_closed():
                return connection
        try:
            pooled = await self._engine.raw_connection()
        except PoolTimeoutError as error:
            raise _NothingSentError(_busy()) from error
        except Exception as error:  # whatever the driver and its adapter raise
            raise _NothingSentError(_unavailable("The database cannot be reached.")) from error
        connection = pooled.driver_connection
        pooled.detach()
        return connection

    def _sweep(self) -> None:
        """End the connections when nothing was committed for a while."""
        self._idle = None
        if self._running == 0:
            task = asyncio.create_task(self._end_idle())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _end_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        connections, self._connections = self._connections, []
        for connection in connections:
            await connection.close(timeout=1.0)


def _tell(batch: list[Waiting], results: list[Any]) -> None:
    """Give each who still waits its result."""
    for (_, future, _), result in zip(batch, results, strict=True):
        if future.done():
            continue
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)


def _busy() -> MediatorError:
    return MediatorError(BACKPRESSURE, "All database connections are busy.", retry_after_seconds=1)


def _unavailable(detail: str) -> MediatorError:
    return MediatorError(SERVICE_UNAVAILABLE, f"{detail} Repeat with the same key.", retry_after_seconds=2)


_LANES: dict[AsyncEngine, Lanes] = {}


def lanes_of(engine: AsyncEngine) -> Lanes:
    """Give the lanes of an engine: one set for all who commit over it."""
    found = _LANES.get(engine)
    if found is None:
        found = _LANES[engine] = Lanes(engine)
    return found


async def dispose(engine: AsyncEngine) -> None:
    """End an engine with its lanes."""
    lanes = _LANES.pop(engine, None)
    if lanes is not None:
        await lanes.close()
    await engine.dispose()
