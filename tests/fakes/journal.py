"""The journal in memory: a unit becomes true as a whole or not at all, exactly as `fm.commit_unit` does it."""

import asyncio
from collections.abc import Iterable, MutableMapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

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
from domain.errors import IDEM_IN_FLIGHT, IDEM_MISMATCH, MediatorError
from domain.ids import TenantId
from domain.payments import LIVE_ATTEMPT_STATES, Payment, PaymentAttempt, ProviderOperation
from domain.payouts import Payout, PayoutOperation
from domain.posting import Outcome, Placed, Posting
from domain.reference_rows import KeyUse
from domain.refunds import Refund
from tests.fakes.tables import KeyRecord, MemoryDatabase, Tables

S = TypeVar("S", Payment, PaymentAttempt, ProviderOperation, Refund, Payout, PayoutOperation)


class MemoryJournal(Journal):
    """Commits units to a memory database."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Commit to this database."""
        self.database = database

    async def commit(self, unit: AnyUnit) -> Verdict:
        """Make a unit true in one atomic step, or say why not."""
        await asyncio.sleep(0)
        now = self.database.clock()
        known = self.database.tables(unit.tenant_id)
        if isinstance(unit.idempotency, Claim) and not unit.idempotency.taken_over:
            earlier = recalled(known, unit.idempotency.key, unit.idempotency.lease_seconds, now)
            if earlier is not None:
                return earlier
        tables = known.copy()
        _write_states(tables, unit)
        tables.books.post(unit.events, now=now)
        if any(event.event_id in tables.outbox for event in unit.events):
            raise Conflict("this event happened already")
        tables.write_events(unit.events, unit.audit)
        kept: Answer | None = None
        match unit.idempotency:
            case Claim() as claim:
                claimed(tables, claim, now)
            case Keep() as keep:
                standing = _kept(tables, keep, now)
                if standing != keep.answer:
                    kept = msgspec.structs.replace(standing, replayed=True)
            case Release(key):
                _released(tables, key)
            case None:
                pass
        self.database.replace(unit.tenant_id, tables)
        return Committed(kept)

    async def post(
        self, tenant_id: TenantId, placed: Placed, *, idempotency: IdempotencyKey | None = None, dry_run: bool = False
    ) -> Outcome:
        """Give the reference ledger one order."""
        await asyncio.sleep(0)
        now, tables = self.database.clock(), self.database.tables(tenant_id)
        key = None if idempotency is None else _use_of(tables, idempotency, now)
        outcome = tables.books.ledger.apply(placed, now=now, key=key, dry_run=dry_run)
        if key is not None and not dry_run:
            _seen(tables, key, outcome, now)
        return outcome

    async def post_batch(
        self, tenant_id: TenantId, batch: Sequence[tuple[Placed, IdempotencyKey | None]], *, atomic: bool
    ) -> tuple[Outcome | MediatorError, ...]:
        """Give the reference ledger many orders, in their sequence."""
        await asyncio.sleep(0)
        now, tables = self.database.clock(), self.database.tables(tenant_id)
        uses = [None if key is None else _use_of(tables, key, now) for _, key in batch]
        orders = [(placed, use) for (placed, _), use in zip(batch, uses, strict=True)]
        ends = tables.books.ledger.apply_batch(orders, now=now, atomic=atomic)
        for use, end in zip(uses, ends, strict=True):
            if use is not None and (use.route, use.key) in tables.books.ledger.outcomes:
                _seen(tables, use, end, now)
        return ends

    async def recall(self, tenant_id: TenantId, key: IdempotencyKey, *, lease_seconds: float) -> Resume | Answer | None:
        """Say what is known of a key, and count that it was asked for."""
        await asyncio.sleep(0)
        return recalled(self.database.tables(tenant_id), key, lease_seconds, self.database.clock())

    async def let_go(self, tenant_id: TenantId, key: IdempotencyKey) -> None:
        """Release a key that is held."""
        await asyncio.sleep(0)
        tables = self.database.tables(tenant_id)
        record = tables.record(key)
        if record is not None and record.state == "started":
            tables.keys[key.route, key.key] = msgspec.structs.replace(record, state="released", locked_until=None)

    async def keep_answer(self, tenant_id: TenantId, keep: Keep) -> Answer:
        """Keep the answer unless one is kept already; the kept one is given back."""
        await asyncio.sleep(0)
        return _kept(self.database.tables(tenant_id), keep, self.database.clock())


