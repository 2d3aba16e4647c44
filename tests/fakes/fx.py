"""Exchange in memory: rates, quotes and positions over the shared memory database, and sheets to price with."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from uuid import UUID

from msgspec.structs import replace

from application.ports.fx import (
    FxAccounts,
    QuoteChange,
    QuoteExpiry,
    QuoteQueries,
    QuoteRepository,
    RateRepository,
    RateSource,
    Written,
)
from application.ports.journal import Answer, AnyUnit, Conflict, IdempotencyKey, Journal, Keep, Verdict
from application.ports.ledger import AccountFinder, AccountName, FoundAccount
from domain.errors import FX_QUOTE_EXPIRED, IDEM_MISMATCH, NOT_FOUND, MediatorError
from domain.fx.conversion import Exposure
from domain.fx.pricing import FixedSide
from domain.fx.quotes import FxQuote, QuoteOrder, QuoteState, open_quote
from domain.fx.rates import ChosenSheet, DayRule, Rate, RateSheet, Side, Source
from domain.ids import LedgerAccountId, QuoteId, TenantId
from domain.money import Currency
from domain.posting import Outcome, Placed, Posting, Refusal, Transfer
from tests.fakes.world import SettableWorld

FRIDAY = date(2026, 10, 30)
NOON = datetime(2026, 10, 30, 12, tzinfo=UTC)
ECB_PRICES = {"USD": "1.1172", "JPY": "175.68", "INR": "106.084", "KRW": "1491.76", "HUF": "366.33", "ISK": "136"}
"""Reference rates of 30 October 2026 (European Central Bank)."""

NRB_PRICES = {"INR": (100, "160.00", "160.15"), "USD": (1, "131.97", "132.57"), "JPY": (10, "9.65", "9.70")}
"""Rates of 1 March 2023 (Nepal Rastra Bank), put on another day here."""

_SEEDS = count(70_000)


def ecb_sheet(as_of: date = FRIDAY, **prices: str) -> RateSheet:
    """Give a sheet of mid rates for one euro; `prices` are put beside or in the place of the real ones."""
    rates = tuple(
        Rate(
            source=Source.ECB,
            base=Currency("EUR"),
            quote=Currency(code),
            unit=1,
            side=Side.MID,
            as_of=as_of,
            published_at=None,
            value=Decimal(price),
        )
        for code, price in (ECB_PRICES | prices).items()
    )
    return RateSheet(source=Source.ECB, as_of=as_of, rates=rates)


def nrb_sheet(as_of: date = FRIDAY, *, sides: Sequence[Side] = (Side.BUY, Side.SELL)) -> RateSheet:
    """Give a two-sided sheet in rupees, published 49 seconds after midnight in Nepal."""
    published = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC) - timedelta(hours=5, minutes=44, seconds=11)
    rates = tuple(
        Rate(
            source=Source.NRB,
            base=Currency(code),
            quote=Currency("NPR"),
            unit=unit,
            side=side,
            as_of=as_of,
            published_at=published,
            value=Decimal(buy if side is Side.BUY else sell),
        )
        for code, (unit, buy, sell) in NRB_PRICES.items()
        for side in sides
    )
    return RateSheet(source=Source.NRB, as_of=as_of, rates=rates)


def a_quote(  # noqa: PLR0917 -- all are named by their callers
    amount_minor: int = 10_000,
    fixed_side: FixedSide = FixedSide.SOURCE,
    source: str = "EUR",
    target: str = "USD",
    margin_basis_points: int = 0,
    now: datetime = NOON,
    wanted: date = FRIDAY,
    tenant_id: TenantId | None = None,
    lifetime: timedelta = timedelta(seconds=60),
    age_max: timedelta = timedelta(days=6),
) -> FxQuote:
    """Quote at the ECB's rates."""
    world = SettableWorld(now, seed=next(_SEEDS), tick=timedelta(0))
    order = QuoteOrder(
        tenant_id=tenant_id or TenantId(world.new_id()),
        source_currency=Currency(source),
        target_currency=Currency(target),
        fixed_side=fixed_side,
        amount_minor=amount_minor,
        margin_basis_points=margin_basis_points,
    )
    chosen = ChosenSheet(sheet=ecb_sheet(), wanted=wanted, rule=DayRule())
    return open_quote(order, chosen, world.moment(), age_max=age_max, lifetime=lifetime)


class MemoryRates(RateRepository):
    """Keeps sheets."""

    def __init__(self) -> None:
        """Begin empty."""
        self.sheets: dict[tuple[Source, date], RateSheet] = {}

    async def write(self, sheets: Sequence[RateSheet]) -> Written:
        """Replace the days of these sheets."""
        added = revised = 0
        for sheet in sheets:
            known = self.sheets.get((sheet.source, sheet.as_of))
            before = {} if known is None else {(one.base, one.quote, one.side): one for one in known.rates}
            after = {(one.base, one.quote, one.side): one for one in sheet.rates}
            added += len(after.keys() - before.keys())
            revised += len(before.keys() - after.keys())
            revised += sum(before[pair] != after[pair] for pair in before.keys() & after.keys())
            self.sheets[sheet.source, sheet.as_of] = sheet
        return Written(added, revised)

    async def find_last(self, source: Source, *, until: date) -> RateSheet | None:
        """Find the last sheet up to that day."""
        days = [day for one, day in self.sheets if one is source and day <= until]
        return self.sheets[source, max(days)] if days else None


