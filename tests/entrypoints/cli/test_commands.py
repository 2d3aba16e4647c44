"""The commands that need no running house."""

import shutil
from pathlib import Path

import pytest

from entrypoints.cli.commands.revision import make_revision
from entrypoints.cli.supervision.services import ROOT
from entrypoints.cli.trouble import Trouble
from entrypoints.settings import Settings
from tests.entrypoints.cli.conftest import SECRET_KEY, Run


@pytest.mark.parametrize(
    "command",
    [["prove"], ["migrate"], ["jobs", "list"], ["tenants", "open", "A"], ["shell-db"], ["api"], ["worker"], ["relay"]],
)
def test_command_says_so_when_there_is_no_database(command: list[str], mediator: Run, tmp_path: Path) -> None:
    said = mediator(*command, "--folder", str(tmp_path))

    assert (said.code, said.out) == (78, "")
    assert said.err.startswith(
        f"mediator: There is no database: DATABASE_URL is not set, and no `mediator up` runs on {tmp_path}."
    )
    assert said.err.count("\n") == 1


def test_settings_are_printed_with_meaning_and_default(mediator: Run) -> None:
    said = mediator("settings")

    assert said.code == 0
    assert [name for name in Settings.__struct_fields__ if f"\n{name.upper()}=" not in said.out] == []


def test_environment_is_checked(mediator: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert mediator("settings", "--check").err.startswith(
        "mediator: SECRET_KEY is missing, and DEBUG is not true.\n  Meaning:"
    )
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    assert mediator("settings", "--check").err.startswith("mediator: DATABASE_URL is missing.")
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example/mediator")
    assert mediator("settings", "--check").err.startswith("mediator: REDIS_URL is missing.")
    monkeypatch.setenv("REDIS_URL", "redis://redis.example")

    said = mediator("settings", "--check")

    assert (said.code, said.out, said.err) == (0, "The settings are complete.\n", "")


def test_wrong_port_in_the_settings_is_named(mediator: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("API_PORT", "eighty")

    said = mediator("up", "--folder", str(tmp_path))

    assert (said.code, said.err) == (78, "mediator: API_PORT=eighty is no port.\n")


def test_simulator_wants_the_secrets_that_the_api_has(mediator: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_API_KEY", "sk_sandbox_x")

    said = mediator("simulator")

    assert (said.code, said.err) == (78, "mediator: SANDBOX_CALLBACK_SECRETS must be set, as for the API.\n")


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """A copy of the migrations."""
    return Path(shutil.copytree(ROOT / "migrations", tmp_path / "migrations"))


def test_revision_is_numbered_and_runs_two_scripts(migrations: Path) -> None:
    before = sorted(migrations.glob("versions/0*.py"))

    script, up, down = make_revision(migrations, "keep the payer's name")
    following, *_ = make_revision(migrations, "Forget it again.")

    number = f"{len(before) + 1:04}"
    text = script.read_text()
    assert script.name == f"{number}_keep_the_payer_s_name.py"
    assert text.startswith('"""Keep the payer\'s name."""\n')
    assert f"revision = {number!r}" in text
    assert (up.name, up.read_text()) == (f"{number}.sql", "-- Keep the payer's name.\n")
    assert (down.name, down.read_text()) == (f"{number}_down.sql", "-- Takes back: Keep the payer's name.\n")
    assert f'run_script("{up.name}")' in text
    assert f'run_script("{down.name}")' in text
    assert f"down_revision = {number!r}" in following.read_text()


def test_revision_has_to_say_something(migrations: Path) -> None:
    with pytest.raises(Trouble, match="Say what the migration does"):
        make_revision(migrations, " . ")
