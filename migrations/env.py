"""Run the migrations on the connection that `mediator migrate` (or a test) hands over."""

from alembic import context
from sqlalchemy import Connection, text

ADVISORY_LOCK = 7_262_001
"""Keeps two migrators of one database apart (transaction-scoped, so that no pooler leaks it)."""


def run(connection: Connection) -> None:
    """Apply what is asked for, each revision in a transaction of its own, under one advisory lock."""
    context.configure(connection=connection, transaction_per_migration=True, version_table_schema="public")
    with context.begin_transaction():
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is None:
    message = "run `mediator migrate`: it opens the connection that migrations need"
    raise RuntimeError(message)
run(given)