class ScriptedRates(RateSource):
    """Publishes what the test says; an exception is raised."""

    def __init__(self, source: Source, published: Sequence[RateSheet] | Exception) -> None:
        """Publish this."""
        self._source = source
        self.published = published
        self.asked: list[tuple[date, date]] = []

    @property
    def source(self) -> Source:
        """Whose rates these are."""
        return self._source

    async def sheets(self, *, since: date, until: date) -> tuple[RateSheet, ...]:
        """Give everything, whatever was asked for."""
        self.asked.append((since, until))
        if isinstance(self.published, Exception):
            raise self.published
        return tuple(self.published)


class MemoryQuotes(QuoteRepository, QuoteQueries, QuoteExpiry):
    """Keeps quotes, the answers of their keys, and what happened to them, by a clock of the test's."""

    def __init__(self, world: SettableWorld) -> None:
        """Measure by this world's clock."""
        self.world = world
        self.rows: dict[tuple[TenantId, QuoteId], FxQuote] = {}
        self.answers: dict[tuple[TenantId, str, str], tuple[bytes, Answer]] = {}
        self.told: list[str] = []

    def recall(self, tenant_id: TenantId, key: IdempotencyKey) -> Answer | None:
        """Give the answer of a key, as the journal does."""
        known = self.answers.get((tenant_id, key.route, key.key))
        if known is None:
            return None
        if known[0] != key.fingerprint:
            raise MediatorError(IDEM_MISMATCH, "This key was used with another path or body.")
        answer = known[1]
        return Answer(answer.status, answer.content_type, answer.body, answer.location, replayed=True)

    async def open(self, change: QuoteChange) -> Answer | None:
        """Keep a new quote."""
        return self._move(change, QuoteState.OPEN, None)

    async def reserve(self, change: QuoteChange) -> Answer | None:
        """Reserve an open quote in time."""
        return self._move(change, QuoteState.RESERVED, QuoteState.OPEN)

    async def release(self, change: QuoteChange) -> Answer | None:
        """Give a reserved quote up."""
        return self._move(change, QuoteState.RELEASED, QuoteState.RESERVED)

    def _move(self, change: QuoteChange, to: QuoteState, begin: QuoteState | None) -> Answer | None:
        quote, keep = change.quote, change.keep
        if keep is not None and (earlier := self.recall(quote.tenant_id, keep.key)) is not None:
            return earlier
        known = self.rows.get((quote.tenant_id, quote.id))
        state, version = (None, 0) if known is None else (known.state, known.version)
        if (quote.state, state, quote.version) != (to, begin, version + 1):
            raise Conflict("the quote moved on")
        if known is not None and to is QuoteState.RESERVED and known.expires_at <= self.world.now:
            raise MediatorError(FX_QUOTE_EXPIRED, "The quote's time was over before it was reserved.")
        self.rows[quote.tenant_id, quote.id] = quote
        self.told.append(change.audit.action)
        if keep is not None:
            self.answers[quote.tenant_id, keep.key.route, keep.key.key] = (keep.key.fingerprint, keep.answer)
        return None

    async def get(self, tenant_id: TenantId, quote_id: QuoteId) -> FxQuote:
        """Give a quote."""
        if (tenant_id, quote_id) not in self.rows:
            raise MediatorError(NOT_FOUND, "There is no such quote.")
        return self.rows[tenant_id, quote_id]

    async def page(
        self, tenant_id: TenantId, *, state: QuoteState | None, before: QuoteId | None, limit: int
    ) -> tuple[FxQuote, ...]:
        """List quotes, newest first."""
        mine = [one for (tenant, _), one in self.rows.items() if tenant == tenant_id]
        wanted = [one for one in mine if state in (None, one.state) and (before is None or one.id < before)]
        return tuple(sorted(wanted, key=lambda one: one.id, reverse=True)[:limit])

    async def due_tenants(self, *, limit: int) -> tuple[TenantId, ...]:
        """Give tenants with open quotes whose time is over."""
        return tuple(sorted({one.tenant_id for one in self._due()})[:limit])

    async def expire(self, tenant_id: TenantId, *, limit: int) -> int:
        """Expire such quotes of one tenant."""
        due = [one for one in self._due() if one.tenant_id == tenant_id][:limit]
        for quote in due:
            self.rows[tenant_id, quote.id] = quote.expire(self.world.now)
            self.told.append("fx.quote_expired")
        return len(due)

    def _due(self) -> list[FxQuote]:
        return [one for one in self.rows.values() if one.state is QuoteState.OPEN and one.expires_at <= self.world.now]


