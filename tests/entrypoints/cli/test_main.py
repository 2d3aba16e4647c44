"""The command line as a whole: quick to help, and plain about trouble."""

import importlib
import subprocess
import sys
from pathlib import Path

import cyclopts
import pytest

from domain.errors import SERVICE_UNAVAILABLE, MediatorError
from entrypoints.cli import main as command_line
from entrypoints.cli.main import main
from entrypoints.cli.trouble import Interrupted, Trouble
from entrypoints.settings import SettingsError
from tests.entrypoints.cli.conftest import Run

ROOT = Path(__file__).parents[3]
COMMANDS = {name: text for section in command_line._SECTIONS.values() for name, text in section.items()}
SLOW = {"sqlalchemy", "alembic", "asyncpg", "litestar", "dishka", "dramatiq", "redis", "aiohttp", "markdown_it"}


def test_help_imports_nothing_that_is_slow() -> None:
    check = (
        "import sys\n"
        "from entrypoints.cli.main import main\n"
        "main(['--help'])\n"
        "sys.stderr.write(' '.join({name.partition('.')[0] for name in sys.modules}))\n"
    )

    answer = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, cwd=ROOT)

    assert set(answer.stderr.split()) & SLOW == set()
    assert "entrypoints" in answer.stderr.split()


def test_help_names_every_command(mediator: Run) -> None:
    said = mediator("--help")

    assert said.code == 0
    assert [name for name in COMMANDS if f"│ {name} " not in said.out] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_command_says_in_its_own_help_what_the_list_says_of_it(name: str) -> None:
    module = name.replace("-", "_")
    command = getattr(importlib.import_module(f"entrypoints.cli.commands.{module}"), module)

    own = command.help if isinstance(command, cyclopts.App) else command.__doc__

    assert own.splitlines()[0] == COMMANDS[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, mediator: Run) -> None:
    said = mediator(name, "--help")

    assert (said.code, said.err) == (0, "")
    assert COMMANDS[name].split()[0] in said.out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nonsense"], 'Unknown command "nonsense"'),
        (["version", "--nonsense"], "Unknown option: --nonsense."),
        (["up", "--port", "65536"], 'Invalid value "65536" for --port.'),
        (["tenants", "open"], "requires an argument"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(arguments: list[str], complaint: str, mediator: Run) -> None:
    said = mediator(*arguments)

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("mediator: ")
    assert complaint in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("trouble", "code", "complaint"),
    [
        (Trouble("The port is taken."), 1, "mediator: The port is taken.\n"),
        (Trouble("No such thing.", exit_code=2), 2, "mediator: No such thing.\n"),
        (SettingsError("SECRET_KEY is missing."), 78, "mediator: SECRET_KEY is missing.\n"),
        (MediatorError(SERVICE_UNAVAILABLE, "The database is away."), 1, "mediator: SERVICE_UNAVAILABLE: The database"),
        (Interrupted(15), 143, ""),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_expected_trouble_becomes_words_and_a_code(
    trouble: BaseException,
    code: int,
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_arguments: list[str]) -> None:
        raise trouble

    monkeypatch.setattr(command_line, "make_app", lambda _asked: fail)

    assert main(["up"]) == code
    assert capsys.readouterr().err.startswith(complaint)


def test_reader_who_goes_away_is_no_trouble() -> None:
    answer = subprocess.run(
        ["/bin/sh", "-c", '"$0" -m entrypoints.cli settings | head -n 1', sys.executable],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )

    assert (answer.stdout.count("\n"), answer.stderr) == (1, "")
