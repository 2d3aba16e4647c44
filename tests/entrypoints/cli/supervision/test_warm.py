"""The program that imports before its settings are known."""

import subprocess
import sys
from pathlib import Path

from entrypoints.cli.supervision.services import ROOT, house_programs, process_environment

WARM = [sys.executable, "-m", "entrypoints.cli.supervision.warm"]
MODULE = """
import os, sys
print("begun", __name__, sys.argv, os.environ.get("ANSWER"))
"""


def warmed(settings: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Warm a module up and tell it these settings."""
    (tmp_path / "imported.py").write_text("print('imported')\n")
    (tmp_path / "begun.py").write_text(MODULE)
    environment = process_environment({}, environ={"PYTHONPATH": str(tmp_path)})
    return subprocess.run(
        [*WARM, "begun", "imported"], input=settings, env=environment, capture_output=True, text=True, check=True
    )


def test_module_runs_with_its_settings_after_the_imports(tmp_path: Path) -> None:
    answer = warmed('{"ANSWER":"42"}\n', tmp_path)

    lines = answer.stdout.splitlines()
    assert lines[0] == "imported"
    assert lines[1].startswith("begun __main__ [")
    assert lines[1].endswith(" 42")


def test_nothing_runs_when_nobody_tells_any_settings(tmp_path: Path) -> None:
    answer = warmed("", tmp_path)

    assert (answer.stdout, answer.stderr) == ("imported\n", "")


def test_owners_address_is_passed_on_only_to_those_who_migrate() -> None:
    environ = {"DATABASE_OWNER_URL": "postgresql://owner@db/mediator", "PYTHONPATH": "elsewhere"}

    assert "DATABASE_OWNER_URL" not in process_environment({}, environ=environ)
    assert process_environment({"DATABASE_OWNER_URL": "x"}, environ=environ)["DATABASE_OWNER_URL"] == "x"
    assert process_environment({}, environ=environ)["PYTHONPATH"] == f"{ROOT}:elsewhere"
    assert {program.name for program in house_programs(environ)} == {"api", "worker", "relay"}
    assert all("DATABASE_OWNER_URL" not in program.environment for program in house_programs(environ))
