"""Forget idempotency keys whose answers nobody may expect any more."""

from dataclasses import dataclass

from application.ports.outbox import Outbox

KEPT_SECONDS = 7 * 86_400.0
"""How long the answer of a key is given again: a week, far beyond any client's retries."""

BATCH = 5_000


@dataclass(frozen=True, slots=True)
class ForgetKeysHandler:
    """The policy: a key is kept for a week, and longer while a request holds it; forgotten in batches."""

    outbox: Outbox

    async def __call__(self) -> int:
        """Forget one batch; give how many were forgotten. Raises SERVICE_UNAVAILABLE."""
        return await self.outbox.forget_keys(age_seconds=KEPT_SECONDS, limit=BATCH)
