"""Payments, the ledger, and everything that commits with them."""

from alembic import op
from sqlalchemy import text

from migrations.state import digest_of
from migrations.statements import run_script

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MONTHS_AHEAD = 3

TOPICS = (
    "fx",
    "proof",
    "payouts",
    "functions",
    "posting",
    "controls",
    "routing",
    "provider_accounts",
    "provider_health",
    "callbacks",
)
"""The scripts between the tables and the grants, in the order in which they need each other."""

ROLE = """
do $$
begin
  if not exists (select from pg_roles where rolname = 'mediator_app') then
    create role mediator_app nologin;
  end if;
exception when duplicate_object or unique_violation then
  null; -- roles belong to the cluster: another database's migration was faster
end $$
"""


def upgrade() -> None:
    """Make the schema, its functions, its first parts, and the rights of the application's role."""
    op.get_bind().execute(text(ROLE))
    run_script("0001_tables.sql")
    for topic in TOPICS:
        run_script(f"0001_{topic}.sql")
    op.get_bind().execute(text("select fm_ops.ensure_partitions(:months)"), {"months": MONTHS_AHEAD})
    run_script("0001_grants.sql")
    # A digest has neither quotes nor backslashes; COMMENT takes no parameters.
    op.get_bind().execute(text(f"comment on schema fm_ops is '{digest_of(revision)}'"))


def downgrade() -> None:
    """Take everything away. The role stays: other databases of the cluster may use it."""
    op.get_bind().execute(text("drop schema fm_ops cascade"))
    op.get_bind().execute(text("drop schema fm cascade"))
