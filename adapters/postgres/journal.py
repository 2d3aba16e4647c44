"""The journal on PostgreSQL: a unit is one autocommitted call of one function."""

import base64
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.postgres.engine import (
    autocommit,
    called,
    constraint_of,
    is_connection_trouble,
    sqlstate_of,
    tenant_reads,
    unavailable,
)
from application.ports.journal import (
    Answer,
    Claim,
    Committed,
    Conflict,
    IdempotencyKey,
    Journal,
    Keep,
    Release,
    Resume,
    Unit,
    Verdict,
)
from domain.errors import (
    HOLD_EXCEEDED,
    IDEM_IN_FLIGHT,
    IDEM_MISMATCH,
    LEDGER_OVERFLOW,
    LEDGER_UNBALANCED,
    SERVICE_UNAVAILABLE,
    ErrorCode,
    MediatorError,
)
from domain.ids import TenantId
from domain.ledger import AccountRef

COMMIT = text("select fm.commit_unit(:tenant, cast(:unit as jsonb))::text")
RECALL = text("select fm.recall_key(:tenant, :route, :key, :fingerprint, :lease)::text")
KEEP = text("select fm.keep_answer(:tenant, cast(:keep as jsonb))::text")
LET_GO = text("select fm.let_go_key(:tenant, :route, :key)")
WAS_COMMITTED = text("select exists(select from fm.events where tenant_id = :tenant and id = :event)")

CONFLICT_STATES = frozenset({"FM409", "40001", "40P01", "55P03"})
UNIQUE_VIOLATION = "23505"
OUT_OF_RANGE = "22003"

REFUSALS: dict[str, tuple[ErrorCode, str]] = {
    "idempotency_fingerprint": (IDEM_MISMATCH, "This key was used with another path or body."),
    "ledger_unbalanced": (LEDGER_UNBALANCED, "Debits and credits differ; nothing was booked."),
    "hold_exceeded": (HOLD_EXCEEDED, "The hold has not that much left; nothing was booked."),
    "ledger_accounts_debits_bound": (LEDGER_OVERFLOW, "The account's debits would pass its bound."),
    "ledger_accounts_credits_bound": (LEDGER_OVERFLOW, "The account's credits would pass its bound."),
}
"""Which refusal of the catalogue a constraint of the schema means."""


class PostgresJournal(Journal):
    """Commits units through `fm.commit_unit`, which locks in one global order and checks every version."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use this engine's connections; each call takes one for one round trip."""
        self._engine = engine

    async def commit(self, unit: Unit) -> Verdict:
        """Make the unit true. When the connection breaks at commit, read back by event id whether it did."""
        try:
            async with autocommit(self._engine) as connection:
                values = {"tenant": unit.tenant_id, "unit": document_of(unit)}
                reply = (await connection.execute(COMMIT, values)).scalar_one()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            if not is_connection_trouble(error):
                raise _refusal(error) from error
            if await self._was_committed(unit):
                return Committed()
            raise MediatorError(
                SERVICE_UNAVAILABLE,
                "The database went away while committing; repeat with the same key.",
                retry_after_seconds=2,
            ) from error
        verdict = _verdict(reply)
        return Committed(_kept(reply)) if verdict is None else verdict

    async def recall(self, tenant_id: TenantId, key: IdempotencyKey, *, lease_seconds: float) -> Resume | Answer | None:
        """Ask `fm.recall_key`, which counts the replay."""
        values = {
            "tenant": tenant_id,
            "route": key.route,
            "key": key.key,
            "fingerprint": key.fingerprint,
            "lease": lease_seconds,
        }
        reply = (await called(self._engine, RECALL, values))[0][0]
        return None if reply is None else _verdict(reply)

    async def let_go(self, tenant_id: TenantId, key: IdempotencyKey) -> None:
        """Call `fm.let_go_key`."""
        await called(self._engine, LET_GO, {"tenant": tenant_id, "route": key.route, "key": key.key})

    async def keep_answer(self, tenant_id: TenantId, keep: Keep) -> Answer:
        """Keep the answer unless one is kept already; the kept one is given back."""
        values = {"tenant": tenant_id, "keep": msgspec.json.encode(_idempotency(keep)).decode()}
        try:
            async with autocommit(self._engine) as connection:
                reply = (await connection.execute(KEEP, values)).scalar_one()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise _refusal(error) from error
        return _answer(msgspec.json.decode(reply), replayed=False)

    async def _was_committed(self, unit: Unit) -> bool:
        """Read by its first event whether a unit is there. Raises SERVICE_UNAVAILABLE when that cannot be read."""
        async with tenant_reads(self._engine, unit.tenant_id) as connection:
            values = {"tenant": unit.tenant_id, "event": unit.events[0].event_id}
            return bool((await connection.execute(WAS_COMMITTED, values)).scalar_one())


