"""stripe-stateful-mock, a foreign imitation of Stripe's older half that keeps keys and injects faults, run by Node."""

import fcntl
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
INSTALLED = HERE / "node_modules" / "stripe-stateful-mock" / "package.json"
INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund")
STOP_SECONDS = 10


def find_node() -> str | None:
    """Find Node with npm beside it; None where a machine has neither."""
    node = shutil.which("node")
    return node if node is not None and shutil.which("npm") is not None else None


@contextmanager
def stateful_mock(node: str) -> Iterator[str]:
    """Start one with nothing in it, installing it when nobody has; give its base URL, and end it."""
    _install()
    with subprocess.Popen(
        [node, "mock.js"],
        cwd=HERE,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            port = process.stdout.readline().strip()
            assert port.isdigit(), "stripe-stateful-mock did not start"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.stdout.read()
            process.wait(timeout=STOP_SECONDS)


def _install() -> None:
    """Do what `./dev peers` does, once however many workers ask."""
    with (HERE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not INSTALLED.exists():
            npm = shutil.which("npm")
            assert npm is not None
            subprocess.run([npm, *INSTALL], cwd=HERE, check=True, stdin=subprocess.DEVNULL)
