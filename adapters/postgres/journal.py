"""The journal on PostgreSQL: units and orders, each one autocommitted call of one function, several in one call."""

import asyncio
import base64
from collections.abc import Sequence
from typing import Any, cast

import msgspec
from asyncpg.exceptions import PostgresError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.postgres.engine import autocommit, called, constraint_of, sqlstate_of, unavailable
from adapters.postgres.lanes import STATEMENT_SECONDS, Connection, Work, is_lost, lanes_of, state_of
from adapters.postgres.orders import SEGMENT_MAX, PostBatch, PostOrders, TryOrder
from adapters.postgres.outcomes import CAREFUL
from adapters.postgres.posting import Item, Plain, PostPlain, is_plain, placed_of, plain_of
from application.ports.journal import (
    Answer,
    AnyUnit,
    Claim,
    Committed,
    Conflict,
    IdempotencyKey,
    Journal,
    Keep,
    PayoutUnit,
    Release,
    Resume,
    Verdict,
)
from domain.errors import (
    HOLD_EXCEEDED,
    IDEM_IN_FLIGHT,
    IDEM_MISMATCH,
    LEDGER_ACCOUNT_CLOSED,
    LEDGER_ACCOUNT_FROZEN,
    LEDGER_INSUFFICIENT_FUNDS,
    LEDGER_OVERFLOW,
    LEDGER_UNBALANCED,
    SERVICE_UNAVAILABLE,
    ErrorCode,
    MediatorError,
)
from domain.ids import TenantId
from domain.ledger import AccountRef
from domain.posting import Outcome, Placed

COMMIT = "select fm.commit_units($1, $2::jsonb)::text"
WAS_COMMITTED = "select fm.was_told($1, $2)"
RECALL = text("select fm.recall_key(:tenant, :route, :key, :fingerprint, :lease)::text")
KEEP = text("select fm.keep_answer(:tenant, cast(:keep as jsonb))::text")
LET_GO = text("select fm.let_go_key(:tenant, :route, :key)")

CONFLICT_STATES = frozenset({"FM409", "40001", "40P01", "55P03"})
UNIQUE_VIOLATION = "23505"
OUT_OF_RANGE = "22003"

REFUSALS: dict[str, tuple[ErrorCode, str]] = {
    "idempotency_fingerprint": (IDEM_MISMATCH, "This key was used with another path or body."),
    "ledger_unbalanced": (LEDGER_UNBALANCED, "Debits and credits differ; nothing was booked."),
    "hold_exceeded": (HOLD_EXCEEDED, "The hold has not that much left; nothing was booked."),
    "payout_funds": (LEDGER_INSUFFICIENT_FUNDS, "The payable has not that much available; nothing was held."),
    "payout_account_frozen": (LEDGER_ACCOUNT_FROZEN, "The payable is frozen; nothing was held."),
    "payout_account_closed": (LEDGER_ACCOUNT_CLOSED, "The payable is closed; nothing was held."),
    "ledger_accounts_debits_bound": (LEDGER_OVERFLOW, "The account's debits would pass its bound."),
    "ledger_accounts_credits_bound": (LEDGER_OVERFLOW, "The account's credits would pass its bound."),
}
"""Which refusal of the catalogue a constraint of the schema means."""


