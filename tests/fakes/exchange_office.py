"""An exchange office: every use case of exchange over fakes, at a set hour."""

from dataclasses import dataclass, field
from datetime import timedelta

from application.call import Call
from application.fx.execute_quote import ExecuteQuote, ExecuteQuoteHandler
from application.fx.open_quote import OpenQuote, OpenQuoteHandler
from application.fx.quote_step import QuoteStep
from application.fx.rules import DealingRules
from application.ports.journal import Answer, IdempotencyKey
from domain.fx.pricing import FixedSide
from domain.fx.quotes import FxQuote
from domain.ids import QuoteId, TenantId
from domain.money import Currency
from tests.fakes.fx import (
    NOON,
    MemoryExchangeJournal,
    MemoryFinder,
    MemoryFxAccounts,
    MemoryQuotes,
    MemoryRates,
    ecb_sheet,
    nrb_sheet,
)
from tests.fakes.world import SettableWorld

PAYABLE = "customer:1:payable"


def tell(quote: FxQuote) -> Answer:
    """Tell what matters of a quote."""
    return Answer(200, "text/plain", f"{quote.id} {quote.state} {quote.version}".encode())


@dataclass
class Office:
    """Every use case of exchange, over fakes, at noon of the last Friday of October 2026."""

    rules: DealingRules = field(default_factory=DealingRules)
    world: SettableWorld = field(default_factory=lambda: SettableWorld(NOON))

    def __post_init__(self) -> None:
        """Open it."""
        self.tenant_id = TenantId(self.world.new_id())
        self.quotes = MemoryQuotes(self.world)
        self.journal = MemoryExchangeJournal(self.quotes)
        self.accounts = MemoryFxAccounts(self.quotes)
        self.rates = MemoryRates()
        for sheet in (ecb_sheet(), nrb_sheet()):
            self.rates.sheets[sheet.source, sheet.as_of] = sheet
        self.finder = MemoryFinder((PAYABLE, Currency("EUR")), (PAYABLE, Currency("USD")))
        self.step = QuoteStep(self.journal, self.quotes, self.quotes, self.world)
        self.execute = ExecuteQuoteHandler(
            self.journal, self.quotes, self.quotes, self.accounts, self.finder, self.world
        )

    def call(self, key: IdempotencyKey | None = None) -> Call:
        """Call in the name of the tenant."""
        return Call(tenant_id=self.tenant_id, actor="prn_1", request_id="req_1", idempotency=key)

    async def open(self, *, key: IdempotencyKey | None = None, **changes: object) -> Answer:
        """Ask for a price."""
        wanted = {
            "source_currency": Currency("EUR"),
            "target_currency": Currency("USD"),
            "fixed_side": FixedSide.SOURCE,
            "amount_minor": 10_000,
        }
        command = OpenQuote(**(wanted | changes))  # type: ignore[arg-type]  # fields by name
        return await OpenQuoteHandler(self.step, self.rates, self.rules)(command, self.call(key), tell)

    async def quoted(self, **changes: object) -> FxQuote:
        """Ask for a price without a key, and give the quote."""
        await self.open(key=None, **changes)
        return self.newest

    @property
    def newest(self) -> FxQuote:
        """The quote that was opened last."""
        return max(self.quotes.rows.values(), key=lambda one: one.id)

    def order(self, quote_id: QuoteId, source: str = PAYABLE, target: str = PAYABLE) -> ExecuteQuote:
        """Exchange from one account to another."""
        return ExecuteQuote(quote_id=quote_id, source_account=source, target_account=target)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.world.wait(timedelta(seconds=seconds))