class MemoryFxAccounts(FxAccounts):
    """Knows accounts by code; `positions` are what the test says that was booked."""

    def __init__(self, quotes: MemoryQuotes) -> None:
        """Count the reserved quotes among these."""
        self._quotes = quotes
        self.codes: dict[tuple[TenantId, str], UUID] = {}
        self.positions: dict[tuple[TenantId, str], int] = {}

    async def ensure(self, tenant_id: TenantId, wanted: Mapping[str, Currency]) -> Mapping[str, LedgerAccountId]:
        """Give the account of each code."""
        for code in wanted:
            self.codes.setdefault((tenant_id, code), self._quotes.world.new_id())
        return {code: LedgerAccountId(self.codes[tenant_id, code]) for code in wanted}

    async def exposures(self, tenant_id: TenantId) -> tuple[Exposure, ...]:
        """Add up what was booked and what is reserved."""
        reserved: dict[str, int] = {}
        for (tenant, _), quote in self._quotes.rows.items():
            if tenant == tenant_id and quote.state is QuoteState.RESERVED:
                by_source = quote.fixed_side is FixedSide.SOURCE
                left = quote.terms.rounding_minor
                paid = quote.source_minor - (0 if by_source else left)
                given = quote.target_minor + (left if by_source else 0)
                reserved[quote.source_currency] = reserved.get(quote.source_currency, 0) + paid
                reserved[quote.target_currency] = reserved.get(quote.target_currency, 0) - given
        booked = {code.rpartition(":")[2] for tenant, code in self.positions if tenant == tenant_id}
        return tuple(
            Exposure(
                currency=Currency(code),
                position_minor=self.positions.get((tenant_id, f"fx:position:{code}"), 0),
                reserved_minor=reserved.get(code, 0),
                rounding_minor=self.positions.get((tenant_id, f"rounding:{code}"), 0),
            )
            for code in sorted(booked | reserved.keys())
        )


class MemoryExchangeJournal(Journal):
    """A journal that takes exchanges only: it moves the quote with the order, or does what the test says."""

    def __init__(self, quotes: MemoryQuotes) -> None:
        """Move these quotes."""
        self._quotes = quotes
        self.orders: list[Placed] = []
        self.outcomes: dict[tuple[TenantId, str, str], Outcome] = {}
        self.refusal: Refusal | Exception | None = None
        self.before_post: Callable[[], Awaitable[object]] | None = None

    async def commit(self, unit: AnyUnit) -> Verdict:
        """Refuse: payments are none of this desk's business."""
        raise NotImplementedError

    async def post_batch(
        self, tenant_id: TenantId, batch: Sequence[tuple[Placed, IdempotencyKey | None]], *, atomic: bool
    ) -> tuple[Outcome | MediatorError, ...]:
        """Refuse: exchanges come one by one."""
        raise NotImplementedError

    async def let_go(self, tenant_id: TenantId, key: IdempotencyKey) -> None:
        """Refuse: no key of a quote is held."""
        raise NotImplementedError

    async def keep_answer(self, tenant_id: TenantId, keep: Keep) -> Answer:
        """Refuse: answers are kept with the move that they tell of."""
        raise NotImplementedError

    async def recall(self, tenant_id: TenantId, key: IdempotencyKey, *, lease_seconds: float) -> Answer | None:
        """Say what is known of a key of a quote."""
        return self._quotes.recall(tenant_id, key)

    async def post(
        self, tenant_id: TenantId, placed: Placed, *, idempotency: IdempotencyKey | None = None, dry_run: bool = False
    ) -> Outcome:
        """Book an order and execute its quote, or refuse both."""
        if self.before_post is not None:
            await self.before_post()
        key = None if idempotency is None else (tenant_id, idempotency.route, idempotency.key)
        if key in self.outcomes:
            earlier = self.outcomes[key]
            return replace(earlier, replayed=True) if isinstance(earlier, Posting) else earlier
        if isinstance(self.refusal, Exception):
            raise self.refusal
        outcome = self.refusal or self._booked(tenant_id, placed)
        if key is not None:
            self.outcomes[key] = outcome
        return outcome

    def _booked(self, tenant_id: TenantId, placed: Placed) -> Posting:
        order = placed.order
        assert isinstance(order, Transfer)
        assert placed.quote_id is not None
        quote = self._quotes.rows[tenant_id, QuoteId(placed.quote_id)]
        if (quote.state, quote.version) != (QuoteState.RESERVED, placed.quote_version):
            raise Conflict("the quote moved on")
        self._quotes.rows[tenant_id, quote.id] = quote.execute(order.id, self._quotes.world.now)
        self.orders.append(placed)
        return Posting(transaction_id=order.id, recorded_at=self._quotes.world.now)


class MemoryFinder(AccountFinder):
    """Knows the accounts that the test names."""

    def __init__(self, *names: AccountName) -> None:
        """Know these."""
        self.known = {
            name: FoundAccount(LedgerAccountId(SettableWorld(seed=next(_SEEDS)).new_id()), Currency(str(name[1])))
            for name in names
        }

    async def find(self, tenant_id: TenantId, names: Collection[AccountName]) -> Mapping[AccountName, FoundAccount]:
        """Find them."""
        return {name: self.known[name] for name in names if name in self.known}
