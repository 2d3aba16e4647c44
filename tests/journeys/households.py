"""`mediator up`, and other commands, as processes of their own, as a person starts them."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from entrypoints.cli.scenario.shop import Addresses
from entrypoints.cli.supervision.folder import data_folder
from entrypoints.cli.supervision.run_file import Run, find_run

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0
# What the tests' own environment may say about stores is not for the processes that they start.
SETTINGS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "BROKER_URL", "SECRET_KEY", "API_PORT", "MEDIATOR_HOME")


class Mediator:
    """One `mediator` command under way; what it prints goes to files."""

    def __init__(self, place: Path, *arguments: str, environment: Mapping[str, str] = {}) -> None:
        place.mkdir(exist_ok=True)
        number = len(list(place.glob("*.out")))
        self.out, self.err = place / f"{number}.out", place / f"{number}.err"
        own = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "entrypoints.cli", *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=own | {"TMPDIR": str(place), **environment},
            )

    @property
    def said(self) -> str:
        """What it printed so far."""
        return self.out.read_text()

    @property
    def complained(self) -> str:
        """What it printed on standard error so far."""
        return self.err.read_text()

    def wait_for(self, words: str) -> None:
        """Wait until it has printed these words, on either of both."""
        deadline = time.monotonic() + START_SECONDS
        while words not in self.said + self.complained:
            assert self.process.poll() is None, f"it ended: {self.said}{self.complained}"
            assert time.monotonic() < deadline, f"nothing of {words!r} in {self.said}{self.complained}"
            time.sleep(0.02)

    def ended(self) -> int:
        """Wait for its end, and give its exit code."""
        return self.process.wait(timeout=START_SECONDS)

    def signalled(self, number: signal.Signals) -> int:
        """Send a signal, wait for its end, and give its exit code."""
        self.process.send_signal(number)
        return self.ended()

    def descendants(self) -> set[int]:
        """Give the ids of all processes that it has started, and that those have."""
        children: dict[int, list[int]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = stat.read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue  # It ended just now.
            children.setdefault(int(parent), []).append(int(stat.parent.name))
        found: set[int] = set()
        waiting = [self.process.pid]
        while waiting:
            mine = children.get(waiting.pop(), [])
            found.update(mine)
            waiting.extend(mine)
        return found


class Up(Mediator):
    """A `mediator up` on a data folder."""

    def __init__(self, folder: Path, *arguments: str, environment: Mapping[str, str] = {}) -> None:
        self.folder = data_folder(folder / "data")
        options = ("--folder", str(self.folder.path), *arguments)
        super().__init__(folder, "up", *options, environment=environment)

    def wait_ready(self) -> Run:
        """Wait until it stays, and give what it tells other commands."""
        self.wait_for("A payment:")
        run = find_run(self.folder)
        assert run is not None
        return run

    @property
    def api_key(self) -> str:
        """The key that it printed."""
        key: str
        [key] = set(re.findall(r"fmk_live_[0-9A-Za-z]{38}", self.said))
        return key


def addresses_of(up: Up, api_key: str) -> Addresses:
    """Say where a tenant finds everything in a running `mediator up`."""
    run = up.wait_ready()
    return Addresses(
        api_url=run.api_url,
        api_key=api_key,
        simulator_url=run.simulator_url,
        simulator_key=run.environment["SANDBOX_API_KEY"],
        simulator_secret=run.environment["SANDBOX_CALLBACK_SECRETS"],
    )


def are_gone(pids: set[int], *, within_seconds: float) -> bool:
    """Tell whether all of these processes are gone, or soon are."""
    deadline = time.monotonic() + within_seconds
    while any(_is_alive(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def end_all(started: Sequence[Mediator]) -> None:
    """End what still runs, and all that it has started."""
    for one in started:
        if one.process.poll() is None:
            one.signalled(signal.SIGTERM)


def run_command(*arguments: str, environment: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    own = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return subprocess.run(
        [sys.executable, "-m", "entrypoints.cli", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=own | dict(environment),
    )


Start = Callable[..., Up]
