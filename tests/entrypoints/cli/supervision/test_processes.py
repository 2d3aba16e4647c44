"""The processes of a house: watched, and ended in order."""

import re
import time

import pytest

from entrypoints.cli.supervision.child import Child
from entrypoints.cli.supervision.folder import DataFolder
from entrypoints.cli.supervision.processes import Processes
from entrypoints.cli.trouble import Trouble
from tests.entrypoints.cli.supervision.conftest import Write
from tests.entrypoints.cli.supervision.test_child import until

# Says when it was asked to end, in seconds since the epoch, and takes its time.
POLITE = """
import signal, time
def end(*_):
    print("asked", time.time(), flush=True)
    time.sleep(0.1)
    print("ended", time.time(), flush=True)
    raise SystemExit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(600)
"""
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""
NAMES = ("simulator", "worker", "relay", "api")


async def ready(child: Child) -> None:
    """Wait until it says so."""
    await until(lambda: "ready" in child.said)


async def test_api_ends_first_and_the_simulator_last(folder: DataFolder, program: Write) -> None:
    processes = Processes(folder)
    children = {name: await processes.start(program(POLITE, name=name)) for name in NAMES}
    for child in children.values():
        await ready(child)

    await processes.stop()

    told = {name: dict(re.findall(r"(asked|ended) (\S+)", child.said)) for name, child in children.items()}
    asked = {name: float(words["asked"]) for name, words in told.items()}
    ended = {name: float(words["ended"]) for name, words in told.items()}
    assert ended["api"] < min(asked["relay"], asked["worker"])
    assert max(ended["relay"], ended["worker"]) < asked["simulator"]
    assert {child.ending for child in children.values()} == {"ended with exit code 0"}


async def test_deaf_processes_are_gone_in_less_than_five_seconds(folder: DataFolder, program: Write) -> None:
    processes = Processes(folder)
    children = [await processes.start(program(DEAF, name=name)) for name in NAMES]
    for child in children:
        await ready(child)

    began = time.monotonic()
    await processes.stop()

    assert time.monotonic() - began < 4.7  # The stores need the rest.
    assert {child.ending for child in children} == {"was killed by SIGKILL"}


async def test_process_that_ended_by_itself_is_named(folder: DataFolder, program: Write) -> None:
    processes = Processes(folder)
    try:
        await processes.start(program(POLITE, name="api"))
        worker = await processes.start(program("print('a reason')", "raise SystemExit(7)", name="worker"))
        await worker.gone(seconds=10)

        with pytest.raises(Trouble, match=r"(?s)The worker ended with exit code 7 by itself\..*\| a reason"):
            processes.require_running()
    finally:
        processes.kill()
        await processes.stop()
