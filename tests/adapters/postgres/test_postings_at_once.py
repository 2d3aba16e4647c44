"""Very many postings at once at a real database: nothing lost, nothing doubled, no deadlock, books that can be proved.

`MEDIATOR_TEST_ACCOUNTS` names how many accounts the wide crowd uses, for a long look.
"""

import asyncio
import itertools
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import asyncpg
import pytest

from adapters.postgres.engine import PoolSize, make_engine
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.lanes import dispose
from domain.ids import LedgerAccountId
from domain.limits import LimitScope
from domain.posting import Order, Outcome, Posting, Reason, Refusal
from tests.fakes.clerk import Clerk, credit, debit, hold, key_of, pair, post, reverse, transfer
from tests.fakes.house import House
from tests.fakes.ledger_windows import PostgresLedgerWindows

ACCOUNTS = int(os.environ.get("MEDIATOR_TEST_ACCOUNTS", "200"))
CLIENTS = 200
PROCESSES = 4


@pytest.fixture(params=[False, True], ids=["postgres", "careful"])
async def clerks(
    request: pytest.FixtureRequest, house: House, application_url: str, owner: asyncpg.Connection
) -> AsyncIterator[list[Clerk]]:
    """Clerks of one tenant, each in a process of its own as far as the database can see."""
    windows = PostgresLedgerWindows("", house.tenant_id, owner)
    async with AsyncExitStack() as stack:
        made: list[Clerk] = []
        for _ in range(PROCESSES):
            engine = make_engine(application_url, pool=PoolSize(4, 4), application="crowd")
            stack.push_async_callback(dispose, engine)
            made.append(
                Clerk(replace(house, journal=PostgresJournal(engine, careful=request.param), ledger_windows=windows))
            )
        yield made


@pytest.fixture(autouse=True)
async def _no_deadlock_and_true_books(clerks: list[Clerk], owner: asyncpg.Connection) -> AsyncIterator[None]:
    before = await deadlocks(owner)
    yield
    assert await deadlocks(owner) == before
    await books_hold(owner, clerks[0])


async def deadlocks(owner: asyncpg.Connection) -> int:
    """Count the deadlocks of this worker's database; what a backend counted is seen when it is idle."""
    await owner.execute("select pg_stat_clear_snapshot()")
    return int(await owner.fetchval("select deadlocks from pg_stat_database where datname = current_database()"))


async def books_hold(owner: asyncpg.Connection, clerk: Clerk) -> None:
    """Add the entries of a tenant up again: they carry every balance, in versions without a gap, in order of time."""
    wrong = await owner.fetch(
        """
        with e as (
          select e.account_id, e.account_version, e.balance_minor, e.recorded_at,
            case e.direction when a.normal_balance then e.amount_minor else -e.amount_minor end as signed,
            lag(e.recorded_at) over w as earlier,
            sum(case e.direction when a.normal_balance then e.amount_minor else -e.amount_minor end) over w as running
          from fm.entries e join fm.ledger_accounts a on a.tenant_id = e.tenant_id and a.id = e.account_id
          where e.tenant_id = $1
          window w as (partition by e.account_id order by e.account_version))
        select * from e where balance_minor <> running or recorded_at < earlier
        """,
        clerk.house.tenant_id,
    )
    assert wrong == []
    sums: Counter[str] = Counter()
    by_account: Counter[LedgerAccountId] = Counter()
    accounts = await clerk.house.ledger_windows.accounts()
    for leg in await clerk.house.ledger_windows.entries():
        sums[leg.currency] += leg.amount_minor if leg.direction == "debit" else -leg.amount_minor
        normal = leg.direction is accounts[leg.account_id].normal_balance
        by_account[leg.account_id] += leg.amount_minor if normal else -leg.amount_minor
    assert not any(sums.values())
    assert all(account.posted == by_account[account.id] for account in accounts.values())
    assert all(account.floor is None or account.available >= account.floor for account in accounts.values())


async def all_of(clerks: Sequence[Clerk], orders: Iterable[Order]) -> list[Outcome]:
    """Give orders at once, each to the next process."""
    waiting: list[Awaitable[Outcome]] = [
        clerks[number % len(clerks)].give(order, key=key_of(f"crowd-{number}")) for number, order in enumerate(orders)
    ]
    return list(await asyncio.gather(*waiting))


def booked(ends: Iterable[Outcome]) -> int:
    """Count what was booked."""
    return sum(isinstance(end, Posting) for end in ends)


