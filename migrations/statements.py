"""Run a script of SQL statements inside a migration, never waiting long for a lock."""

from pathlib import Path

from alembic import op
from sqlalchemy import text
from sqlalchemy.util import await_only

LOCK_TIMEOUT = "200ms"
"""A migration that has to wait longer gives way to the traffic and is tried again (reliability rule C10)."""


def run_script(name: str) -> None:
    """Execute the statements of `migrations/sql/<name>` on the migration's own connection and transaction."""
    script = (Path(__file__).parent / "sql" / name).read_text(encoding="utf-8")
    connection = op.get_bind()
    connection.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT}'"))
    # The driver's own execute takes a whole script; SQLAlchemy's prepares one statement at a time.
    driver = connection.connection.driver_connection
    if driver is None:
        message = "the migration's connection is closed"
        raise RuntimeError(message)
    await_only(driver.execute(script))
