"""Group commit: what goes together, in whose turn, and what becomes of the rest when something breaks."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.postgres.lanes import Connection, Lanes, Work
from domain.errors import BACKPRESSURE, SERVICE_UNAVAILABLE, MediatorError
from domain.ids import TenantId


class Recorded(Work):
    """Remembers which items went together; waits for `go` before each call; fails as it is told."""

    def __init__(self, items_max: int = 256) -> None:
        self.items_max = items_max
        self.calls: list[tuple[TenantId, list[str]]] = []
        self.asked_again: list[str] = []
        self.entered = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()
        self.faults: dict[str, Exception] = {}
        self.is_reachable = True

    async def together(self, connection: Connection, tenant_id: TenantId, items: Sequence[str]) -> list[Any]:
        self.entered.set()
        await self.go.wait()
        self.calls.append((tenant_id, list(items)))
        for item in items:
            if item in self.faults:
                raise self.faults[item]
        assert await connection.fetchval("select 1") == 1
        return [f"done {item}" for item in items]

    async def again(self, _: Connection, __: TenantId, item: str) -> str:
        self.asked_again.append(item)
        if not self.is_reachable:
            raise ConnectionResetError
        return f"found {item}"

    @property
    def batches(self) -> list[list[str]]:
        return [items for _, items in self.calls]


@pytest.fixture
def work() -> Recorded:
    return Recorded()


@pytest.fixture
async def lanes(engine: AsyncEngine) -> AsyncIterator[Lanes]:
    made = Lanes(engine, lanes=1, queue_max=20)
    yield made
    await made.close()


def a_tenant_id() -> TenantId:
    return TenantId(uuid7())


async def test_what_arrives_while_the_lane_is_busy_goes_together(lanes: Lanes, work: Recorded) -> None:
    tenant_id = a_tenant_id()
    work.go.clear()
    first = lanes.give(work, tenant_id, "first")
    await work.entered.wait()
    rest = [lanes.give(work, tenant_id, str(number)) for number in range(5)]
    work.go.set()

    assert await first == "done first"
    assert await asyncio.gather(*rest) == [f"done {number}" for number in range(5)]
    assert work.batches == [["first"], ["0", "1", "2", "3", "4"]]


async def test_a_batch_is_never_longer_than_its_work_allows(lanes: Lanes) -> None:
    work, tenant_id = Recorded(items_max=2), a_tenant_id()

    await asyncio.gather(*(lanes.give(work, tenant_id, str(number)) for number in range(5)))

    assert work.batches == [["0", "1"], ["2", "3"], ["4"]]


async def test_tenants_take_turns_however_much_one_of_them_sends(lanes: Lanes) -> None:
    work, loud, quiet = Recorded(items_max=2), a_tenant_id(), a_tenant_id()

    await asyncio.gather(
        *(lanes.give(work, loud, f"loud {number}") for number in range(8)), lanes.give(work, quiet, "quiet")
    )

    assert [tenant_id for tenant_id, _ in work.calls].index(quiet) == 1


async def test_no_more_wait_than_the_bound(lanes: Lanes, work: Recorded) -> None:
    tenant_id = a_tenant_id()
    waiting = [lanes.give(work, tenant_id, str(number)) for number in range(20)]

    with pytest.raises(MediatorError) as caught:
        lanes.give(work, tenant_id, "one too many")

    assert caught.value.entry is BACKPRESSURE
    assert caught.value.retry_after_seconds == 1
    assert len(await asyncio.gather(*waiting)) == 20
    assert await lanes.give(work, tenant_id, "later") == "done later"


async def test_who_spoils_a_batch_spoils_it_for_nobody_else(lanes: Lanes, work: Recorded) -> None:
    tenant_id = a_tenant_id()
    work.faults["bad"] = ValueError("bad")

    results = await asyncio.gather(
        *(lanes.give(work, tenant_id, item) for item in ("good", "bad", "better")), return_exceptions=True
    )

    assert [str(result) for result in results] == ["done good", "bad", "done better"]
    assert work.batches == [["good", "bad", "better"], ["good"], ["bad"], ["better"]]


async def test_when_the_connection_is_lost_each_item_is_asked_about(lanes: Lanes, work: Recorded) -> None:
    tenant_id = a_tenant_id()
    work.faults["broken"] = ConnectionResetError()

    results = await asyncio.gather(*(lanes.give(work, tenant_id, item) for item in ("one", "broken")))

    assert results == ["found one", "found broken"]
    assert work.asked_again == ["one", "broken"]


async def test_what_cannot_be_found_out_is_said_to_be_unknown(lanes: Lanes, work: Recorded) -> None:
    work.faults["broken"] = TimeoutError()
    work.is_reachable = False

    with pytest.raises(MediatorError) as caught:
        await lanes.give(work, a_tenant_id(), "broken")

    assert caught.value.entry is SERVICE_UNAVAILABLE


async def test_a_broken_connection_is_not_used_again(lanes: Lanes, work: Recorded) -> None:
    tenant_id = a_tenant_id()
    work.faults["broken"] = ConnectionResetError()
    await lanes.give(work, tenant_id, "broken")

    assert await lanes.give(work, tenant_id, "next") == "done next"


async def test_who_goes_away_takes_nobody_with_him(lanes: Lanes, work: Recorded) -> None:
    tenant_id = a_tenant_id()
    work.go.clear()
    gone, stays = lanes.give(work, tenant_id, "gone"), lanes.give(work, tenant_id, "stays")
    await work.entered.wait()
    gone.cancel()
    work.go.set()

    assert await stays == "done stays"
    assert work.batches == [["gone", "stays"]]


async def test_whoever_waits_when_it_ends_is_told_that_it_is_not_known(engine: AsyncEngine, work: Recorded) -> None:
    lanes = Lanes(engine, lanes=1)
    work.go.clear()
    waiting = lanes.give(work, a_tenant_id(), "cut off")
    await work.entered.wait()
    await lanes.close()

    with pytest.raises(MediatorError) as caught:
        await waiting

    assert caught.value.entry is SERVICE_UNAVAILABLE
