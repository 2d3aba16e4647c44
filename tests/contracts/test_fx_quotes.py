"""The promises of exchange's ports: quotes that move once, expire in time, and accounts of our own."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.postgres.fx import (
    PostgresFxAccounts,
    PostgresQuoteExpiry,
    PostgresQuoteQueries,
    PostgresQuoteRepository,
)
from application.call import Call
from application.ports.fx import (
    FxAccounts,
    QuoteChange,
    QuoteExpiry,
    QuoteQueries,
    QuoteRepository,
)
from application.ports.identity import NewTenant
from application.ports.journal import Answer, Conflict, Keep
from domain.errors import MediatorError
from domain.fx.conversion import Exposure
from domain.fx.pricing import FixedSide
from domain.fx.quotes import FxQuote, QuoteState
from domain.ids import QuoteId, TenantId
from domain.money import Currency
from tests.fakes.fx import MemoryFxAccounts, MemoryQuotes, a_quote
from tests.fakes.keeping import a_key, an_answer
from tests.fakes.world import SettableWorld

EUR, USD = Currency("EUR"), Currency("USD")
EVER = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class Desk:
    """One tenant's quotes behind their ports."""

    tenant_id: TenantId
    quotes: QuoteRepository
    queries: QuoteQueries
    expiry: QuoteExpiry
    accounts: FxAccounts

    def quote(self, *, lifetime: timedelta = timedelta(minutes=5), **changes: Any) -> FxQuote:
        """Price something now, in whole microseconds as a database keeps them."""
        return a_quote(now=datetime.now(UTC), tenant_id=self.tenant_id, lifetime=lifetime, age_max=EVER, **changes)

    def change(self, quote: FxQuote, action: str = "fx.test", keep: Keep | None = None) -> QuoteChange:
        call = Call(tenant_id=self.tenant_id, actor="prn_test", request_id="req_test")
        return QuoteChange(
            quote=quote, audit=call.audit(action, "fxq_test", SettableWorld(seed=_seed()).moment()), keep=keep
        )

    async def opened(self, **changes: Any) -> FxQuote:
        quote = self.quote(**changes)
        assert await self.quotes.open(self.change(quote)) is None
        return quote

    async def reserved(self, **changes: Any) -> FxQuote:
        quote = (await self.opened(**changes)).reserve("order 1", datetime.now(UTC))
        assert await self.quotes.reserve(self.change(quote)) is None
        return quote


def _seed() -> int:
    return int(uuid7().int % 2**32)


@pytest.fixture(params=["memory", "postgres"])
def desk(request: pytest.FixtureRequest) -> Desk:
    """A fresh tenant's."""
    if request.param == "memory":
        quotes = MemoryQuotes(RealWorld())
        return Desk(TenantId(uuid7()), quotes, quotes, quotes, MemoryFxAccounts(quotes))
    tenant: NewTenant = request.getfixturevalue("tenant")
    engine: AsyncEngine = request.getfixturevalue("engine")
    return Desk(
        tenant.tenant_id,
        PostgresQuoteRepository(engine),
        PostgresQuoteQueries(engine),
        PostgresQuoteExpiry(engine),
        PostgresFxAccounts(engine),
    )


class RealWorld(SettableWorld):
    """The world as it is: the clock cannot be set."""

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    @now.setter
    def now(self, value: datetime) -> None:
        pass


