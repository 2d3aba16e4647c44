"""What a running `mediator up` printed works, and what it wrote is for its owner alone."""

import shutil
import stat
import subprocess

import pytest

from tests.journeys.households import Start, Up, run_command


def test_printed_line_makes_a_payment(house: Up) -> None:
    if shutil.which("curl") is None:
        pytest.skip("NOT CHECKED: there is no curl to paste the line to")
    [line] = [line for line in house.said.splitlines() if line.startswith("curl ")]

    answer = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True)

    assert '"state":"succeeded"' in answer.stdout


def test_secrets_are_for_their_owner_alone_and_in_no_log(house: Up) -> None:
    run = house.wait_ready()
    secrets = {value for name, value in run.environment.items() if "SECRET" in name or name.endswith("_KEY")}

    files = [path for path in house.folder.path.rglob("*") if path.is_file() and "postgres/data" not in str(path)]
    logs = [path.read_text() for path in house.folder.logs.iterdir()]

    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert len(logs) == 4
    assert not [secret for secret in secrets | {house.api_key} for log in logs if secret in log]


def test_second_up_on_the_folder_is_refused(house: Up, start_up: Start) -> None:
    second = start_up("--port", "0", folder=house.folder.path.parent)

    assert second.ended() == 1
    assert f"already runs on {house.folder.path} (process {house.process.pid})" in second.complained
    assert house.process.poll() is None


def test_commands_find_the_running_stores(house: Up) -> None:
    folder = ("--folder", str(house.folder.path))

    migrated = run_command("migrate", *folder)
    opened = run_command("tenants", "open", "Another shop", "--json", *folder)
    jobs = run_command("jobs", "list", *folder)
    asked = run_command("shell-db", *folder, "--owner", "-Atc", "select name from fm.tenants order by 1")

    assert (migrated.returncode, migrated.stdout) == (0, "The database is at revision 0001.\n")
    assert (opened.returncode, "fmk_live_" in opened.stdout) == (0, True)
    assert (jobs.returncode, jobs.stdout) == (0, "No job waits.\n")
    assert (asked.returncode, asked.stdout) == (0, "Another shop\nFirst tenant\n")
