"""What signals do to a long command."""

import signal
import subprocess
import sys

import pytest

from entrypoints.cli.supervision.services import ROOT

STORY = """
import asyncio, sys
from entrypoints.cli.supervision.signals import run_until_told
from entrypoints.cli.trouble import Interrupted

async def story():
    print("begun", flush=True)
    try:
        await asyncio.sleep(600)
    finally:
        print("cleaning", flush=True)
        await asyncio.sleep(float(sys.argv[1]))
        print("clean", flush=True)

try:
    run_until_told(story(), kill_all=lambda: print("killed", flush=True))
except Interrupted as interruption:
    sys.exit(interruption.exit_code)
"""


def begun(seconds: float) -> subprocess.Popen[str]:
    """Start a story that takes so long to clean up."""
    process = subprocess.Popen([sys.executable, "-c", STORY, str(seconds)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_first_signal_ends_the_story_in_order(number: signal.Signals) -> None:
    process = begun(0.0)

    process.send_signal(number)
    said, _ = process.communicate(timeout=10)

    assert (said, process.returncode) == ("cleaning\nclean\n", 128 + number)


def test_second_signal_ends_it_at_once() -> None:
    process = begun(600.0)
    assert process.stdout is not None

    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "cleaning\n"
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=10)

    assert (said, process.returncode) == ("killed\n", 130)
