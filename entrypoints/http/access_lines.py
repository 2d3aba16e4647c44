"""Access lines of the short way: the same lines as the edge writes, made and written many at a time."""

import asyncio
from datetime import UTC, datetime
from typing import Final

from adapters.telemetry.logging import write_safe_lines
from adapters.telemetry.redaction import Plain
from application.identity.authenticate import Caller
from domain.ids import Prefix, public_id

LINES_MAX: Final = 512
WAIT_SECONDS: Final = 0.25
"""So many lines, or so long after the first one, they are written. A process that is killed loses no more than that."""


class AccessLines:
    """Keeps what is to be written of each request until it is written with others."""

    def __init__(self, *, is_on: bool) -> None:
        """Write lines only if they are wanted (log level `info` or lower)."""
        self._is_on = is_on
        self._kept: list[tuple[datetime, str, Caller | None, str, int, float]] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, request_id: str, caller: Caller | None, route: str, status: int, seconds: float) -> None:
        """Keep what one request was answered."""
        if not self._is_on:
            return
        self._kept.append((datetime.now(UTC), request_id, caller, route, status, seconds))
        if len(self._kept) >= LINES_MAX:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WAIT_SECONDS, self.flush)

    def flush(self) -> None:
        """Write what was kept."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        kept, self._kept = self._kept, []
        write_safe_lines("request.answered", [_told(*one) for one in kept])


def _told(  # noqa: PLR0917 -- what was kept of one request
    at: datetime, request_id: str, caller: Caller | None, route: str, status: int, seconds: float
) -> tuple[datetime, str, str, str | None, dict[str, Plain]]:
    method, _, template = route.partition(" ")
    details: dict[str, Plain] = {
        "method": method,
        "route": template,
        "status": status,
        "duration_ms": round(seconds * 1_000, 3),
        "tenant_id": None if caller is None else public_id(Prefix.TENANT, caller.tenant_id),
    }
    level = "warning" if status >= 500 else "info"  # noqa: PLR2004 -- where HTTP's own failures begin
    user_id = None if caller is None else public_id(Prefix.PRINCIPAL, caller.principal_id)
    return at, level, request_id, user_id, details
