"""Where a process may die: before and after each call of the journal, and around each exchange with a provider."""

import random
from collections.abc import Sequence
from typing import NoReturn

from application.ports.journal import Answer, AnyUnit, IdempotencyKey, Journal, Keep, Resume, Verdict
from domain.errors import SERVICE_UNAVAILABLE, MediatorError
from domain.ids import TenantId
from domain.posting import Outcome, Placed


class Died(BaseException):
    """The process died here; nothing below catches this."""


class Steps:
    """Counts steps; at one that chance chose the process dies, or the database goes away for a moment."""

    def __init__(self, chance: random.Random) -> None:
        """Choose the first step to die at."""
        self._chance = chance
        self.calm = False
        self.deaths = 0
        self.left = self._next()

    def _next(self) -> int:
        """Choose after how many steps it is time; often never."""
        return self._chance.randint(1, 16) if self._chance.random() < 0.6 else 10**9

    def take(self, *, database: bool = False) -> None:
        """Take a step. Raises Died, or of the database SERVICE_UNAVAILABLE, when it is time."""
        if self.calm:
            return
        self.left -= 1
        if self.left == 0:
            self.deaths += 1
            self.left = self._next()
            self._end(database=database)

    def _end(self, *, database: bool) -> NoReturn:
        if database and self._chance.random() < 0.5:
            raise MediatorError(SERVICE_UNAVAILABLE, "The database went away.")
        raise Died


class MortalJournal(Journal):
    """A journal before and after each of whose calls the process may die."""

    def __init__(self, journal: Journal, steps: Steps) -> None:
        """Write through this journal."""
        self._journal = journal
        self._steps = steps

    async def commit(self, unit: AnyUnit) -> Verdict:
        """Commit."""
        self._steps.take(database=True)
        verdict = await self._journal.commit(unit)
        self._steps.take(database=True)
        return verdict

    async def recall(self, tenant_id: TenantId, key: IdempotencyKey, *, lease_seconds: float) -> Resume | Answer | None:
        """Recall."""
        self._steps.take(database=True)
        known = await self._journal.recall(tenant_id, key, lease_seconds=lease_seconds)
        self._steps.take(database=True)
        return known

    async def let_go(self, tenant_id: TenantId, key: IdempotencyKey) -> None:
        """Let go."""
        self._steps.take(database=True)
        await self._journal.let_go(tenant_id, key)
        self._steps.take(database=True)

    async def keep_answer(self, tenant_id: TenantId, keep: Keep) -> Answer:
        """Keep an answer."""
        self._steps.take(database=True)
        answer = await self._journal.keep_answer(tenant_id, keep)
        self._steps.take(database=True)
        return answer

    async def post(
        self, tenant_id: TenantId, placed: Placed, *, idempotency: IdempotencyKey | None = None, dry_run: bool = False
    ) -> Outcome:
        """Post."""
        return await self._journal.post(tenant_id, placed, idempotency=idempotency, dry_run=dry_run)

    async def post_batch(
        self, tenant_id: TenantId, batch: Sequence[tuple[Placed, IdempotencyKey | None]], *, atomic: bool
    ) -> tuple[Outcome | MediatorError, ...]:
        """Post a batch."""
        return await self._journal.post_batch(tenant_id, batch, atomic=atomic)
