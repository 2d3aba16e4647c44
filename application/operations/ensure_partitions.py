"""Make room ahead of time in the tables that are kept by month."""

from dataclasses import dataclass

from application.ports.outbox import Outbox

MONTHS_AHEAD = 3


@dataclass(frozen=True, slots=True)
class EnsurePartitionsHandler:
    """The policy: daily and three months ahead, so that a quarter of failures must pass before a booking fails."""

    outbox: Outbox

    async def __call__(self) -> int:
        """Make what is missing; give how many parts were made. Raises SERVICE_UNAVAILABLE."""
        return await self.outbox.ensure_partitions(MONTHS_AHEAD)
