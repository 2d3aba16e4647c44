"""`./dev` is the one way in: it runs from anywhere, lists its recipes, is quick when warm, and says what is missing."""

import json
import os
import shutil
import subprocess
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RECIPES = {
    *("up", "demo", "test", "check", "fix", "types", "bench", "migrate", "revision"),
    *("api", "worker", "shell-db", "lock", "clean"),
    *("prove", "ledger", "fx", "jobs", "tenants"),
}
TOOLS_OF_ANY_SYSTEM = ("sh", "dirname", "cat", "readlink", "cksum")


def run(command: list[str], directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a directory and keep what it says."""
    return subprocess.run(
        command, cwd=directory, env=os.environ | environment, text=True, capture_output=True, check=False, timeout=60
    )


@cache
def recipes() -> dict[str, dict[str, Any]]:
    """Give the public recipes of the justfile, as just itself reads them."""
    dump = run([str(ROOT / "dev"), "--dump", "--dump-format", "json"], ROOT)
    every: dict[str, dict[str, Any]] = json.loads(dump.stdout)["recipes"]
    return {name: recipe for name, recipe in every.items() if not recipe["private"]}


def lonely_checkout(tmp_path: Path, python3: str | None) -> tuple[Path, str]:
    """Make a checkout without .venv, and a PATH with a few system tools and that `python3` script or none."""
    checkout, path = tmp_path / "checkout", tmp_path / "path"
    checkout.mkdir()
    path.mkdir()
    for name in ("dev", "justfile", "requirements.lock"):
        shutil.copy(ROOT / name, checkout / name)
    for tool in TOOLS_OF_ANY_SYSTEM:
        (path / tool).symlink_to(shutil.which(tool) or f"no {tool} here")
    if python3 is not None:
        (path / "python3").write_text(f"#!/bin/sh\n{python3}\n")
        (path / "python3").chmod(0o755)
    return checkout, str(path)


def test_dev_alone_lists_every_recipe_from_any_directory(tmp_path: Path) -> None:
    listing = run([str(ROOT / "dev")], tmp_path)

    assert listing.returncode == 0
    assert {line.split()[0] for line in listing.stdout.splitlines()[1:]} == set(recipes())


def test_the_recipes_that_people_are_told_of_exist() -> None:
    assert set(recipes()) >= RECIPES


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_recipe_has_a_description_of_one_line(name: str) -> None:
    description = recipes()[name]["doc"]

    assert description
    assert "\n" not in description


@pytest.mark.parametrize("recipe", ["up", "demo", "api", "worker"])
def test_a_recipe_told_to_stop_stops_what_it_started(tmp_path: Path, recipe: str) -> None:
    shutil.copy(ROOT / "justfile", tmp_path)
    mediator = tmp_path / ".venv/bin/mediator"
    mediator.parent.mkdir(parents=True)
    mediator.write_text("#!/bin/sh\ntrap 'exit 7' TERM\necho started\nfor _ in $(seq 500); do sleep 0.02; done\n")
    mediator.chmod(0o755)

    command = [str(ROOT / ".venv/bin/just"), "--justfile", str(tmp_path / "justfile"), recipe]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as just:
        assert just.stdout is not None
        assert just.stdout.readline() == "started\n"
        just.terminate()
        exit_code = just.wait(timeout=10)

    assert exit_code == 7


def test_unknown_recipe_is_an_error() -> None:
    assert run([str(ROOT / "dev"), "no-such-recipe"], ROOT).returncode != 0


def test_dev_costs_less_than_half_a_second_when_nothing_changed() -> None:
    run([str(ROOT / "dev"), "--summary"], ROOT)
    seconds = []

    for _ in range(3):
        start = time.perf_counter()
        run([str(ROOT / "dev"), "--summary"], ROOT)
        seconds.append(time.perf_counter() - start)

    assert min(seconds) < 0.5


@pytest.mark.parametrize(
    ("python3", "message"),
    [
        (None, "needs python3, version 3.11 or newer; found: none"),
        ('[ "$1" = --version ] && echo Python 3.9.2 && exit; exit 1', "3.11 or newer; found: Python 3.9.2"),
        ('case "$2" in *ensurepip*) exit 1 ;; esac', "apt install python3-venv"),
    ],
    ids=["no python", "an old python", "a python without venv"],
)
def test_dev_says_what_the_machine_lacks(tmp_path: Path, python3: str | None, message: str) -> None:
    checkout, path = lonely_checkout(tmp_path, python3)

    refusal = run([f"{path}/sh", str(checkout / "dev")], tmp_path, PATH=path)

    assert refusal.returncode == os.EX_UNAVAILABLE
    assert message in refusal.stderr
    assert not (checkout / ".venv").exists()


def test_continuous_integration_runs_check_and_nothing_else() -> None:
    lines = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()

    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]

    assert commands == ["exec ./dev check </dev/null"]
    assert os.access(ROOT / ".ci/run", os.X_OK)