def document_of(unit: Unit) -> str:
    """Write a unit as the one JSON document that `fm.commit_unit` takes."""
    accounts: dict[tuple[str, str], AccountRef] = {}
    for placement in unit.placements:
        for ref in (placement.debit, placement.credit):
            accounts[ref.code, ref.currency] = ref
    entries: list[dict[str, object]] = []
    for transaction in unit.transactions:
        for line, entry in enumerate(transaction.entries, start=1):
            accounts[entry.account.code, entry.account.currency] = entry.account
            entries.append(
                {
                    "transaction_id": transaction.id,
                    "line": line,
                    "payment_id": transaction.payment_id,
                    "code": entry.account.code,
                    "currency": entry.account.currency,
                    "direction": entry.direction,
                    "amount_minor": entry.amount_minor,
                }
            )
    document = {
        "payments": unit.payments,
        "attempts": unit.attempts,
        "operations": unit.operations,
        "refunds": unit.refunds,
        "events": unit.events,
        "audit": unit.audit,
        "accounts": [
            {"id": uuid7(), "code": ref.code, "currency": ref.currency, "normal_balance": ref.normal_balance}
            for ref in accounts.values()
        ],
        "placements": [
            {
                "hold_id": one.hold_id,
                "payment_id": one.payment_id,
                "refund_id": one.refund_id,
                "currency": one.amount.currency,
                "amount_minor": one.amount.minor,
                "debit_code": one.debit.code,
                "credit_code": one.credit.code,
            }
            for one in unit.placements
        ],
        "hold_changes": unit.hold_changes,
        "transactions": [
            {
                "id": one.id,
                "kind": one.kind,
                "payment_id": one.payment_id,
                "refund_id": one.refund_id,
                "hold_id": one.hold_id,
                "effective_at": one.effective_at,
            }
            for one in unit.transactions
        ],
        "entries": entries,
        "idempotency": None if unit.idempotency is None else _idempotency(unit.idempotency),
    }
    return msgspec.json.encode(document).decode()


def _idempotency(change: Claim | Keep | Release) -> dict[str, object]:
    """Write a change of an idempotency record as the functions read it."""
    document: dict[str, object] = {
        "type": change.__struct_config__.tag,
        "route": change.key.route,
        "key": change.key.key,
        "fingerprint": change.key.fingerprint.hex(),
    }
    match change:
        case Claim():
            document |= {
                "resource_id": change.resource_id,
                "lease_seconds": change.lease_seconds,
                "taken_over": change.taken_over,
            }
        case Keep(answer=answer):
            document |= {
                "status": answer.status,
                "content_type": answer.content_type,
                "location": answer.location,
                "body": base64.b64encode(answer.body).decode(),
            }
        case Release():
            pass
    return document


class _Reply(msgspec.Struct):
    """What the functions say of a key."""

    verdict: str
    retry_after: int | None = None
    resource_id: str | None = None


def _verdict(reply: str) -> Resume | Answer | None:
    """Read a function's verdict; None for `committed`. Raises IDEM_MISMATCH and IDEM_IN_FLIGHT."""
    read = msgspec.json.decode(reply, type=_Reply)
    match read.verdict:
        case "committed":
            return None
        case "answer":
            return _answer(msgspec.json.decode(reply), replayed=True)
        case "resume":
            return msgspec.convert({"resource_id": read.resource_id}, Resume)
        case "in_flight":
            detail = "The first request with this key is still running."
            raise MediatorError(IDEM_IN_FLIGHT, detail, retry_after_seconds=read.retry_after)
        case "mismatch":
            raise MediatorError(IDEM_MISMATCH, "This key was used with another path or body.")
        case unknown:
            message = f"fm functions gave the verdict {unknown!r}"
            raise ValueError(message)


def _kept(reply: str) -> Answer | None:
    """Read the answer that stands under the key of a committed unit, where it is not the unit's own."""
    kept = msgspec.json.decode(reply).get("kept")
    return None if kept is None else _answer(kept, replayed=True)


def _answer(reply: dict[str, Any], *, replayed: bool) -> Answer:
    return Answer(
        status=reply["status"],
        content_type=reply["content_type"],
        body=base64.b64decode(reply["body"]),
        location=reply["location"],
        replayed=replayed,
    )


def _refusal(error: Exception) -> Exception:
    """Say what a refusal of the database means: somebody was faster, or the books do not allow it."""
    if not isinstance(error, DBAPIError):
        return unavailable(error)
    state, constraint = sqlstate_of(error), constraint_of(error) or ""
    if state in CONFLICT_STATES or state == UNIQUE_VIOLATION:
        return Conflict(str(error.orig))
    if constraint in REFUSALS:
        entry, detail = REFUSALS[constraint]
        return MediatorError(entry, detail)
    if state == OUT_OF_RANGE:
        return MediatorError(LEDGER_OVERFLOW, "An amount passes what an account can hold.")
    return error
