"""localstripe, a foreign imitation of Stripe under the GPL, as a process of its own: never imported, never copied."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LAUNCHER = Path(__file__).with_name("loopback.py")
STOP_SECONDS = 10


@contextmanager
def localstripe() -> Iterator[str]:
    """Start one with nothing in it on a free port of the loopback address; give its base URL, and end it."""
    command = [sys.executable, "-P", str(LAUNCHER), "localstripe", "--port", "0", "--from-scratch"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            port = process.stdout.readline().strip()
            assert port.isdigit(), "localstripe did not start"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.stdout.read()
            process.wait(timeout=STOP_SECONDS)
