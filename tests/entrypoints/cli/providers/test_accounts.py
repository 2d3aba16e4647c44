"""`mediator providers accounts` on a database: what is said of credentials is never printed."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.entrypoints.cli.conftest import Run, Said
from tests.fakes.stores import Database

SECRETS = {"api_key": "sk_of_the_command_line", "callback_secrets": ["whsec_of_the_command_line"]}


class Accounts:
    """The accounts of one tenant, as the command line sees them."""

    def __init__(self, run: Run, folder: Path) -> None:
        self._run = run
        self.config = self._file(folder / "config.json", {"base_url": "http://127.0.0.1:1"})
        self.slower = self._file(folder / "slower.json", {"base_url": "http://127.0.0.1:1", "deadline_seconds": 9})
        self.credentials = self._file(folder / "credentials.json", SECRETS)

    def run(self, *arguments: str) -> Said:
        """Run a command of this group; none may print a credential."""
        said = self._run("providers", "accounts", *arguments)
        assert "of_the_command_line" not in said.out + said.err
        return said

    def told(self, *arguments: str) -> Any:
        """Run a command that goes well with --json, and read what it prints."""
        said = self.run(*arguments, "--json")
        assert said.code == 0, said
        return msgspec.json.decode(said.out)

    def connect(self, *more: str) -> Any:
        """Connect to the sandbox."""
        given = ("--config", self.config, "--credentials", self.credentials)
        return self.told("connect", "sandbox", "--name", "Cards", *given, *more)

    def _file(self, path: Path, fields: object) -> str:
        path.write_text(json.dumps(fields))
        return str(path)


@pytest.fixture
def accounts(on_a_database: Database, mediator: Run, tmp_path: Path) -> Accounts:
    """A tenant that has no account yet."""
    mediator("tenants", "open", "A shop", "--json")
    return Accounts(mediator, tmp_path)


def test_an_account_is_connected_once_under_its_key_and_listed(accounts: Accounts) -> None:
    account = accounts.connect("--key", "k1")

    assert accounts.connect("--key", "k1") == account
    assert accounts.told("list") == [account]
    assert (account["state"], account["in_force"]["version"]) == ("enabled", 1)
    assert "Cards" in accounts.run("list").out


def test_credentials_can_come_from_standard_input(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = io.TextIOWrapper(io.BytesIO(json.dumps(SECRETS).encode()))
    monkeypatch.setattr(sys, "stdin", typed)

    account = accounts.told("connect", "sandbox", "--name", "Cards", "--config", accounts.config, "--credentials", "-")

    assert account["provider"] == "sandbox"


def test_versions_are_made_compared_and_gone_back_to(accounts: Accounts) -> None:
    account = accounts.connect()["id"]

    changed = accounts.told("change", account, "--config", accounts.slower, "--note", "slower", "--yes")
    rotated = accounts.told("change", account, "--credentials", accounts.credentials, "--after", "2", "--yes")
    back = accounts.told("rollback", account, "1", "--yes")

    assert [one["version"] for one in (changed, rotated, back)] == [2, 3, 4]
    assert [one["credentials_version"] for one in (changed, rotated, back)] == [1, 3, 3]
    assert [one["rolled_back_from"] for one in accounts.told("versions", account)] == [1, None, None, None]
    diff = accounts.told("diff", account, "1", "3")
    assert [(one["pointer"], one["before"], one["after"]) for one in diff["changes"]] == [("/deadline_seconds", 2, 9)]
    assert diff["credentials_changed"] is True
    assert "***" in accounts.run("diff", account, "1", "3").out


def test_a_change_after_somebody_elses_is_refused(accounts: Accounts) -> None:
    account = accounts.connect()["id"]
    accounts.told("change", account, "--config", accounts.slower, "--yes")

    said = accounts.run("change", account, "--config", accounts.config, "--after", "1", "--yes")

    assert (said.code, said.err.startswith("mediator: STATE_CONFLICT")) == (1, True)


def test_an_account_is_disabled_enabled_and_verified(accounts: Accounts) -> None:
    account = accounts.connect()["id"]

    assert accounts.told("disable", account)["state"] == "disabled"
    assert accounts.told("enable", account)["state"] == "enabled"
    said = accounts.run("verify", account)
    assert (said.code, said.out) == (1, f"{account}, version 1: unknown\n")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["change", "pac_" + "0" * 32, "--yes"], "Say --config, --credentials, or both."),
        (["change", "pac_" + "0" * 32, "--config", "-", "--credentials", "-"], "Only one of"),
        (["verify", "nonsense"], "is no provider account"),
        (["connect", "sandbox", "--name", "A", "--config", "/nowhere"], "cannot be read"),
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str], complaint: str, accounts: Accounts) -> None:
    said = accounts.run(*arguments)

    assert (said.code, said.out) == (2, "")
    assert complaint in said.err


def test_every_fault_of_a_configuration_is_named(accounts: Accounts) -> None:
    said = accounts.run("connect", "sandbox", "--name", "A", "--credentials", accounts.config)

    assert said.code == 1
    assert "/config/base_url: is missing" in said.err
    assert "/credentials/base_url: is not known" in said.err
