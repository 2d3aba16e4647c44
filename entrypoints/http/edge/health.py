"""Says whether the process is alive, and whether it can work."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, Literal

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from adapters.telemetry.logging import get_logger
from domain.errors import SERVICE_UNAVAILABLE, FieldError, MediatorError, MoneyState

Check = Callable[[], Awaitable[Any]]
"""Returns when its dependency answers; raises anything when it does not. What it returns is ignored."""


@dataclass(frozen=True, slots=True)
class ReadinessChecks:
    """What this process cannot work without, by name, and how long an answer may take and stay true."""

    checks: Mapping[str, Check]
    timeout_seconds: float = 1.0
    cached_seconds: float = 1.0


class Alive(msgspec.Struct, frozen=True):
    """The process runs and answers."""

    status: Literal["alive"] = "alive"


class Ready(msgspec.Struct, frozen=True):
    """Everything that the process needs has just answered."""

    checks: dict[str, Literal["ok"]]
    status: Literal["ready"] = "ready"


class Readiness:
    """Asks all dependencies at once, at most once in `cached_seconds` however many ask."""

    def __init__(self, asked: ReadinessChecks, *, clock: Callable[[], float] = monotonic) -> None:
        """Take the checks; `clock` gives seconds that only grow."""
        self._asked = asked
        self._clock = clock
        self._asking = asyncio.Lock()
        self._faults: Mapping[str, str] = {}
        self._valid_until = float("-inf")

    async def faults(self) -> Mapping[str, str]:
        """Give what is wrong, by name of the check; empty when ready."""
        async with self._asking:
            if self._clock() >= self._valid_until:
                self._faults = await self._ask()
                self._valid_until = self._clock() + self._asked.cached_seconds
            return self._faults

    async def _ask(self) -> Mapping[str, str]:
        names = list(self._asked.checks)
        outcomes = await asyncio.gather(*(self._ask_one(name) for name in names))
        return {name: fault for name, fault in zip(names, outcomes, strict=True) if fault is not None}

    async def _ask_one(self, name: str) -> str | None:
        try:
            async with asyncio.timeout(self._asked.timeout_seconds):
                await self._asked.checks[name]()
        except Exception as fault:  # noqa: BLE001 -- whatever a driver raises, it means that the dependency is away
            get_logger().warning("readiness.refused", check=name, exc_info=fault)
            late = isinstance(fault, TimeoutError)
            return f"no answer within {self._asked.timeout_seconds:g} s" if late else "failed"
        return None


def health_routes(asked: ReadinessChecks) -> tuple[HTTPRouteHandler, ...]:
    """Make the routes `/health/live` and `/health/ready` over these checks."""
    readiness = Readiness(asked)

    @get(
        "/health/live",
        operation_id="get_liveness",
        summary="Is the process alive?",
        tags=["Health"],
        public=True,
        limit="none",
    )
    async def get_liveness() -> Alive:
        """Answer without asking anything else: for whoever restarts a process that does not answer."""
        return Alive()

    @get(
        "/health/ready",
        operation_id="get_readiness",
        summary="Can the process work?",
        tags=["Health"],
        public=True,
        limit="none",
        errors=(SERVICE_UNAVAILABLE.code,),
    )
    async def get_readiness() -> Ready:
        """Answer after asking every dependency: for whoever decides where requests go."""
        faults = await readiness.faults()
        if faults:
            raise _not_ready(faults)
        return Ready(checks=dict.fromkeys(asked.checks, "ok"))

    return (get_liveness, get_readiness)


RETRY_AFTER_SECONDS: Final = 1


def _not_ready(faults: Mapping[str, str]) -> MediatorError:
    return MediatorError(
        SERVICE_UNAVAILABLE,
        f"Not ready: {', '.join(faults)}.",
        errors=tuple(FieldError(f"checks/{name}", fault) for name, fault in faults.items()),
        retry_after_seconds=RETRY_AFTER_SECONDS,
        money_state=MoneyState.NONE,
    )
