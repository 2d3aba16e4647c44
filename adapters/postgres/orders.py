"""Orders of every kind on PostgreSQL, the careful way; and callers' batches, which go both ways."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from asyncpg.exceptions import PostgresError

from adapters.postgres.lanes import STATEMENT_SECONDS, Connection, Work, state_of
from adapters.postgres.outcomes import (
    ATOMIC_REFUSED,
    CAREFUL,
    DRY_RUN,
    OUT_OF_BOUNDS,
    detail_of,
    first,
    outcome_of,
    refusal,
    refusal_of,
    replay,
)
from adapters.postgres.posting import Item, is_plain, plain_of, post_many
from application.ports.journal import IdempotencyKey
from domain.ids import TenantId
from domain.posting import Placed, PlaceHold, PostHold, Reason, Refusal, ReleaseHold, Reverse, Transfer

POST_ORDERS = "select fm.post_orders($1,$2,$3,$4)::text"

ORDER_SECONDS = 0.004
"""How much longer a call may take for each order in it: an atomic batch of ten thousand takes its time."""

SEGMENT_MAX = 500
"""How many items of a batch go in one call where each stands for itself: locks are held no longer than that takes."""


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
        return first((await post_orders(connection, tenant_id, [item], atomic=False))[0], _made_by(item.placed))


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
        results[found["item"] - 1] = refusal_of(
            found["code"], replayed=found.get("replayed", False), told_in=found.get("request_id")
        )
        return results
    results = []
    for item, said in zip(items, msgspec.json.decode(reply), strict=True):
        code, replayed = said["code"], said.get("replayed", False)
        if code:
            results.append(refusal_of(code, replayed=replayed, told_in=said.get("request_id")))
        elif replayed:
            results.append(await replay(connection, tenant_id, item.key.route, item.key.key))
        else:
            results.append(outcome_of(said))
    return results


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
