"""`mediator up` from its start to its end: what it prints works, what it started ends, what it kept is there again."""

import contextlib
import os
import signal
import socket
import subprocess
import time

import pytest

from entrypoints.cli.supervision.run_file import find_run
from tests.journeys.households import Start, are_gone, run_command

STOPS_WITHIN_SECONDS = 30.0
"""Far above the two to three seconds that it takes: a hang is seen, a busy machine is not."""


def test_second_interrupt_kills_everything_at_once(start_up: Start) -> None:
    up = start_up("--port", "0", "--no-demo", "--no-fsync")
    up.wait_ready()
    mine = up.descendants()

    up.process.send_signal(signal.SIGINT)
    up.wait_for("Stopping")
    code = up.signalled(signal.SIGINT)

    assert code == 130
    assert are_gone(mine, within_seconds=3.0)


def test_interrupt_stops_everything_in_order_and_leaves_no_process(start_up: Start) -> None:
    up = start_up("--port", "0", "--no-demo", "--no-fsync")
    run = up.wait_ready()
    mine = up.descendants()

    began = time.monotonic()
    code = up.signalled(signal.SIGINT)
    took = time.monotonic() - began

    assert set(run.processes) == {"api", "worker", "relay", "simulator", "PostgreSQL", "Valkey"}
    assert set(run.processes.values()) <= mine
    assert (code, are_gone(mine, within_seconds=0.0)) == (0, True)
    assert took < STOPS_WITHIN_SECONDS
    assert find_run(up.folder) is None


def test_key_is_printed_once_and_serves_after_the_next_start(start_up: Start) -> None:
    first = start_up("--port", "0", "--no-demo", "--no-fsync")
    first.wait_ready()
    key = first.api_key
    mine = first.descendants()
    code = first.signalled(signal.SIGTERM)

    second = start_up("--port", "0", "--no-demo", "--no-fsync")
    second.wait_ready()
    [line] = [line for line in second.said.splitlines() if line.startswith("curl ")]
    answer = subprocess.run(
        ["/bin/sh", "-c", line], capture_output=True, text=True, check=True, env=os.environ | {"MEDIATOR_API_KEY": key}
    )

    assert (code, are_gone(mine, within_seconds=0.0)) == (0, True)
    assert "fmk_live_" not in second.said
    assert "mediator tenants open" in second.said
    assert '"state":"succeeded"' in answer.stdout


@pytest.mark.parametrize("moment", ["the stores are made", "the schema is made"])
def test_interrupt_during_the_start_leaves_nothing(start_up: Start, moment: str) -> None:
    up = start_up("--port", "0", "--no-demo", "--no-fsync")
    if moment == "the stores are made":
        while not (up.folder.stores / "postgres").exists():
            assert up.process.poll() is None, up.complained
            time.sleep(0.01)
    else:
        up.wait_for("Schema")
    mine = up.descendants()

    code = up.signalled(signal.SIGINT)

    assert (code, are_gone(mine, within_seconds=0.0)) == (130, True)
    assert "Traceback" not in up.complained


def test_taken_port_is_named_and_refused_when_it_was_asked_for(start_up: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        up = start_up("--port", str(port), "--no-demo", "--no-fsync")

        assert up.ended() == 1

    assert f"Port {port} on 127.0.0.1 is taken." in up.complained
    assert "Traceback" not in up.complained


def test_other_port_is_taken_when_the_usual_one_is_not_free(start_up: Start) -> None:
    with contextlib.ExitStack() as others, contextlib.suppress(OSError):  # Somebody else may have it: just as good.
        others.enter_context(socket.create_server(("127.0.0.1", 8000)))
        up = start_up("--no-demo", "--no-fsync")
        run = up.wait_ready()

    assert "Port 8000 on 127.0.0.1 is taken: the API listens on " in up.complained
    assert not run.api_url.endswith(":8000")


@pytest.mark.parametrize("name", ["api", "worker", "PostgreSQL"])
def test_process_that_ends_by_itself_is_named_and_ends_everything(start_up: Start, name: str) -> None:
    up = start_up("--port", "0", "--no-demo", "--no-fsync")
    run = up.wait_ready()
    mine = up.descendants()

    os.kill(run.processes[name], signal.SIGKILL)
    code = up.ended()

    assert (code, are_gone(mine, within_seconds=0.0)) == (1, True)
    assert f"{name} was killed by SIGKILL by itself" in up.complained
    assert "Traceback" not in up.complained


def test_accounts_of_the_scenario_find_the_simulator_at_the_next_start(start_up: Start) -> None:
    first = start_up("--port", "0", "--no-fsync")
    before = first.wait_ready()
    first.signalled(signal.SIGTERM)

    second = start_up("--port", "0", "--no-demo", "--no-fsync")
    run = second.wait_ready()
    answer = run_command("prove", "--folder", str(second.folder.path))

    assert "✗" not in first.said
    assert run.simulator_url != before.simulator_url
    assert (answer.returncode, answer.stdout.count("payments compared")) == (0, 4)