def recalled(tables: Tables, key: IdempotencyKey, lease_seconds: float, now: datetime) -> Resume | Answer | None:
    """Say what is known of a key, as `fm.recall_key` does."""
    record = tables.record(key)
    if record is None:
        return None
    record = msgspec.structs.replace(record, seen_count=record.seen_count + 1)
    tables.keys[key.route, key.key] = record
    if record.fingerprint != key.fingerprint:
        raise MediatorError(IDEM_MISMATCH, "This key was used with another path or body.")
    if record.answer is not None:
        return msgspec.structs.replace(record.answer, replayed=True)
    if record.state == "started" and record.locked_until is not None and record.locked_until > now:
        seconds = (record.locked_until - now).total_seconds()
        raise MediatorError(IDEM_IN_FLIGHT, "Still running.", retry_after_seconds=max(1, min(5, round(seconds))))
    until = now + timedelta(seconds=lease_seconds)
    tables.keys[key.route, key.key] = msgspec.structs.replace(record, state="started", locked_until=until)
    assert record.resource_id is not None
    return Resume(record.resource_id)


def _use_of(tables: Tables, key: IdempotencyKey, now: datetime) -> KeyUse:
    """Read a key as the reference ledger does. Raises IDEM_IN_FLIGHT while somebody holds it for another effect."""
    record = tables.record(key)
    if record is not None and record.locked_until is not None and record.locked_until > now:
        raise MediatorError(IDEM_IN_FLIGHT, "Still running.", retry_after_seconds=1)
    return KeyUse(key.route, key.key, key.fingerprint)


def _seen(tables: Tables, key: KeyUse, end: Outcome | MediatorError, now: datetime) -> None:
    """Keep a key with what was made under it, or count that it was asked for again."""
    record = tables.keys.get((key.route, key.key))
    if record is not None:
        tables.keys[key.route, key.key] = msgspec.structs.replace(record, seen_count=record.seen_count + 1)
        return
    made = None
    if isinstance(end, Posting):
        made = end.transaction_id or (None if end.hold is None else end.hold.id)
    record = KeyRecord(fingerprint=key.fingerprint, state="posted", created_at=now, resource_id=made)
    tables.keys[key.route, key.key] = record


def claimed(tables: Tables, claim: Claim, now: datetime) -> None:
    """Claim a key that nobody holds, as `fm.claim_key` does."""
    record = tables.record(claim.key)
    if record is None:
        record = KeyRecord(fingerprint=claim.key.fingerprint, state="started", created_at=now)
    elif record.state != "started":
        raise Conflict("the idempotency key is held by nobody")
    until = now + timedelta(seconds=claim.lease_seconds)
    record = msgspec.structs.replace(record, resource_id=claim.resource_id, locked_until=until)
    tables.keys[claim.key.route, claim.key.key] = record


def _kept(tables: Tables, keep: Keep, now: datetime) -> Answer:
    key = keep.key
    record = tables.record(key) or KeyRecord(fingerprint=key.fingerprint, state="done", created_at=now)
    if record.fingerprint != key.fingerprint:
        raise MediatorError(IDEM_MISMATCH, "This key was used with another path or body.")
    answer = record.answer or keep.answer
    tables.keys[key.route, key.key] = msgspec.structs.replace(record, state="done", answer=answer, locked_until=None)
    return answer


def _released(tables: Tables, key: IdempotencyKey) -> None:
    record = tables.record(key)
    if record is not None and record.state == "started":
        tables.keys[key.route, key.key] = msgspec.structs.replace(record, state="released", locked_until=None)


def _write_states(tables: Tables, unit: AnyUnit) -> None:
    if isinstance(unit, PayoutUnit):
        _write_payouts(tables, unit)
        return
    if unit.route is not None:
        tables.routes[unit.route.facts.payment_id] = unit.route
    _write(tables.payments, unit.payments)
    _write(tables.attempts, unit.attempts)
    _write(tables.refunds, unit.refunds)
    _write(tables.operations, unit.operations)
    for operation in unit.operations:
        tables.query_claims.pop(operation.id, None)
        if any(one.key == operation.key and one.id != operation.id for one in tables.operations.values()):
            raise Conflict("an outbound key belongs to one operation")
    mine = [one for one in tables.attempts.values() if one.payment_id == unit.after.payment.id]
    if sum(one.state in LIVE_ATTEMPT_STATES for one in mine) > 1:
        raise Conflict("a payment has one live attempt at most")


def _write_payouts(tables: Tables, unit: PayoutUnit) -> None:
    _write(tables.payouts, unit.payouts)
    _write(tables.payout_operations, unit.operations)
    for operation in unit.operations:
        tables.payout_claims.pop(operation.payout_id, None)
        others = (one for one in tables.payout_operations.values() if one.id != operation.id)
        if any(one.key == operation.key or one.payout_id == operation.payout_id for one in others):
            raise Conflict("a payout has one operation, under one key")


def _write(rows: MutableMapping[Any, S], changed: Iterable[S]) -> None:
    """Write each state if it is new, or if its version is the one after the version that is there."""
    for state in changed:
        found = rows.get(state.id)
        if state.version != (1 if found is None else found.version + 1):
            raise Conflict("a state moved on")
        rows[state.id] = state
