"""The command line inside the test's own process."""

from collections.abc import Callable

import msgspec
import pytest

from entrypoints.cli.main import main
from tests.fakes.stores import Database

SECRET_KEY = "a-secret-of-more-than-32-characters"
SETTINGS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "BROKER_URL", "SANDBOX_URL", "API_PORT", "MEDIATOR_HOME")


class Said(msgspec.Struct, frozen=True):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def mediator(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `mediator` with these arguments, in an environment that names no stores."""
    for name in (*SETTINGS, "SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Said:
        code = main(arguments)
        printed = capsys.readouterr()
        return Said(code, printed.out, printed.err)

    return run


@pytest.fixture
def on_a_database(mediator: Run, fresh_database: Database, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database for this test alone, which the commands find by their settings."""
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("DATABASE_URL", fresh_database.application_url)
    monkeypatch.setenv("DATABASE_OWNER_URL", fresh_database.owner_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    return fresh_database
