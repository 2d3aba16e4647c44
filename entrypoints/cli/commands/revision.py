"""`mediator revision`."""

import re
from argparse import Namespace
from pathlib import Path
from typing import Annotated

from alembic import command
from alembic.config import Config
from cyclopts import Parameter

from adapters.postgres.migrating import alembic_config
from entrypoints.cli import output
from entrypoints.cli.supervision.services import ROOT
from entrypoints.cli.trouble import USAGE, Trouble

MIGRATIONS = ROOT / "migrations"
_DIGITS = 4


def revision(
    message: Annotated[str, Parameter(help='What the migration does, as a sentence: "Keep the payer\'s name".')],
) -> None:
    """Start a new migration; the argument says what it does.

    Makes a numbered file, and the two SQL files that it runs.
    """
    for path in make_revision(MIGRATIONS, message):
        output.say(str(path))


def make_revision(migrations: Path, message: str) -> tuple[Path, ...]:
    """Make the files of the next migration. Raises Trouble when the message says nothing."""
    sentence = message.strip().rstrip(".")
    if not re.search(r"\w", sentence):
        raise Trouble("Say what the migration does.", exit_code=USAGE)
    sentence = f"{sentence[0].upper()}{sentence[1:]}."
    number = _next_number(migrations)
    command.revision(_config(migrations), message=sentence, rev_id=number)
    [script] = (migrations / "versions").glob(f"{number}_*.py")
    up, down = migrations / "sql" / f"{number}.sql", migrations / "sql" / f"{number}_down.sql"
    up.write_text(f"-- {sentence}\n", encoding="utf-8")
    down.write_text(f"-- Takes back: {sentence}\n", encoding="utf-8")
    return script, up, down


def _next_number(migrations: Path) -> str:
    taken = [path.name[:_DIGITS] for path in (migrations / "versions").glob("[0-9]*_*.py")]
    return str(max((int(number) for number in taken), default=0) + 1).rjust(_DIGITS, "0")


def _config(migrations: Path) -> Config:
    config = alembic_config()
    config.set_main_option("script_location", str(migrations))
    config.cmd_opts = Namespace(quiet=True)
    return config
