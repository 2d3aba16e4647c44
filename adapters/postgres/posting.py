"""The ledger's orders on PostgreSQL: plain transfers together by arrays, everything else the careful way."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg.exceptions import PostgresError

from adapters.postgres.lanes import STATEMENT_SECONDS, Connection, Work, state_of
from application.ports.journal import Conflict, IdempotencyKey
from domain.errors import (
    BACKPRESSURE,
    IDEM_MISMATCH,
    LEDGER_OVERFLOW,
    SERVICE_UNAVAILABLE,
    MediatorError,
)
from domain.ids import LedgerAccountId, LedgerTransactionId, TenantId
from domain.ledger import Direction
from domain.money import Currency
from domain.posting import (
    BOUND,
    BookedLeg,
    HoldNow,
    Leg,
    Outcome,
    Placed,
    PlaceHold,
    PostHold,
    Posting,
    Reason,
    Refusal,
    ReleaseHold,
    Reverse,
    Transfer,
)

POST_TRANSFER = "select * from fm.post_transfer($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)"
POST_TRANSFERS = "select * from fm.post_transfers($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19)"
POST_ORDERS = "select fm.post_orders($1,$2,$3,$4)::text"
READ_POSTING = "select fm.read_posting($1,$2,$3)::text"

CAREFUL, MISMATCH, KEPT = -1, -2, -3
LEG = 32
"""A result code is a reason plus this times the leg."""

ATOMIC_REFUSED = "FM499"
DRY_RUN = "FM498"
BUSY = frozenset({"40001", "40P01", "55P03"})
OUT_OF_BOUNDS = frozenset({"22003", "23514"})
ORDER_SECONDS = 0.004
"""How much longer a call may take for each order in it: an atomic batch of ten thousand takes its time."""

SEGMENT_MAX = 500
"""How many items of a batch go in one call where each stands for itself: locks are held no longer than that takes."""


class Item(msgspec.Struct, frozen=True):
    """An order with the key under which it happens once."""

    placed: Placed
    key: IdempotencyKey


def is_plain(placed: Placed) -> bool:
    """Whether an order is one debit and one credit without anything that must be looked at with care."""
    order = placed.order
    if type(order) is not Transfer or len(order.legs) != 2:  # noqa: PLR2004 -- a debit and a credit
        return False
    debit, credit = order.legs
    return (
        order.kind == "transfer"
        and order.effective_at is None
        and order.reference is None
        and placed.quote_id is None
        and debit.direction is Direction.DEBIT
        and credit.direction is Direction.CREDIT
        and debit.account_id != credit.account_id
        and debit.available_min is None
        and credit.available_min is None
    )


class Plain(msgspec.Struct, frozen=True, gc=False):
    """A plain transfer in the words of the posting functions."""

    id: LedgerTransactionId
    debit: LedgerAccountId
    credit: LedgerAccountId
    amount: int
    currency: Currency
    route: str
    key: str
    fingerprint: bytes
    actor: str
    request_id: str
    description: str | None
    metadata: str | None
    api_key_id: UUID | None = None


def plain_of(item: Item) -> Plain:
    """Write a plain order (`is_plain`) in the words of the functions."""
    order = item.placed.order
    assert isinstance(order, Transfer)  # noqa: S101 -- `is_plain` said so
    debit, credit = order.legs
    return Plain(
        order.id,
        debit.account_id,
        credit.account_id,
        debit.amount_minor,
        debit.currency,
        item.key.route,
        item.key.key,
        item.key.fingerprint,
        item.placed.actor,
        item.placed.request_id,
        order.description,
        msgspec.json.encode(order.metadata).decode() if order.metadata else None,
        item.placed.api_key_id,
    )


def placed_of(plain: Plain) -> Placed:
    """Write a plain transfer as the order that it stands for."""

    def leg(account: UUID, direction: Direction) -> Leg:
        return Leg(
            account_id=LedgerAccountId(account),
            direction=direction,
            amount_minor=plain.amount,
            currency=Currency(plain.currency),
        )

    order = Transfer(
        id=LedgerTransactionId(plain.id),
        legs=(leg(plain.debit, Direction.DEBIT), leg(plain.credit, Direction.CREDIT)),
        description=plain.description,
        metadata={} if plain.metadata is None else msgspec.json.decode(plain.metadata, type=dict[str, str]),
    )
    return Placed(order=order, actor=plain.actor, request_id=plain.request_id, api_key_id=plain.api_key_id)


class PostPlain(Work):
    """Plain transfers: `fm.post_transfer` for one alone, `fm.post_transfers` for many."""

    items_max = 256

    async def together(self, connection: Connection, tenant_id: TenantId, items: Sequence[Plain]) -> list[Any]:
        """Post them; an outcome for each, CAREFUL for those that this cannot decide, or the error of a key."""
        if len(items) == 1:
            return [await _post_one(connection, tenant_id, items[0])]
        first: dict[str, int] = {}
        for number, one in enumerate(items):
            first.setdefault(one.key, number)
        if len(first) == len(items):
            return await post_many(connection, tenant_id, items, atomic=False, ordered=False)
        # Somebody gave up waiting and came again: his second request is to find what his first one made.
        return [await _post_one(connection, tenant_id, one) for one in items]

    async def again(self, connection: Connection, tenant_id: TenantId, item: Plain) -> Any:  # noqa: ANN401 -- an outcome, or CAREFUL
        """Repeat it with its key: it happens once."""
        return _first(await _post_one(connection, tenant_id, item), item.id)


async def _post_one(connection: Connection, tenant_id: TenantId, one: Plain) -> Any:  # noqa: ANN401 -- an outcome, or CAREFUL
    try:
        code, _, replayed, at, *balances, told_in = await connection.fetchrow(
            POST_TRANSFER,
            tenant_id,
            one.id,
            one.debit,
            one.credit,
            one.amount,
            one.currency,
            one.route,
            one.key,
            one.fingerprint,
            one.actor,
            one.request_id,
            one.description,
            one.metadata,
            timeout=STATEMENT_SECONDS,
        )
    except PostgresError as error:
        if state_of(error) in OUT_OF_BOUNDS:
            return CAREFUL  # Some sum passes its bound: the careful way says which.
        raise refusal(error) from error
    if code == 0 and not replayed:
        return _posting(one, at, *balances)
    return await _special(connection, tenant_id, code, one, replayed=replayed, told_in=told_in)


async def post_many(
    connection: Connection, tenant_id: TenantId, items: Sequence[Plain], *, atomic: bool, ordered: bool
) -> list[Any]:
    """Post plain transfers with distinct keys of one route in one call of `fm.post_transfers`."""
    index: dict[UUID, int] = {}
    for one in items:
        index[one.debit] = index[one.credit] = 0
    accounts = sorted(index)
    index = {account: number for number, account in enumerate(accounts)}
    count = len(accounts)
    debits, credits_, counts = [0] * count, [0] * count, [0] * count
    froms, tos = [], []
    for one in items:
        source, target = index[one.debit], index[one.credit]
        debits[source] += one.amount
        credits_[target] += one.amount
        counts[source] += 1
        counts[target] += 1
        froms.append(source + 1)
        tos.append(target + 1)
    if max(*debits, *credits_) > BOUND:
        return [CAREFUL] * len(items)  # Together they are more than a number of the database holds.
    row = await connection.fetchrow(
        POST_TRANSFERS,
        tenant_id,
        accounts,
        debits,
        credits_,
        counts,
        froms,
        tos,
        [one.amount for one in items],
        [one.currency for one in items],
        [one.id for one in items],
        items[0].route,
        [one.key for one in items],
        [one.fingerprint for one in items],
        [one.actor for one in items],
        [one.request_id for one in items],
        [one.description for one in items] if any(one.description for one in items) else [],
        [one.metadata for one in items] if any(one.metadata for one in items) else [],
        atomic,
        ordered,
        timeout=STATEMENT_SECONDS,
    )
    codes, _, replays, at, *columns, told = row
    told = told or [None] * len(items)
    results: list[Any] = []
    for one, code, replayed, told_in, *balances in zip(items, codes, replays, told, *columns, strict=True):
        if code == 0 and not replayed:
            results.append(_posting(one, at, *balances))
        else:
            results.append(await _special(connection, tenant_id, code, one, replayed=replayed, told_in=told_in))
    return results


def _posting(  # noqa: PLR0917 -- a row of the functions, as it comes
    one: Plain, at: datetime, debit_balance: int, credit_balance: int, debit_version: int, credit_version: int
) -> Posting:
    return Posting(
        transaction_id=one.id,
        recorded_at=at,
        entries=(
            BookedLeg(
                line=1,
                account_id=one.debit,
                direction=Direction.DEBIT,
                amount_minor=one.amount,
                currency=one.currency,
                balance_minor=debit_balance,
                account_version=debit_version,
            ),
            BookedLeg(
                line=2,
                account_id=one.credit,
                direction=Direction.CREDIT,
                amount_minor=one.amount,
                currency=one.currency,
                balance_minor=credit_balance,
                account_version=credit_version,
            ),
        ),
    )


async def _special(
    connection: Connection,
    tenant_id: TenantId,
    code: int,
    one: Plain,
    *,
    replayed: bool,
    told_in: str | None,
) -> Any:  # noqa: ANN401 -- an outcome, an error, or CAREFUL
    """Say what a code means that is not a fresh success."""
    if code == CAREFUL:
        return CAREFUL
    if code:
        return _refused(code, replayed=replayed, told_in=told_in)
    return await _replay(connection, tenant_id, one.route, one.key)


async def _replay(connection: Connection, tenant_id: TenantId, route: str, key: str) -> Outcome:
    found = await connection.fetchval(READ_POSTING, tenant_id, route, key, timeout=STATEMENT_SECONDS)
    return outcome_of(msgspec.json.decode(found), replayed=True)


def _first(outcome: Any, made: UUID) -> Any:  # noqa: ANN401 -- an outcome, an error, or CAREFUL
    """Say of what we find after our answer was lost, and what only we can have made, that it is no replay."""
    if isinstance(outcome, Posting) and outcome.transaction_id == made:
        return msgspec.structs.replace(outcome, replayed=False)
    return outcome


class PostOrders(Work):
    """Orders of every kind through `fm.post_orders`."""

    items_max = 100

    async def together(self, connection: Connection, tenant_id: TenantId, items: Sequence[Item]) -> list[Any]:
        """Post them in one call; where a key comes twice, in several."""
        if len({(item.key.route, item.key.key) for item in items}) == len(items):
            return await post_orders(connection, tenant_id, items, atomic=False)
        return [(await post_orders(connection, tenant_id, [item], atomic=False))[0] for item in items]

    async def again(self, connection: Connection, tenant_id: TenantId, item: Item) -> Any:  # noqa: ANN401 -- an outcome or an error
        """Repeat it with its key: it happens once."""
        return _first((await post_orders(connection, tenant_id, [item], atomic=False))[0], _made_by(item.placed))


class TryOrder(Work):
    """A dry run: goes the careful way, and is undone at its end."""

    items_max = 1

    async def together(self, connection: Connection, tenant_id: TenantId, items: Sequence[Placed]) -> list[Any]:
        """Try it, without any key."""
        document = msgspec.json.encode([_document(items[0], None)]).decode()
        try:
            await connection.fetchval(POST_ORDERS, tenant_id, document, *(False, True), timeout=STATEMENT_SECONDS)
        except PostgresError as error:
            if state_of(error) != DRY_RUN:
                raise refusal(error) from error
            return [outcome_of(msgspec.json.decode(detail_of(error))[0])]
        message = "a dry run was not undone"
        raise AssertionError(message)

    async def again(self, connection: Connection, tenant_id: TenantId, item: Placed) -> Any:  # noqa: ANN401 -- an outcome
        """Try it once more."""
        return (await self.together(connection, tenant_id, [item]))[0]


class PostBatch(Work):
    """A caller's batch, in its sequence: one item of this work is a whole batch, or a part of it (each for itself)."""

    items_max = 1

    def __init__(self, *, atomic: bool, careful: bool) -> None:
        """Book all or none if `atomic`; `careful` keeps even plain transfers from the short way."""
        self._atomic = atomic
        self._careful = careful

    async def together(self, connection: Connection, tenant_id: TenantId, items: Sequence[list[Item]]) -> list[Any]:
        """Give the outcomes of the batch, as one result."""
        batch = items[0]
        if self._atomic:
            return [await self._all_or_none(connection, tenant_id, batch)]
        results: list[Any] = []
        for segment, plain in segments(batch, careful=self._careful):
            results.extend(await self._segment(connection, tenant_id, segment, plain=plain))
        return [results]

    async def again(self, connection: Connection, tenant_id: TenantId, item: list[Item]) -> Any:  # noqa: ANN401 -- outcomes
        """Repeat all of it with its keys."""
        return (await self.together(connection, tenant_id, [item]))[0]

    async def _segment(
        self, connection: Connection, tenant_id: TenantId, segment: list[Item], *, plain: bool
    ) -> list[Any]:
        if not plain:
            return await post_orders(connection, tenant_id, segment, atomic=False)
        try:
            items = [plain_of(item) for item in segment]
            results = await post_many(connection, tenant_id, items, atomic=False, ordered=True)
        except PostgresError as error:
            if state_of(error) not in OUT_OF_BOUNDS:
                raise refusal(error) from error
            results = [CAREFUL] * len(segment)
        careful = [item for item, result in zip(segment, results, strict=True) if result is CAREFUL]
        if careful:
            later = iter(await post_orders(connection, tenant_id, careful, atomic=False))
            results = [next(later) if result is CAREFUL else result for result in results]
        return results

    async def _all_or_none(self, connection: Connection, tenant_id: TenantId, batch: list[Item]) -> list[Any]:
        keys = {item.key.key for item in batch}
        is_one_route = len({item.key.route for item in batch}) == 1
        if (
            not self._careful
            and is_one_route
            and len(keys) == len(batch)
            and all(is_plain(item.placed) for item in batch)
        ):
            try:
                items = [plain_of(item) for item in batch]
                results = await post_many(connection, tenant_id, items, atomic=True, ordered=True)
                if CAREFUL not in results:
                    return results
            except PostgresError as error:
                if state_of(error) not in OUT_OF_BOUNDS | {ATOMIC_REFUSED}:
                    raise refusal(error) from error
        # The careful way says what stands in the way, or finds that nothing does.
        return await post_orders(connection, tenant_id, batch, atomic=True)