class CommitUnits(Work):
    """Units through `fm.commit_units`, which locks in one global order and checks every version."""

    items_max = 32

    async def together(self, connection: Connection, tenant_id: TenantId, items: Sequence[AnyUnit]) -> list[Any]:
        """Commit them in one call; whoever comes twice for one subject waits for the next."""
        order = sorted(range(len(items)), key=lambda number: items[number].subject_id.int)
        if len({unit.subject_id for unit in items}) < len(items):
            return [await self._alone(connection, tenant_id, unit) for unit in items]
        document = b"[" + b",".join(document_of(items[number]) for number in order) + b"]"
        try:
            reply = await connection.fetchval(COMMIT, tenant_id, document.decode(), timeout=STATEMENT_SECONDS)
        except PostgresError as error:
            raise _refusal(error) from error
        results: list[Any] = [None] * len(items)
        for number, said in zip(order, msgspec.json.decode(reply, type=list[msgspec.Raw]), strict=True):
            try:
                verdict = _verdict(said)
                results[number] = Committed(_kept(said)) if verdict is None else verdict
            except MediatorError as error:
                results[number] = error
        return results

    async def _alone(self, connection: Connection, tenant_id: TenantId, unit: AnyUnit) -> Any:  # noqa: ANN401 -- a verdict, or why there is none
        try:
            return (await self.together(connection, tenant_id, [unit]))[0]
        except Exception as error:
            if is_lost(error):
                raise
            return error

    async def again(self, connection: Connection, tenant_id: TenantId, item: AnyUnit) -> Any:  # noqa: ANN401 -- a verdict
        """Read back by its first event whether a unit is there, after its connection was lost."""
        if await connection.fetchval(WAS_COMMITTED, tenant_id, item.events[0].event_id, timeout=STATEMENT_SECONDS):
            return Committed()
        raise MediatorError(
            SERVICE_UNAVAILABLE,
            "The database went away while committing; repeat with the same key.",
            retry_after_seconds=2,
        )


UNITS, PLAIN, ORDERS, TRIAL = CommitUnits(), PostPlain(), PostOrders(), TryOrder()
BATCHES = {
    (atomic, careful): PostBatch(atomic=atomic, careful=careful)
    for atomic in (True, False)
    for careful in (True, False)
}
ROUTES = 2
"""Plain transfers of one account's debits follow one another; those of different accounts need not."""

OWN_KEYS = "own"
"""The route of keys that we make where the caller gave none, so that a repeated call happens once."""


class PostgresJournal(Journal):
    """Commits in lanes: what arrives while the database is busy goes to it together."""

    def __init__(self, engine: AsyncEngine, *, careful: bool = False) -> None:
        """Commit over this engine's lanes; `careful` keeps even plain transfers from the short way."""
        self._engine = engine
        self._lanes = lanes_of(engine)
        self._careful = careful
        self._posting: dict[tuple[TenantId, str, str], tuple[bytes, asyncio.Future[Any]]] = {}

    async def commit(self, unit: AnyUnit) -> Verdict:
        """Make the unit true. When the connection breaks at commit, read back by event id whether it did."""
        verdict: Verdict = await self._lanes.give(UNITS, unit.tenant_id, unit)
        return verdict

    async def post(
        self, tenant_id: TenantId, placed: Placed, *, idempotency: IdempotencyKey | None = None, dry_run: bool = False
    ) -> Outcome:
        """Post one order, together with whatever else waits."""
        if dry_run:
            return cast("Outcome", await self._lanes.give(TRIAL, tenant_id, placed))
        item = Item(placed, idempotency or _own_key())
        if not self._careful and is_plain(placed):
            return await self.post_plain(tenant_id, plain_of(item), item)
        return await self._post_carefully(tenant_id, item)

    async def post_plain(self, tenant_id: TenantId, plain: Plain, item: Item | None = None) -> Outcome:
        """Post a plain transfer by the short way; the few that it cannot decide go the careful one."""
        name = (tenant_id, plain.route, plain.key)
        if name in self._posting:
            await self._others_done(name, plain.fingerprint)
        done = asyncio.get_running_loop().create_future()
        self._posting[name] = (plain.fingerprint, done)
        try:
            found = await self._lanes.do(PLAIN, tenant_id, plain, route=_route_of(plain))
        finally:
            self._posting.pop(name, None)
            done.set_result(None)
        if found is CAREFUL:
            key = IdempotencyKey(plain.route, plain.key, plain.fingerprint)
            return await self._post_carefully(tenant_id, item or Item(placed_of(plain), key))
        return cast("Outcome", found)

    async def _post_carefully(self, tenant_id: TenantId, item: Item) -> Outcome:
        name = (tenant_id, item.key.route, item.key.key)
        if name in self._posting:
            await self._others_done(name, item.key.fingerprint)
        future = self._lanes.give(ORDERS, tenant_id, item)
        self._posting[name] = (item.key.fingerprint, future)
        try:
            return cast("Outcome", await future)
        finally:
            self._posting.pop(name, None)

    async def _others_done(self, name: tuple[TenantId, str, str], fingerprint: bytes) -> None:
        """Wait while another request with this key is on its way: a call takes each key once. Raises IDEM_MISMATCH."""
        while (running := self._posting.get(name)) is not None:
            if running[0] != fingerprint:
                raise MediatorError(IDEM_MISMATCH, "This key was used with another path or body.")
            await asyncio.wait([running[1]])

    async def post_batch(
        self, tenant_id: TenantId, batch: Sequence[tuple[Placed, IdempotencyKey | None]], *, atomic: bool
    ) -> tuple[Outcome | MediatorError, ...]:
        """Post a batch in its sequence: whole, or in parts where each item stands for itself."""
        items = [Item(placed, key or _own_key()) for placed, key in batch]
        work = BATCHES[atomic, self._careful]
        if atomic:
            return tuple(await self._lanes.give(work, tenant_id, items))
        results: list[Outcome | MediatorError] = []
        for start in range(0, len(items), SEGMENT_MAX):
            results.extend(await self._lanes.give(work, tenant_id, items[start : start + SEGMENT_MAX]))
        return tuple(results)

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