class TestQuotes:
    """A quote is kept whole and moves once per version."""

    async def test_a_quote_comes_back_as_it_was_opened(self, desk: Desk) -> None:
        quote = await desk.opened(source="USD", target="JPY", margin_basis_points=25)

        assert await desk.queries.get(desk.tenant_id, quote.id) == quote

    async def test_another_tenant_sees_no_quote(self, desk: Desk) -> None:
        quote = await desk.opened()

        with pytest.raises(MediatorError, match="NOT_FOUND"):
            await desk.queries.get(TenantId(uuid7()), quote.id)
        assert await desk.queries.page(TenantId(uuid7()), state=None, before=None, limit=9) == ()

    async def test_it_is_reserved_and_then_released(self, desk: Desk) -> None:
        reserved = await desk.reserved()
        assert await desk.queries.get(desk.tenant_id, reserved.id) == reserved

        released = reserved.release(datetime.now(UTC))
        assert await desk.quotes.release(desk.change(released)) is None
        assert await desk.queries.get(desk.tenant_id, reserved.id) == released

    async def test_it_is_opened_once(self, desk: Desk) -> None:
        quote = await desk.opened()

        with pytest.raises(Conflict):
            await desk.quotes.open(desk.change(quote))

    async def test_of_many_who_reserve_it_one_does(self, desk: Desk) -> None:
        quote = await desk.opened()
        moves = [quote.reserve(f"order {number}", datetime.now(UTC)) for number in range(20)]

        outcomes = await asyncio.gather(
            *(desk.quotes.reserve(desk.change(one)) for one in moves), return_exceptions=True
        )

        assert sorted(type(one).__name__ for one in outcomes) == ["Conflict"] * 19 + ["NoneType"]
        winner = (await desk.queries.get(desk.tenant_id, quote.id)).reserved_for
        assert outcomes[int(str(winner).rpartition(" ")[2])] is None

    async def test_the_time_is_tested_again_where_it_is_kept(self, desk: Desk) -> None:
        quote = await desk.opened(lifetime=timedelta(microseconds=1))
        as_if_in_time = msgspec.structs.replace(quote, expires_at=quote.expires_at + EVER)

        with pytest.raises(MediatorError, match="FX_QUOTE_EXPIRED"):
            await desk.quotes.reserve(desk.change(as_if_in_time.reserve("late", datetime.now(UTC))))
        assert await desk.queries.get(desk.tenant_id, quote.id) == quote

    async def test_what_is_not_reserved_is_not_released(self, desk: Desk) -> None:
        quote = await desk.opened()
        as_if = msgspec.structs.replace(quote, state=QuoteState.RESERVED).release(datetime.now(UTC))

        with pytest.raises(Conflict):
            await desk.quotes.release(desk.change(as_if))

    async def test_a_quote_that_is_not_there_moves_nowhere(self, desk: Desk) -> None:
        with pytest.raises(Conflict):
            await desk.quotes.reserve(desk.change(desk.quote().reserve("x", datetime.now(UTC))))

    @pytest.mark.parametrize("limit", [1, 2, 3, 4])
    async def test_pages_of_any_size_show_each_quote_once_newest_first(self, desk: Desk, limit: int) -> None:
        opened = [msgspec.structs.replace(desk.quote(), id=QuoteId(uuid7())) for _ in range(3)]
        for quote in opened:
            await desk.quotes.open(desk.change(quote))

        shown: list[FxQuote] = []
        while page := await desk.queries.page(
            desk.tenant_id, state=None, before=shown[-1].id if shown else None, limit=limit
        ):
            shown.extend(page)
        assert shown == opened[::-1]

    async def test_quotes_are_found_by_state(self, desk: Desk) -> None:
        reserved = await desk.reserved()
        await desk.opened()

        assert await desk.queries.page(desk.tenant_id, state=QuoteState.RESERVED, before=None, limit=9) == (reserved,)


class TestKeys:
    """A key that was used gives its first answer, and nothing moves."""

    async def test_the_answer_of_a_used_key_is_given_again(self, desk: Desk) -> None:
        keep = Keep(a_key(), an_answer())
        quote = desk.quote()
        assert await desk.quotes.open(desk.change(quote, keep=keep)) is None

        again = await desk.quotes.open(desk.change(desk.quote(), keep=Keep(a_key(), an_answer(b"{}"))))

        assert again == Answer(201, "application/json", keep.answer.body, keep.answer.location, replayed=True)
        assert await desk.queries.page(desk.tenant_id, state=None, before=None, limit=9) == (quote,)

    async def test_a_key_used_for_something_else_is_refused(self, desk: Desk) -> None:
        await desk.quotes.open(desk.change(desk.quote(), keep=Keep(a_key(), an_answer())))

        with pytest.raises(MediatorError, match="IDEM_MISMATCH"):
            await desk.quotes.open(desk.change(desk.quote(), keep=Keep(a_key(body=b"other"), an_answer())))

    @pytest.mark.parametrize("verb", ["reserve", "release"])
    async def test_a_move_that_is_repeated_gives_its_first_answer(self, desk: Desk, verb: str) -> None:
        if verb == "reserve":
            moved = (await desk.opened()).reserve("order 1", datetime.now(UTC))
        else:
            moved = (await desk.reserved()).release(datetime.now(UTC))
        move = getattr(desk.quotes, verb)
        change = desk.change(moved, keep=Keep(a_key(verb), an_answer()))

        assert await move(change) is None
        assert (await move(change)).replayed is True

    async def test_of_many_with_one_key_one_opens_and_all_are_told_the_same(self, desk: Desk) -> None:
        async def ask() -> Answer | None:
            for _ in range(20):
                try:
                    return await desk.quotes.open(desk.change(desk.quote(), keep=Keep(a_key(), an_answer())))
                except Conflict:
                    continue
            raise AssertionError("never told")

        answers = await asyncio.gather(*(ask() for _ in range(10)))

        assert [one is None for one in answers].count(True) == 1
        assert len(await desk.queries.page(desk.tenant_id, state=None, before=None, limit=99)) == 1


