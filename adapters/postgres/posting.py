"""Plain transfers on PostgreSQL: one debit and one credit each, many together by arrays."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg.exceptions import PostgresError

from adapters.postgres.lanes import STATEMENT_SECONDS, Connection, Work, state_of
from adapters.postgres.outcomes import CAREFUL, OUT_OF_BOUNDS, first, refusal, refusal_of, replay
from application.ports.journal import IdempotencyKey
from domain.ids import LedgerAccountId, LedgerTransactionId, TenantId
from domain.ledger import Direction
from domain.money import Currency
from domain.posting import BOUND, BookedLeg, Leg, Placed, Posting, Transfer

POST_TRANSFER = "select * from fm.post_transfer($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)"
POST_TRANSFERS = "select * from fm.post_transfers($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19)"


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
        if len({one.key for one in items}) == len(items):
            return await post_many(connection, tenant_id, items, atomic=False, ordered=False)
        # Somebody gave up waiting and came again: his second request is to find what his first one made.
        return [await _post_one(connection, tenant_id, one) for one in items]

    async def again(self, connection: Connection, tenant_id: TenantId, item: Plain) -> Any:  # noqa: ANN401 -- an outcome, or CAREFUL
        """Repeat it with its key: it happens once."""
        return first(await _post_one(connection, tenant_id, item), item.id)


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
        return refusal_of(code, replayed=replayed, told_in=told_in)
    return await replay(connection, tenant_id, one.route, one.key)
