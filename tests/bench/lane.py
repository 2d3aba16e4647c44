"""One lane: posts many transfers in each call of the product's array function, over one connection of its own.

`python -m tests.bench.lane` reads a `Lane` as JSON on standard input and writes a `Tally` as JSON.
"""

import asyncio
import os
import random
import sys
import time
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from uuid_utils.compat import uuid7

from tests.bench.generator import Tally
from tests.bench.histogram import bucket_of

_PARAMETERS = """select coalesce(proargnames[1:pronargs], '{}') from pg_proc
  where pronamespace = 'fm'::regnamespace and proname = 'post_transfers'"""
_ROUTE = "POST /v1/transfers/batch"
_FINGERPRINT = bytes(32)
_KEY_BYTES = 16


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """Which lane of how many this is, each with accounts of its own (those whose number leaves `number` as rest)."""

    url: str
    tenant: UUID
    actor: str
    currency: str
    accounts: int
    transfers: int
    seconds: float
    warm_seconds: float
    number: int = 0
    lanes: int = 1

    def __repr__(self) -> str:
        """Show no password."""
        return f"Lane({self.number} of {self.lanes})"


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts that a call touches, with what becomes of each, and its items."""

    accounts: list[UUID]
    debits: list[int]
    credits: list[int]
    counts: list[int]
    debited: list[int]
    credited: list[int]


def make_batch(lane: Lane, chance: random.Random) -> Batch:
    """Choose accounts for one call: distinct and sorted, as the function wants them."""
    own = range(lane.number + 1, lane.accounts + 1, lane.lanes)
    pairs = [chance.sample(own, 2) for _ in range(lane.transfers)]
    touched = sorted({number for pair in pairs for number in pair})
    places = {number: place for place, number in enumerate(touched, start=1)}
    debits, credited = [0] * len(touched), [0] * len(touched)
    for debit, credit in pairs:
        debits[places[debit] - 1] += 1
        credited[places[credit] - 1] += 1
    return Batch(
        accounts=[account_uuid(number) for number in touched],
        debits=debits,
        credits=credited,
        counts=[debit + credit for debit, credit in zip(debits, credited, strict=True)],
        debited=[places[debit] for debit, _ in pairs],
        credited=[places[credit] for _, credit in pairs],
    )


def account_uuid(number: int) -> UUID:
    """Give the id of an account of the bench."""
    return UUID(f"00000000-0000-7000-8000-{number:012x}")


def arguments_of(lane: Lane, batch: Batch) -> dict[str, object]:
    """Put a call together by the names of the function's parameters, with ids and keys that were never used."""
    n = lane.transfers
    keys = os.urandom(_KEY_BYTES * n).hex()
    return {
        "p_tenant": lane.tenant,
        "p_accounts": batch.accounts,
        "p_debits": batch.debits,
        "p_credits": batch.credits,
        "p_counts": batch.counts,
        "p_from": batch.debited,
        "p_to": batch.credited,
        "p_amounts": [1] * n,
        "p_currencies": [lane.currency] * n,
        "p_ids": [uuid7() for _ in range(n)],
        "p_route": _ROUTE,
        "p_keys": [keys[at : at + 2 * _KEY_BYTES] for at in range(0, len(keys), 2 * _KEY_BYTES)],
        "p_fingerprints": [_FINGERPRINT] * n,
        "p_actors": [lane.actor] * n,
        "p_requests": ["req_bench"] * n,
        "p_descriptions": [None] * n,
        "p_metadata": [None] * n,
        "p_atomic": False,
        "p_ordered": False,
    }


async def run(lane: Lane) -> Tally:
    """Post call after call until the time is over. Raises RuntimeError when an item is refused."""
    connection: Any = await asyncpg.connect(lane.url)
    names: list[str] = await connection.fetchval(_PARAMETERS)
    places = ", ".join(f"${place}" for place in range(1, len(names) + 1))
    call = await connection.prepare(f"select codes from fm.post_transfers({places})")  # noqa: S608 -- $1, $2, and so on
    chance = random.Random()  # noqa: S311 -- load, not secrets
    begin = time.perf_counter() + lane.warm_seconds
    end = begin + lane.seconds
    acknowledged, durations = 0, list[int]()
    following = arguments_of(lane, make_batch(lane, chance))
    while (began := time.perf_counter()) < end:
        under_way = asyncio.ensure_future(call.fetchval(*(following[name] for name in names)))
        await asyncio.sleep(0)  # It goes out, and the next one is made while the database works on it.
        following = arguments_of(lane, make_batch(lane, chance))
        codes = await under_way
        over = time.perf_counter()
        if any(codes):
            raise RuntimeError(f"a transfer was refused with {max(codes)}")
        acknowledged += lane.transfers
        if begin <= over < end:
            durations.append(round((over - began) * 1e9))
    await connection.close()
    buckets: dict[int, int] = {}
    for duration in durations:
        buckets[bucket_of(duration)] = buckets.get(bucket_of(duration), 0) + 1
    return Tally(
        seconds=lane.seconds,
        counted=len(durations) * lane.transfers,
        acknowledged=acknowledged,
        statuses={201: acknowledged // lane.transfers},
        durations=buckets,
    )


def main() -> None:
    """Read the lane, run it, write the tally."""
    lane = msgspec.json.decode(sys.stdin.buffer.read(), type=Lane)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(run(lane))))


if __name__ == "__main__":
    main()
