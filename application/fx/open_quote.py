"""Quote a price for changing one currency into another."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.fx.quote_step import QuoteStep, Tell
from application.fx.rules import DealingRules
from application.ports.fx import RateRepository
from application.ports.journal import Answer
from domain.fx.pricing import FixedSide
from domain.fx.quotes import FxQuote, QuoteOrder, open_quote
from domain.fx.rates import Source, choose_sheet, today_of
from domain.moment import Moment
from domain.money import Currency


class OpenQuote(msgspec.Struct, frozen=True, kw_only=True):
    """What to change, and which of the two amounts is exactly that of the caller (minor units).

    The house's own source and margin where None.
    """

    source_currency: Currency
    target_currency: Currency
    fixed_side: FixedSide
    amount_minor: int
    rate_source: Source | None = None
    margin_basis_points: int | None = None


@dataclass(frozen=True, slots=True)
class OpenQuoteHandler:
    """The policy.

    - The rates are those that the source published for today; on a day without any, its last ones within the stated
      number of days; never older than the age limit. The quote says which day's they are, and why.
    - A cross rate goes through the source's own currency unrounded; the margin is taken off; then the computed amount
      is rounded once, against the customer, and the books keep what that leaves.
    - One idempotency key makes one quote.
    """

    step: QuoteStep
    rates: RateRepository
    rules: DealingRules

    async def __call__(self, command: OpenQuote, call: Call, tell: Tell) -> Answer:
        """Quote. Raises FX_RATE_UNAVAILABLE, VAL_AMOUNT, VAL_CURRENCY."""
        rules = self.rules
        margin = command.margin_basis_points
        order = QuoteOrder(
            tenant_id=call.tenant_id,
            source_currency=command.source_currency,
            target_currency=command.target_currency,
            fixed_side=command.fixed_side,
            amount_minor=command.amount_minor,
            margin_basis_points=rules.margin_basis_points if margin is None else margin,
        )

        async def make(moment: Moment) -> FxQuote:
            source = command.rate_source or rules.source
            today = today_of(source, moment.now)
            last = await self.rates.find_last(source, until=today)
            chosen = choose_sheet(source, last, today, rules.day_rule)
            return open_quote(order, chosen, moment, age_max=rules.age_max, lifetime=rules.lifetime)

        return await self.step.open(call, make, tell)