def segments(batch: list[Item], *, careful: bool) -> list[tuple[list[Item], bool]]:
    """Cut a batch where plain items and others meet, where a key comes again, and where it is long enough."""
    found: list[tuple[list[Item], bool]] = []
    keys: set[str] = set()
    kind: tuple[bool, str] | None = None
    for item in batch:
        plain = not careful and is_plain(item.placed)
        if kind != (plain, item.key.route) or item.key.key in keys or len(found[-1][0]) >= SEGMENT_MAX:
            found.append(([], plain))
            keys.clear()
            kind = (plain, item.key.route)
        found[-1][0].append(item)
        keys.add(item.key.key)
    return found


async def post_orders(connection: Connection, tenant_id: TenantId, items: Sequence[Item], *, atomic: bool) -> list[Any]:
    """Post orders in one call of `fm.post_orders`; an outcome for each, or the error of its key."""
    document = msgspec.json.encode([_document(item.placed, item.key) for item in items]).decode()
    try:
        seconds = STATEMENT_SECONDS + len(items) * ORDER_SECONDS
        reply = await connection.fetchval(POST_ORDERS, tenant_id, document, *(atomic, False), timeout=seconds)
    except PostgresError as error:
        if state_of(error) != ATOMIC_REFUSED:
            raise refusal(error) from error
        found = msgspec.json.decode(detail_of(error))
        results: list[Any] = [Refusal(Reason.BATCH_REFUSED)] * len(items)
        results[found["item"] - 1] = _refused(
            found["code"], replayed=found.get("replayed", False), told_in=found.get("request_id")
        )
        return results
    results = []
    for item, said in zip(items, msgspec.json.decode(reply), strict=True):
        code, replayed = said["code"], said.get("replayed", False)
        if code:
            results.append(_refused(code, replayed=replayed, told_in=said.get("request_id")))
        elif replayed:
            results.append(await _replay(connection, tenant_id, item.key.route, item.key.key))
        else:
            results.append(outcome_of(said))
    return results


def _refused(code: int, *, replayed: bool, told_in: str | None) -> Refusal | MediatorError:
    """Read a code that is not success: a refusal, or what is wrong with the key."""
    if code == MISMATCH:
        return MediatorError(IDEM_MISMATCH, "This key was used with another path or body.")
    if code == KEPT:
        return MediatorError(IDEM_MISMATCH, "This key was used for a request of another kind.")
    return refused(code, replayed=replayed, told_in=told_in)


def _made_by(placed: Placed) -> UUID:
    """Give the id of what an order makes or changes."""
    match placed.order:
        case Transfer(id=made) | PostHold(id=made) | Reverse(id=made):
            return made
        case PlaceHold(hold_id=hold) | ReleaseHold(hold_id=hold):
            return hold


def _document(placed: Placed, key: IdempotencyKey | None) -> dict[str, object]:
    """Write an order as `fm.post_orders` reads it."""
    return {
        "order": placed.order,
        "key": None if key is None else {"route": key.route, "key": key.key, "fingerprint": key.fingerprint.hex()},
        "actor": placed.actor,
        "request_id": placed.request_id,
        "api_key_id": placed.api_key_id,
        "quote_id": placed.quote_id,
        "quote_version": placed.quote_version,
    }


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
