"""`mediator up` killed in the middle of its work: the next one recovers, and nothing that was committed is lost."""

import asyncio
import signal
from uuid import uuid4

import aiohttp

from entrypoints.cli.scenario.playing import shops_of
from entrypoints.cli.scenario.shop import Shop
from tests.journeys.households import Start, addresses_of, are_gone, run_command

BEFORE_THE_KILL = 30
AT_ONCE = 4


async def test_kill_loses_no_acknowledged_payment(start_up: Start) -> None:
    first = start_up("--port", "0", "--no-demo")
    await asyncio.to_thread(first.wait_ready)
    mine = first.descendants()
    acknowledged: dict[str, bytes] = {}
    async with shops_of(addresses_of(first, first.api_key)) as shops:
        payers = [asyncio.create_task(_pay_on_and_on(shops["EUR"], acknowledged)) for _ in range(AT_ONCE)]
        while len(acknowledged) < BEFORE_THE_KILL:
            await asyncio.sleep(0.01)
        first.process.send_signal(signal.SIGKILL)
        await asyncio.gather(*payers)
    first.ended()

    second = start_up("--port", "0", "--no-demo")
    await asyncio.to_thread(second.wait_ready)

    assert are_gone(mine, within_seconds=0.0)  # The next start has ended whatever the kill left.
    async with shops_of(addresses_of(second, first.api_key)) as shops:
        for key, body in acknowledged.items():
            again = await shops["EUR"].pay("tok_success", key=key)
            assert (again.status, again.body, again.headers["idempotency-replayed"]) == (201, body, "true")
    proof = await asyncio.to_thread(run_command, "prove", "--folder", str(second.folder.path))
    assert (proof.returncode, "The books hold" in proof.stdout) == (0, True), proof.stdout


async def _pay_on_and_on(shop: Shop, acknowledged: dict[str, bytes]) -> None:
    """Pay until nobody answers any more."""
    while True:
        key = str(uuid4())
        try:
            answer = await shop.pay("tok_success", key=key)
        except (aiohttp.ClientError, OSError):
            return
        if answer.status == 201:
            acknowledged[key] = answer.body
