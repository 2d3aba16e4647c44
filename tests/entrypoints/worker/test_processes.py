"""The background as it really runs: relay and worker as processes, killed and stopped in every way."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import aiohttp
import msgspec
from dramatiq.brokers.redis import RedisBroker

from adapters.queue.client import NAMESPACE
from entrypoints.settings import Settings
from tests.entrypoints.worker.conftest import API_KEY
from tests.entrypoints.worker.scenery import ROOT, Processes, Scenery, environment_of, eventually


async def both_ready(scenery: Scenery) -> bool:
    return bool(await scenery.alive("relay") and await scenery.alive("worker"))


async def order_fault(simulator_url: str, kind: str, on: str) -> None:
    headers = {"Authorization": f"Bearer {API_KEY}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{simulator_url}/control/faults", json={"kind": kind, "on": on}) as answer,
    ):
        assert answer.status == 200


async def stopped(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> float:
    """Signal a process; give after how many seconds it ended."""
    began = time.monotonic()
    process.send_signal(number)
    await asyncio.to_thread(process.wait, 10)
    return time.monotonic() - began


async def test_callback_is_applied_by_relay_and_worker_which_then_stop_in_order(
    scenery: Scenery, settings: Settings, processes: Processes
) -> None:
    relay, worker = processes.relay(settings), processes.worker(settings)
    stories = [await scenery.doubtful_payment() for _ in range(5)]
    await eventually(lambda: both_ready(scenery))
    seconds = []

    for story in stories:
        began = time.monotonic()
        await scenery.receive_callback(story.operation().key)
        await eventually(partial(scenery.is_settled, story))
        seconds.append(time.monotonic() - began)

    assert min(seconds) < 0.5
    assert await stopped(relay) < 1
    assert await stopped(worker) < 4
    assert (relay.returncode, worker.returncode) == (0, 0)
    assert await scenery.alive("relay") == await scenery.alive("worker") == ()
    lines = [json.loads(line) for line in processes.logs().splitlines()]
    assert {line["component"] for line in lines} == {"relay", "worker"}
    # A busy machine may keep Redis from answering a guard in its twentieth of a second: told of, and no harm.
    assert {line["level"] for line in lines if line["message"] != "provider_guard.degraded"} == {"info"}


async def test_job_in_the_hands_of_a_killed_worker_is_done_by_the_next(
    scenery: Scenery, settings: Settings, processes: Processes, simulator_url: str
) -> None:
    relay, worker = processes.relay(settings), processes.worker(settings)
    story = await scenery.doubtful_payment()
    await eventually(lambda: both_ready(scenery))
    await order_fault(simulator_url, "hang", "look_up")
    await scenery.receive_callback(story.operation().key)
    await eventually(lambda: taken(scenery))

    processes.kill(worker)
    processes.worker(settings)

    # Sooner than its lease ends, and by the reaction itself: the payment alone could be settled by the resolver, too.
    await eventually(scenery.all_applied, within_seconds=15)
    assert await scenery.is_settled(story)
    assert relay.poll() is None


async def taken(scenery: Scenery) -> bool:
    """Whether a worker has taken a reaction and not acknowledged it."""
    broker = await scenery.container.get(RedisBroker)
    return bool(await asyncio.to_thread(broker.client.keys, f"{NAMESPACE}:__acks__*reactions"))


async def test_workers_children_end_when_their_main_process_is_killed(
    scenery: Scenery, settings: Settings, processes: Processes
) -> None:
    main = processes.worker(settings)
    await eventually(lambda: scenery.alive("worker"))
    child = int((await scenery.alive("worker"))[0].rpartition(":")[2])

    os.kill(main.pid, signal.SIGKILL)
    main.wait()

    assert child != main.pid
    await eventually(lambda: is_gone(child), within_seconds=6)


async def is_gone(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def test_start_without_settings_says_what_is_missing(settings: Settings) -> None:
    without = environment_of(msgspec.structs.replace(settings, redis_url="", database_url=""))

    for module in ("entrypoints.worker", "entrypoints.worker.relay"):
        command = [sys.executable, "-m", module]
        run = subprocess.run(command, cwd=ROOT, env=without, capture_output=True, text=True, timeout=20, check=False)
        assert run.returncode == 2
        assert "REDIS_URL is missing" in run.stderr
