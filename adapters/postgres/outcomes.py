"""What the posting functions answer, in the words of the domain."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg.exceptions import PostgresError

from adapters.postgres.lanes import STATEMENT_SECONDS, Connection, state_of
from application.ports.journal import Conflict
from domain.errors import BACKPRESSURE, IDEM_MISMATCH, LEDGER_OVERFLOW, SERVICE_UNAVAILABLE, MediatorError
from domain.ids import LedgerTransactionId, TenantId
from domain.posting import BookedLeg, HoldNow, Outcome, Posting, Reason, Refusal

READ_POSTING = "select fm.read_posting($1,$2,$3)::text"

CAREFUL, MISMATCH, KEPT = -1, -2, -3
"""Codes that are no outcomes: go the careful way; the key was used for something else; it has an answer of its own."""

LEG = 32
"""A result code is a reason plus this times the leg."""

ATOMIC_REFUSED = "FM499"
DRY_RUN = "FM498"
BUSY = frozenset({"40001", "40P01", "55P03"})
OUT_OF_BOUNDS = frozenset({"22003", "23514"})


class _Said(msgspec.Struct, frozen=True):
    """What the functions say of an order that was carried out."""

    transaction_id: LedgerTransactionId | None
    recorded_at: datetime
    entries: tuple[BookedLeg, ...]
    hold: HoldNow | None


def outcome_of(said: dict[str, Any], *, replayed: bool = False) -> Outcome:
    """Read what the functions say of one order."""
    if said["code"]:
        return refused(said["code"])
    read = msgspec.convert(said, _Said, strict=False)
    return Posting(
        transaction_id=read.transaction_id,
        recorded_at=read.recorded_at,
        entries=read.entries,
        hold=read.hold,
        replayed=replayed,
    )


def refused(code: int, *, replayed: bool = False, told_in: str | None = None) -> Refusal:
    """Read a code: a reason and the leg that it concerns."""
    return Refusal(Reason(code % LEG), code // LEG, replayed, told_in)


def refusal_of(code: int, *, replayed: bool, told_in: str | None) -> Refusal | MediatorError:
    """Read a code that is not success: a refusal, or what is wrong with the key."""
    if code == MISMATCH:
        return MediatorError(IDEM_MISMATCH, "This key was used with another path or body.")
    if code == KEPT:
        return MediatorError(IDEM_MISMATCH, "This key was used for a request of another kind.")
    return refused(code, replayed=replayed, told_in=told_in)


async def replay(connection: Connection, tenant_id: TenantId, route: str, key: str) -> Outcome:
    """Read what was made under a key, as it was answered first."""
    found = await connection.fetchval(READ_POSTING, tenant_id, route, key, timeout=STATEMENT_SECONDS)
    return outcome_of(msgspec.json.decode(found), replayed=True)


def first(outcome: Any, made: UUID) -> Any:  # noqa: ANN401 -- an outcome, an error, or CAREFUL
    """Say of what we find after our answer was lost, and what only we can have made, that it is no replay."""
    if isinstance(outcome, Posting) and outcome.transaction_id == made:
        return msgspec.structs.replace(outcome, replayed=False)
    return outcome


def refusal(error: Exception) -> Exception:
    """Say what an error of the posting functions means for the caller."""
    if not isinstance(error, PostgresError):
        return error
    if state_of(error) in BUSY:
        return MediatorError(BACKPRESSURE, "The books are contended; nothing was booked.", retry_after_seconds=1)
    if state_of(error) in OUT_OF_BOUNDS:
        return MediatorError(LEDGER_OVERFLOW, "A sum would pass its bound.")
    if state_of(error) == "FM409":
        return Conflict(str(error))
    if state_of(error)[:2] in {"08", "53", "57"}:
        return MediatorError(SERVICE_UNAVAILABLE, "The database cannot be reached.", retry_after_seconds=2)
    return error


def detail_of(error: Exception) -> str:
    """Give what the functions say in the detail of an error that they raise."""
    return str(getattr(error, "detail", None) or "")
