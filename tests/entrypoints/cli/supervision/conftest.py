"""A data folder, and small programs to run in it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from entrypoints.cli.supervision.child import Program
from entrypoints.cli.supervision.folder import DataFolder, data_folder

Write = Callable[..., Program]


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """A data folder that was made."""
    made = data_folder(tmp_path / "data")
    with made.locked():
        return made


@pytest.fixture
def program() -> Write:
    """Make a program of these lines of Python."""

    def make(*lines: str, name: str = "api", waits: bool = False) -> Program:
        command = (sys.executable, "-c", "\n".join(lines))
        return Program(name=name, command=command, environment={"GREETING": "hello"}, waits=waits)

    return make
