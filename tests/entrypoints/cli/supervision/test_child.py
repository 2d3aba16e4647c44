"""A process of ours: it logs, it is told, it ends with all that it forked, and it is not started twice."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from entrypoints.cli.supervision.child import Child, Program, start_child
from entrypoints.cli.supervision.folder import DataFolder
from entrypoints.cli.supervision.services import ROOT
from entrypoints.cli.trouble import Trouble
from tests.entrypoints.cli.supervision.conftest import Write

FOREVER = "import time; time.sleep(600)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
SAY_READY = "print('ready', flush=True)"
FORK = "import os; pid = os.fork()"

SUPERVISOR = """
import asyncio, sys, time
from pathlib import Path
from entrypoints.cli.supervision.child import Program, start_child
from entrypoints.cli.supervision.folder import data_folder
command = (sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)")
folder = data_folder(Path(sys.argv[1]))
with folder.locked():
    child = asyncio.run(start_child(folder, Program(name="api", command=command, environment={})))
    while "ready" not in child.said:
        time.sleep(0.01)
    print(child.pid, flush=True)
    time.sleep(600)
"""

Start = Callable[[Program], Awaitable[Child]]


@pytest.fixture
async def start(folder: DataFolder) -> AsyncIterator[Start]:
    """Start programs; nothing of them is left after the test."""
    started: list[Child] = []

    async def begin(program: Program) -> Child:
        started.append(await start_child(folder, program))
        return started[-1]

    yield begin
    for child in started:
        child.kill()
        await child.bury()


async def until(happened: Callable[[], bool]) -> None:
    """Wait until it happened; fails after 10 s."""
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Tell whether a process lives."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_program_runs_with_its_own_environment_and_logs_for_its_owner_alone(
    start: Start, program: Write, folder: DataFolder
) -> None:
    child = await start(
        program("import os; print(sorted(os.environ)); print(os.getcwd(), os.getpid() == os.getsid(0))")
    )

    assert await child.gone(seconds=10)
    assert child.ending == "ended with exit code 0"
    assert "GREETING" in child.said
    assert "HOME" not in child.said
    assert child.said.splitlines()[1] == "/ True"
    assert (folder.logs / "api.log").stat().st_mode & 0o777 == 0o600


async def test_trouble_quotes_the_end_of_the_log_of_this_run_alone(start: Start, program: Write) -> None:
    earlier = await start(program("print('an earlier run')"))
    await earlier.gone(seconds=10)
    await earlier.bury()
    child = await start(program("for number in range(100): print('line', number)", "raise SystemExit(3)", name="api"))
    await child.gone(seconds=10)

    trouble = str(child.trouble(child.ending))

    assert trouble.startswith(f"The api ended with exit code 3. The end of {child.log}:\n  | line 88\n")
    assert trouble.endswith("  | line 99")
    assert "an earlier run" not in child.said


async def test_silent_program_is_said_to_be_silent(start: Start, program: Write) -> None:
    child = await start(program("raise SystemExit(1)"))
    await child.gone(seconds=10)

    assert str(child.trouble("ended")).endswith("  | (nothing was logged)")


async def test_program_that_waits_goes_on_when_it_is_told(start: Start, program: Write) -> None:
    child = await start(program("import sys; print('told', sys.stdin.readline())", waits=True))

    child.tell({"DATABASE_URL": "postgresql://x"})

    assert await child.gone(seconds=10)
    assert child.said == 'told {"DATABASE_URL":"postgresql://x"}\n\n'


async def test_telling_a_program_that_has_ended_is_trouble(start: Start, program: Write) -> None:
    child = await start(program("print('no')", waits=True))
    await child.gone(seconds=10)

    with pytest.raises(Trouble, match="The api ended before it was told its settings"):
        child.tell({"A": "1"})


async def test_burying_leaves_nothing_of_a_deaf_program_and_its_fork(start: Start, program: Write) -> None:
    child = await start(program(DEAF, FORK, "print(os.getpid(), flush=True)", FOREVER))
    await until(lambda: child.said.count("\n") == 2)
    pids = [int(line) for line in child.said.splitlines()]

    child.ask_to_end()
    assert not await child.gone(seconds=0.2)
    await child.bury()

    assert len(set(pids)) == 2
    await until(lambda: not any(is_alive(pid) for pid in pids))


async def test_burying_a_program_that_has_ended_leaves_nothing_of_its_fork(start: Start, program: Write) -> None:
    child = await start(program(DEAF, FORK, "if pid: raise SystemExit(0)", "print(os.getpid(), flush=True)", FOREVER))
    await until(lambda: child.said.count("\n") == 1 and not child.is_running)
    fork = int(child.said)
    assert is_alive(fork)

    await child.bury()

    await until(lambda: not is_alive(fork))


async def test_program_that_was_begun_just_now_is_killed_at_once(start: Start, program: Write) -> None:
    child = await start(program(FOREVER))

    child.kill()

    assert await child.gone(seconds=1)


async def test_what_an_earlier_run_left_is_ended_before_the_next_starts(
    start: Start, program: Write, folder: DataFolder
) -> None:
    first = await start(program(DEAF, SAY_READY, FOREVER))
    await until(lambda: "ready" in first.said)
    first._lock.release()  # As it is when the supervisor was killed: only the program itself still holds it.

    second = await start_child(folder, program(SAY_READY, FOREVER))

    assert first.ending == "was killed by SIGKILL"
    assert second.is_running
    second.kill()
    await second.bury()


@pytest.mark.skipif(sys.platform != "linux", reason="NOT CHECKED: only Linux tells children that their parent died")
async def test_program_is_asked_to_end_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    process = subprocess.Popen(  # noqa: ASYNC220 -- it is only begun here
        [sys.executable, "-c", SUPERVISOR, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    pid = int(await asyncio.to_thread(process.stdout.readline))
    assert is_alive(pid)

    process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(process.communicate)

    await until(lambda: not is_alive(pid))


async def test_log_that_has_grown_too_large_is_set_aside(start: Start, program: Write, folder: DataFolder) -> None:
    log = folder.logs / "api.log"
    with log.open("wb") as file:
        file.truncate(17 * 1024 * 1024)

    child = await start(program("print('new')"))
    await child.gone(seconds=10)

    assert log.read_text() == "new\n"
    assert (folder.logs / "api.log.1").stat().st_size == 17 * 1024 * 1024


def test_nothing_of_a_programs_environment_is_shown() -> None:
    program = Program(name="api", command=("x",), environment={"SECRET_KEY": "never shown"})

    assert "never" not in repr(program)
    assert os.fspath(ROOT) not in repr(program)
