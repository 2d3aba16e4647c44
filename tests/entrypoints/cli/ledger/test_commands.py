"""`mediator ledger` and `mediator fx` as a whole: quick to help, plain without a database, one word everywhere."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cyclopts
import pytest

from entrypoints.cli.commands import fx, ledger
from tests.entrypoints.cli.conftest import Run

ROOT = Path(__file__).parents[4]
COMMANDS = {
    (group, name): (f"entrypoints.cli.{group}.{place}", text)
    for group, commands in (("ledger", ledger.COMMANDS), ("fx", fx.COMMANDS))
    for name, (place, text) in commands.items()
}


def own_help(place: str) -> str:
    """Give the first line of what a command says of itself."""
    module, _, name = place.partition(":")
    command = getattr(importlib.import_module(module), name)
    help_ = command.help if isinstance(command, cyclopts.App) else command.__doc__
    assert isinstance(help_, str)
    return help_.splitlines()[0]


def leaves() -> Iterator[tuple[str, ...]]:
    """Give every command that does something."""
    for (group, name), (place, _) in COMMANDS.items():
        module, _, attribute = place.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if isinstance(command, cyclopts.App):
            yield from ((group, name, one) for one in command if not one.startswith("-"))
        else:
            yield group, name


@pytest.mark.parametrize("group", ["ledger", "fx"])
def test_help_names_every_command_and_imports_none(group: str) -> None:
    check = (
        "import sys\n"
        "from entrypoints.cli.main import main\n"
        f"main([{group!r}, '--help'])\n"
        "sys.stderr.write(' '.join(sys.modules))\n"
    )

    answer = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, cwd=ROOT)

    assert [name for one, name in COMMANDS if one == group and f"│ {name} " not in answer.stdout] == []
    loaded = set(answer.stderr.split())
    assert {"sqlalchemy", "asyncpg", "dishka"} & loaded == set()
    assert [name for name in loaded if name.startswith(f"entrypoints.cli.{group}.")] == []


@pytest.mark.parametrize(("group", "name"), list(COMMANDS))
def test_list_says_the_beginning_of_what_the_command_says(group: str, name: str, mediator: Run) -> None:
    place, text = COMMANDS[group, name]

    said = mediator(group, name, "--help")

    assert (said.code, said.err) == (0, "")
    assert own_help(place).split()[:3] == text.split()[:3]


@pytest.mark.parametrize("command", list(leaves()), ids=" ".join)
def test_every_command_has_help_of_its_own(command: tuple[str, ...], mediator: Run) -> None:
    said = mediator(*command, "--help")

    assert (said.code, said.err) == (0, "")
    assert f"Usage: mediator {' '.join(command)}" in said.out
    assert len(said.out.splitlines()) > 6


def test_command_says_so_when_there_is_no_database(mediator: Run, tmp_path: Path) -> None:
    said = mediator("ledger", "accounts", "list", "--folder", str(tmp_path))

    assert (said.code, said.out, said.err.count("\n")) == (78, "", 1)
    assert said.err.startswith("mediator: There is no database: ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["ledger", "nonsense"], 'Unknown command "nonsense"'),
        (["ledger", "accounts", "nonsense"], 'Unknown command "nonsense"'),
        (["fx", "quote"], "requires an argument"),
        (["fx", "rates", "load", "imf", "a.csv"], "imf"),
        (["ledger", "accounts", "open", "a", "--currency", "EUR", "--normal", "left"], "left"),
        (["ledger", "entries", "--limit", "0"], "is no number of rows"),
        (["ledger", "entries", "--from", "yesterday"], "is no moment"),
        (["ledger", "entries", "--from", "0001-01-01T00:00:00+14:00"], "is no moment"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(arguments: list[str], complaint: str, mediator: Run) -> None:
    said = mediator(*arguments)

    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert complaint in said.err
