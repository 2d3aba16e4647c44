"""In every history, one order after the other or many at once, PostgreSQL says what the reference ledger says.

`MEDIATOR_TEST_HISTORIES` names how many histories to try (other ones each time), for a long look.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any, TypeVar

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.postgres.engine import PoolSize, make_engine
from adapters.postgres.identity import PostgresTenants
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.lanes import dispose
from application.ports.journal import Journal
from domain.ids import ProviderAccountId, TenantId
from tests.fakes.identity import a_tenant
from tests.fakes.ledger_machine import LedgerMachine
from tests.fakes.ledger_windows import LedgerWindows, PostgresLedgerWindows

T = TypeVar("T")

HISTORIES = int(os.environ.get("MEDIATOR_TEST_HISTORIES", "0"))
PROCESSES = 3
STEP_SECONDS = 30.0


class PostgresArena:
    """A database, looked at by its owner, with journals as several processes have them."""

    def __init__(
        self,
        engine: AsyncEngine,
        journals: Sequence[Journal],
        owner: asyncpg.Connection,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Work on this loop, from another thread."""
        self.journals = journals
        self._engine = engine
        self._owner = owner
        self._loop = loop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(STEP_SECONDS)

    def tenant(self) -> tuple[TenantId, LedgerWindows]:
        """Open a fresh tenant, and windows into its ledger."""
        opened = a_tenant(uuid7(), ((ProviderAccountId(uuid7()), "sandbox"),), at=datetime.now(UTC))
        self.run(PostgresTenants(self._engine).open(opened))
        return opened.tenant_id, PostgresLedgerWindows("", opened.tenant_id, self._owner)


@pytest.fixture
async def engines(application_url: str) -> AsyncIterator[list[AsyncEngine]]:
    """The engines of several processes."""
    async with AsyncExitStack() as stack:
        made = [make_engine(application_url, pool=PoolSize(4, 4), application="histories") for _ in range(PROCESSES)]
        for engine in made:
            stack.push_async_callback(dispose, engine)
        yield made


@pytest.mark.parametrize("careful", [False, True], ids=["postgres", "careful"])
async def test_every_history_is_that_of_the_reference_ledger(
    engines: list[AsyncEngine], owner_url: str, *, careful: bool
) -> None:
    owner = await asyncpg.connect(owner_url)
    journals = [PostgresJournal(engine, careful=careful) for engine in engines]

    class Machine(LedgerMachine):
        arena = PostgresArena(engines[0], journals, owner, asyncio.get_running_loop())

    chosen = settings(
        max_examples=HISTORIES or 12,
        stateful_step_count=60 if HISTORIES else 40,
        derandomize=not HISTORIES,
        deadline=None,
        phases=tuple(Phase) if HISTORIES else (Phase.generate,),  # Minutes of shrinking are for long looks.
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    try:
        await asyncio.to_thread(run_state_machine_as_test, Machine, settings=chosen)
    finally:
        await owner.close()
