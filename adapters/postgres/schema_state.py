"""Tells whether a database's schema was made by these very scripts.

Until the first release, revision 0001 is changed in place: a database that another state of it made has the right
number and the wrong schema. Each database remembers the digest of the scripts that made it, as a comment on `fm_ops`.
"""

from sqlalchemy import Connection, text

from migrations.state import digest_of

HAS_REVISION = text("select to_regclass('public.alembic_version') is not null")
FIND_REVISION = text("select version_num from public.alembic_version")
FIND_DIGEST = text("select obj_description(to_regnamespace('fm_ops'), 'pg_namespace')")


def require_same_state(connection: Connection) -> None:
    """Refuse a database that another state of its revision made. Raises RuntimeError that says what to do."""
    if not connection.execute(HAS_REVISION).scalar_one():
        return
    revision = connection.execute(FIND_REVISION).scalar_one_or_none()
    if revision is None or connection.execute(FIND_DIGEST).scalar_one() == digest_of(str(revision)):
        return
    message = (
        f"its schema was made by another state of revision {revision}, which is not released yet and changes in place. "
        "Begin with an empty database; for the embedded one, move the folder of `mediator up` (.mediator) away"
    )
    raise RuntimeError(message)
