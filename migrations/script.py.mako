"""${message}"""

from migrations.statements import run_script

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Apply `migrations/sql/${up_revision}.sql`."""
    run_script("${up_revision}.sql")


def downgrade() -> None:
    """Take it back with `migrations/sql/${up_revision}_down.sql`."""
    run_script("${up_revision}_down.sql")
