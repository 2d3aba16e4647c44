"""Calls of the functions that make and change accounts, limits and monitors: what they take, say and refuse."""

import base64
from typing import TypeVar

import msgspec
from sqlalchemy import TextClause
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import autocommit, constraint_of, unavailable
from application.ports.journal import Answer, Claim, Resume
from domain.audit import AuditRecord
from domain.errors import (
    IDEM_IN_FLIGHT,
    IDEM_MISMATCH,
    LEDGER_ACCOUNT_EXISTS,
    LEDGER_ACCOUNT_UNKNOWN,
    LEDGER_CURRENCY_MISMATCH,
    NOT_FOUND,
    ErrorCode,
    FieldError,
    MediatorError,
)
from domain.ids import TenantId

T = TypeVar("T")

REFUSALS: dict[str, tuple[ErrorCode, str, str]] = {
    "ledger_accounts_code_uq": (LEDGER_ACCOUNT_EXISTS, "/code", "There is an account with this code and currency."),
    "control_account": (LEDGER_ACCOUNT_UNKNOWN, "/account", "There is no such account."),
    "control_currency": (LEDGER_CURRENCY_MISMATCH, "/currency", "The account is kept in another currency."),
    "control_api_key": (NOT_FOUND, "/api_key_id", "There is no such API key."),
}
"""Which refusal a constraint means, and what of the request it is about."""


class _Reply(msgspec.Struct):
    """What the functions say of a claimed key, or that something was made."""

    verdict: str
    retry_after: int | None = None
    resource_id: str | None = None
    row: msgspec.Raw = msgspec.Raw(b"null")
    status: int = 0
    content_type: str = ""
    location: str | None = None
    body: str = ""


async def called_control(
    engine: AsyncEngine,
    statement: TextClause,
    tenant_id: TenantId,
    what: msgspec.Struct,
    *,
    audit: AuditRecord,
    claim: Claim | None,
) -> str | None:
    """Call one function with one document and give what it says. Raises what `REFUSALS` names, or as `called`."""
    document = msgspec.structs.asdict(what) | {"audit": audit, "claim": None if claim is None else _claim(claim)}
    values = {"tenant": tenant_id, "document": msgspec.json.encode(document).decode()}
    try:
        async with autocommit(engine) as connection:
            reply: str | None = (await connection.execute(statement, values)).scalar_one()
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise _refusal(error) from error
    return reply


def made_of(reply: str | None, row_type: type[T]) -> T | Resume | Answer:
    """Read what was made, or what the claimed key led to before. Raises IDEM_IN_FLIGHT and IDEM_MISMATCH."""
    read = msgspec.json.decode(reply or "{}", type=_Reply)
    match read.verdict:
        case "made":
            return msgspec.json.decode(read.row, type=row_type)
        case "resume":
            return msgspec.convert({"resource_id": read.resource_id}, Resume)
        case "answer":
            body = base64.b64decode(read.body)
            return Answer(read.status, read.content_type, body, read.location, replayed=True)
        case "in_flight":
            detail = "The first request with this key is still running."
            raise MediatorError(IDEM_IN_FLIGHT, detail, retry_after_seconds=read.retry_after)
        case "mismatch":
            raise MediatorError(IDEM_MISMATCH, "This key was used with another path or body.")
        case unknown:
            message = f"fm functions gave the verdict {unknown!r}"
            raise ValueError(message)


def _claim(claim: Claim) -> dict[str, object]:
    return {
        "route": claim.key.route,
        "key": claim.key.key,
        "fingerprint": claim.key.fingerprint.hex(),
        "resource_id": claim.resource_id,
        "lease_seconds": claim.lease_seconds,
        "taken_over": claim.taken_over,
    }


def _refusal(error: Exception) -> Exception:
    if isinstance(error, DBAPIError) and (constraint := constraint_of(error) or "") in REFUSALS:
        entry, pointer, detail = REFUSALS[constraint]
        return MediatorError(entry, detail, errors=(FieldError(pointer, detail),))
    return unavailable(error)
