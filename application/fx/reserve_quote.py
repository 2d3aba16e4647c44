"""Reserve a quote: from then on its price is honoured."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.fx.quote_step import QuoteStep, Tell
from application.ports.journal import Answer
from domain.ids import QuoteId


class ReserveQuote(msgspec.Struct, frozen=True, kw_only=True):
    """Which quote, and for what (a payment's id, an order's number)."""

    quote_id: QuoteId
    reserved_for: str


@dataclass(frozen=True, slots=True)
class ReserveQuoteHandler:
    """The policy: the time is tested here, by the database's clock, and never again; a quote is reserved once."""

    step: QuoteStep

    async def __call__(self, command: ReserveQuote, call: Call, tell: Tell) -> Answer:
        """Reserve, or give the earlier answer of the call's key. Raises FX_QUOTE_EXPIRED, FX_QUOTE_USED, NOT_FOUND."""
        return await self.step.reserve(call, command.quote_id, command.reserved_for, tell)
