"""The gateway's own task stops when it is told to, whatever happens at that moment."""

import asyncio
import contextlib
from pathlib import Path

from entrypoints.simulator.callbacks import Courier
from entrypoints.simulator.clockwork import Clockwork
from entrypoints.simulator.gateway import Delays, Gateway
from entrypoints.simulator.store import Store
from entrypoints.simulator.views import Views


async def test_clockwork_that_is_woken_and_stopped_at_once_stops(tmp_path: Path) -> None:
    delays = Delays()
    with contextlib.closing(Store(tmp_path / "books.sqlite")) as store:
        clockwork = Clockwork(Gateway(store, Views("http://gateway"), delays), Courier(store, "secret", delays))
        await clockwork.start()
        await asyncio.sleep(0.01)

        clockwork.wake()
        stopping = asyncio.create_task(clockwork.stop())
        done, _ = await asyncio.wait({stopping}, timeout=2)

        assert done == {stopping}