class TestExpiry:
    """Open quotes end when their time is over; reserved ones do not."""

    async def test_only_open_quotes_whose_time_is_over_expire(self, desk: Desk) -> None:
        over = await desk.opened(lifetime=timedelta(0))
        still_open, reserved = await desk.opened(), await desk.reserved()

        assert desk.tenant_id in await desk.expiry.due_tenants(limit=1000)
        assert await desk.expiry.expire(desk.tenant_id, limit=9) == 1

        states = {
            one.id: one.state for one in (await desk.queries.page(desk.tenant_id, state=None, before=None, limit=9))
        }
        assert states == {over.id: "expired", still_open.id: "open", reserved.id: "reserved"}
        assert desk.tenant_id not in await desk.expiry.due_tenants(limit=1000)
        assert await desk.expiry.expire(desk.tenant_id, limit=9) == 0

    async def test_a_pass_ends_as_many_as_it_may(self, desk: Desk) -> None:
        for _ in range(3):
            await desk.opened(lifetime=timedelta(0))

        assert [await desk.expiry.expire(desk.tenant_id, limit=2) for _ in range(3)] == [2, 1, 0]


class TestAccounts:
    """Our own accounts are opened once, and reserved quotes count as exposure."""

    async def test_an_account_is_opened_once_and_stays_the_same(self, desk: Desk) -> None:
        wanted = {"fx:position:EUR": EUR, "fx:position:USD": USD, "rounding:USD": USD}

        first = await asyncio.gather(*(desk.accounts.ensure(desk.tenant_id, wanted) for _ in range(5)))
        more = await desk.accounts.ensure(desk.tenant_id, wanted | {"rounding:EUR": EUR})

        assert set(first[0]) == set(wanted)
        assert len({frozenset(one.items()) for one in first}) == 1
        assert {code: more[code] for code in wanted} == first[0]

    async def test_nothing_is_at_stake_before_anything_happened(self, desk: Desk) -> None:
        await desk.opened()

        assert await desk.accounts.exposures(desk.tenant_id) == ()

    async def test_reserved_quotes_are_exposure_with_what_rounding_leaves(self, desk: Desk) -> None:
        await desk.reserved(amount_minor=7)  # 7 cents for 7 US cents; 8 out of the position
        await desk.reserved(amount_minor=7, fixed_side=FixedSide.TARGET)  # 7 cents paid, of which 6 to the position

        assert await desk.accounts.exposures(desk.tenant_id) == (
            Exposure(currency=EUR, position_minor=0, reserved_minor=13, rounding_minor=0),
            Exposure(currency=USD, position_minor=0, reserved_minor=-15, rounding_minor=0),
        )


async def test_what_happened_to_quotes_is_on_record_and_on_its_way(
    tenant: NewTenant, engine: AsyncEngine, owner_url: str
) -> None:
    desk = Desk(
        tenant.tenant_id,
        PostgresQuoteRepository(engine),
        PostgresQuoteQueries(engine),
        PostgresQuoteExpiry(engine),
        PostgresFxAccounts(engine),
    )
    reserved = await desk.reserved()
    await desk.quotes.release(desk.change(reserved.release(datetime.now(UTC))))
    await desk.opened(lifetime=timedelta(0))
    await desk.expiry.expire(desk.tenant_id, limit=9)

    connection = await asyncpg.connect(owner_url)
    sql = "select {0} from fm.{1} where tenant_id = $1 order by {2}"
    told = [
        [row[0] for row in await connection.fetch(sql.format(*columns), desk.tenant_id)]
        for columns in (("tag", "outbox", "event_id"), ("tag", "events", "id"))
    ]
    acts = await connection.fetch(sql.format("action", "audit_events", "recorded_at"), desk.tenant_id)
    await connection.close()
    expected = ["fx.quote_opened", "fx.quote_reserved", "fx.quote_released", "fx.quote_opened", "fx.quote_expired"]
    assert sorted(told[0]) == sorted(told[1]) == sorted(expected)
    assert [row[0] for row in acts if row[0].startswith("fx.")] == ["fx.test"] * 4 + ["fx.quote_expired"]


async def test_no_account_is_opened_that_is_none_of_an_exchange(tenant: NewTenant, engine: AsyncEngine) -> None:
    accounts = PostgresFxAccounts(engine)

    for code in ("customer:1:payable", "fx:position:USD"):
        with pytest.raises(Exception, match="no account of an exchange"):
            await accounts.ensure(tenant.tenant_id, {code: EUR})