async def test_two_hundred_clients_on_one_hot_account(clerks: list[Clerk]) -> None:
    hot, others = await clerks[0].funded(300), [await clerks[0].open() for _ in range(10)]

    ends = await all_of(clerks, [pair(hot, others[number % 10], 2) for number in range(CLIENTS)])

    assert booked(ends) == 150
    assert {end for end in ends if isinstance(end, Refusal)} == {Refusal(Reason.INSUFFICIENT_FUNDS, 1)}
    assert await clerks[0].balances(hot) == (0, 0, 0)
    assert (await clerks[0].account(hot)).version == 151


async def test_a_crowd_of_every_kind_over_many_accounts(clerks: list[Clerk]) -> None:
    chance = random.Random(7)  # noqa: S311 -- the same crowd every time
    accounts = [await clerks[0].open(overdraft=chance.choice([None, 20])) for _ in range(ACCOUNTS)]
    held = [hold(accounts[number], accounts[number + 1], 5) for number in range(20)]
    await all_of(clerks, held)

    def order(number: int) -> Order:
        one, other, third = chance.sample(accounts[: 20 if number % 2 else ACCOUNTS], 3)
        amount = chance.randint(1, 9)
        match number % 5:
            case 0:
                return transfer(debit(one, amount), credit(other, 1), credit(third, amount), debit(third, 1))
            case 1:
                return post(chance.choice(held), 1)
            case _:
                return pair(one, other, amount)

    ends = [end for _ in range(3) for end in await all_of_fresh(clerks, [order(number) for number in range(CLIENTS)])]

    reasons = {end.reason for end in ends if isinstance(end, Refusal)}
    assert reasons <= {Reason.INSUFFICIENT_FUNDS, Reason.HOLD_CLOSED, Reason.UNKNOWN_HOLD}
    assert booked(ends) > CLIENTS


async def all_of_fresh(clerks: Sequence[Clerk], orders: Sequence[Order]) -> list[Outcome]:
    """Give orders at once, without keys."""
    return list(await asyncio.gather(*(clerks[n % len(clerks)].give(order) for n, order in enumerate(orders))))


async def test_money_going_round_in_both_directions_does_not_stop(clerks: list[Clerk]) -> None:
    one, other, third = [await clerks[0].funded(1000) for _ in range(3)]
    ring = [(one, other), (other, third), (third, one), (other, one), (third, other), (one, third)]

    ends = await all_of(clerks, [pair(*ring[number % 6], 1) for number in range(CLIENTS - CLIENTS % 6)])

    assert booked(ends) == 198
    assert [(await clerks[0].balances(account))[0] for account in (one, other, third)] == [1000] * 3


async def test_batches_that_cross_do_not_stop_each_other(clerks: list[Clerk]) -> None:
    accounts = [await clerks[0].open() for _ in range(6)]

    def batch(turned: int) -> list[Order]:
        row = accounts if turned else accounts[::-1]
        return [pair(one, other, 1) for one, other in itertools.pairwise(row)]

    ends = await asyncio.gather(
        *(clerks[number % PROCESSES].batch(*batch(number % 2), atomic=number % 3 == 0) for number in range(24))
    )

    assert all(isinstance(end, Posting) for batch_ends in ends for end in batch_ends)
    assert {account.posted for account in (await clerks[0].house.ledger_windows.accounts()).values()} == {0}


@pytest.mark.parametrize("kind", ["transfers", "holds"])
async def test_references_that_cross_do_not_stop_each_other(clerks: list[Clerk], kind: str) -> None:
    pairs = [(await clerks[0].open(), await clerks[0].open()) for _ in range(4)]
    word = pair if kind == "transfers" else hold

    def batch(number: int, turn: int) -> list[Order]:
        names = [f"{turn}-{name}" for name in range(12)]
        one, other = pairs[number]
        return [word(one, other, 1, reference=name) for name in (names if number % 2 else names[::-1])]

    for turn in range(10):
        ends = await asyncio.gather(*(clerks[number].batch(*batch(number, turn)) for number in range(4)))
        told = [end for batch_ends in ends for end in batch_ends]
        assert {end for end in told if not isinstance(end, Posting)} == {Refusal(Reason.REFERENCE_USED)}
        assert sum(isinstance(end, Posting) for end in told) == 12