def document_of(unit: AnyUnit) -> bytes:
    """Write a unit as the JSON document that `fm.commit_units` takes a list of."""
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
    document = states_of(unit) | {
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
                "payout_id": one.payout_id,
                "is_covered": one.is_covered,
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
                "payout_id": one.payout_id,
                "hold_id": one.hold_id,
                "effective_at": one.effective_at,
            }
            for one in unit.transactions
        ],
        "entries": entries,
        "idempotency": None if unit.idempotency is None else _idempotency(unit.idempotency),
    }
    return msgspec.json.encode(document)


def states_of(unit: AnyUnit) -> dict[str, object]:
    """Give the states that a unit writes: those of a payment, or those of a payout."""
    if isinstance(unit, PayoutUnit):
        return {"payouts": unit.payouts, "payout_operations": unit.operations}
    return {
        "payments": unit.payments,
        "attempts": unit.attempts,
        "operations": unit.operations,
        "refunds": unit.refunds,
        "routes": () if unit.route is None else (unit.route,),
    }


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
    result: int | None = None
    retry_after: int | None = None
    resource_id: str | None = None


def _verdict(reply: str | msgspec.Raw) -> Resume | Answer | None:
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
        case "posted":
            raise MediatorError(IDEM_MISMATCH, "This key was used for an order of the ledger.")
        case "mismatch":
            raise MediatorError(IDEM_MISMATCH, "This key was used with another path or body.")
        case unknown:
            message = f"fm functions gave the verdict {unknown!r}"
            raise ValueError(message)


def _kept(reply: str | msgspec.Raw) -> Answer | None:
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


def _route_of(plain: Plain) -> tuple[str, int]:
    """Say what goes together: transfers of one route, whose debits are on the same side of the accounts."""
    return plain.route, plain.debit.int % ROUTES


def _own_key() -> IdempotencyKey:
    """Make a key where the caller gave none."""
    return IdempotencyKey(OWN_KEYS, str(uuid7()), b"")


def _refusal(error: Exception) -> Exception:
    """Say what a refusal of the database means: somebody was faster, or the books do not allow it."""
    state, constraint = _state_and_constraint(error)
    if state in CONFLICT_STATES or state == UNIQUE_VIOLATION:
        return Conflict(str(error))
    if constraint in REFUSALS:
        entry, detail = REFUSALS[constraint]
        return MediatorError(entry, detail)
    if state == OUT_OF_RANGE:
        return MediatorError(LEDGER_OVERFLOW, "An amount passes what an account can hold.")
    return unavailable(error) if isinstance(error, SQLAlchemyError | OSError | TimeoutError) else error


def _state_and_constraint(error: Exception) -> tuple[str, str]:
    if isinstance(error, DBAPIError):
        return sqlstate_of(error) or "", constraint_of(error) or ""
    if isinstance(error, PostgresError):
        return state_of(error), str(getattr(error, "constraint_name", None) or "")
    return "", ""
