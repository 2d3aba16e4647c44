"""Cursors and times in queries: a cursor is the public id of the last item of a page."""

from datetime import UTC, datetime
from uuid import UUID

from domain.errors import NOT_FOUND, VAL_CURSOR, VAL_FIELD, FieldError, MediatorError
from domain.ids import LedgerTransactionId, Prefix, find_id

LIMIT_MAX = 100
LINE_DIGITS_MAX = 4


def id_in_path(prefix: Prefix, text: str) -> UUID:
    """Read an identifier in a path. Raises NOT_FOUND: what cannot be an id names nothing."""
    found = find_id(prefix, text)
    if found is None:
        raise MediatorError(NOT_FOUND, "There is no such resource.")
    return found


def id_in_query(prefix: Prefix, name: str, text: str | None) -> UUID | None:
    """Read an identifier in a query. Raises VAL_FIELD when it is not one."""
    if text is None:
        return None
    found = find_id(prefix, text)
    if found is None:
        detail = f"must look like {prefix.value}_ and 32 hexadecimal digits"
        raise MediatorError(VAL_FIELD, f"query/{name}: {detail}", errors=(FieldError(f"query/{name}", detail),))
    return found


def cursor_id(prefix: Prefix, cursor: str | None) -> UUID | None:
    """Read a cursor that is an identifier. Raises VAL_CURSOR."""
    if cursor is None:
        return None
    found = find_id(prefix, cursor)
    if found is None:
        raise MediatorError(
            VAL_CURSOR, "The cursor is not one of ours.", errors=(FieldError("query/cursor", "unknown"),)
        )
    return found


def entry_cursor(cursor: str | None) -> tuple[LedgerTransactionId, int] | None:
    """Read a cursor that is an entry's identifier: transaction and line. Raises VAL_CURSOR."""
    if cursor is None:
        return None
    transaction, _, line = cursor.rpartition("_")
    found = find_id(Prefix.LEDGER_TRANSACTION, transaction)
    if found is None or not (line.isascii() and line.isdigit() and len(line) <= LINE_DIGITS_MAX):
        raise MediatorError(
            VAL_CURSOR, "The cursor is not one of ours.", errors=(FieldError("query/cursor", "unknown"),)
        )
    return LedgerTransactionId(found), int(line)


def moment_in_query(name: str, moment: datetime | None) -> datetime | None:
    """Give a time in UTC. Raises VAL_FIELD for one without its zone, or that leaves the calendar in UTC."""
    if moment is None:
        return None
    try:
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        detail = "must name its time zone, as in 2026-11-23T12:00:00Z"
    except OverflowError:
        detail = "must be from year 1 to year 9999 in UTC"
    raise MediatorError(VAL_FIELD, f"query/{name}: {detail}", errors=(FieldError(f"query/{name}", detail),))