async def test_one_key_at_every_process_is_one_posting(clerks: list[Clerk]) -> None:
    account, other = await clerks[0].funded(100), await clerks[0].open()

    ends = await asyncio.gather(
        *(clerks[number % PROCESSES].book(pair(account, other, 7), key=key_of("the one")) for number in range(60))
    )

    assert len({(end.transaction_id, end.entries) for end in ends}) == 1
    assert sum(not end.replayed for end in ends) == 1
    assert await clerks[0].balances(account) == (93, 0, 93)


async def test_fifty_reversals_at_every_process_are_one(clerks: list[Clerk]) -> None:
    account, other = await clerks[0].open(), await clerks[0].open()
    made = await clerks[0].book(pair(account, other, 10))

    ends = await all_of(clerks, [reverse(made.transaction_id) for _ in range(50)])

    assert booked(ends) == 1
    assert {end for end in ends if isinstance(end, Refusal)} == {Refusal(Reason.ALREADY_REVERSED)}
    assert await clerks[0].balances(account) == (0, 0, 0)


async def test_one_reference_at_every_process_names_one_transfer(clerks: list[Clerk]) -> None:
    accounts = [await clerks[0].open() for _ in range(12)]
    pairs = list(zip(accounts, reversed(accounts), strict=True))

    ends = await all_of(clerks, [pair(*pairs[number % 12], 1, reference="invoice") for number in range(48)])

    assert booked(ends) == 1
    assert {end for end in ends if isinstance(end, Refusal)} == {Refusal(Reason.REFERENCE_USED)}


@pytest.mark.parametrize("scope", [LimitScope.ACCOUNT, LimitScope.TENANT])
async def test_a_limit_is_never_exceeded_by_a_crowd(clerks: list[Clerk], scope: LimitScope) -> None:
    account, others = await clerks[0].open(), [await clerks[0].open() for _ in range(8)]
    subject = account if scope is LimitScope.ACCOUNT else clerks[0].house.tenant_id
    await clerks[0].limit(subject, scope=scope, amount_max=500)

    ends = await all_of(clerks, [pair(account, others[number % 8], 7) for number in range(CLIENTS)])

    assert booked(ends) == 71
    assert {end for end in ends if isinstance(end, Refusal)} == {Refusal(Reason.LIMIT_EXCEEDED)}


async def test_an_engine_that_ends_in_the_middle_leaves_each_key_booked_once(
    clerks: list[Clerk], owner: asyncpg.Connection
) -> None:
    account, others = await clerks[0].open(), [await clerks[0].open() for _ in range(8)]
    orders = [pair(account, others[number % 8], 1) for number in range(CLIENTS)]

    async def cut() -> None:
        for _ in range(5):
            await asyncio.sleep(0.01)
            await owner.fetch(
                """select pg_terminate_backend(pid) from pg_stat_activity
                  where application_name = 'crowd' and datname = current_database()"""
            )

    waiting = [
        clerks[number % PROCESSES].give(order, key=key_of(f"crowd-{number}")) for number, order in enumerate(orders)
    ]
    await asyncio.gather(*waiting, cut(), return_exceptions=True)
    ends = await all_of(clerks, [pair(account, others[number % 8], 1) for number in range(CLIENTS)])

    assert booked(ends) == CLIENTS
    assert await clerks[0].balances(account) == (-CLIENTS, 0, -CLIENTS)


async def test_who_gave_up_and_comes_again_while_all_wait_is_booked_once(
    clerks: list[Clerk], owner: asyncpg.Connection, owner_url: str
) -> None:
    clerk, account, other = clerks[0], await clerks[0].open(), await clerks[0].open()
    locker = await asyncpg.connect(owner_url)
    async with locker.transaction():
        await locker.execute("select from fm.ledger_accounts where id = $1 for update", account)
        first = asyncio.create_task(clerk.book(pair(account, other, 1), key=key_of("first")))
        while not await owner.fetchval("select count(*) from pg_locks where not granted and pid <> pg_backend_pid()"):
            await asyncio.sleep(0.005)
        gave_up = asyncio.create_task(clerk.book(pair(account, other, 1), key=key_of("a")))
        await asyncio.sleep(0.01)
        gave_up.cancel()
        await asyncio.wait([gave_up])
        again = [asyncio.create_task(clerk.book(pair(account, other, 1), key=key_of("a"))) for _ in range(2)]
        await asyncio.sleep(0.01)
    await locker.close()

    ends = [await first, *[await one for one in again]]

    assert len({end.transaction_id for end in ends}) == 2
    assert await clerk.balances(account) == (-2, 0, -2)
