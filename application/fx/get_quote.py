"""Tell one quote."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.fx import QuoteQueries
from domain.fx.quotes import FxQuote
from domain.ids import QuoteId


class GetQuote(msgspec.Struct, frozen=True):
    """Which quote."""

    quote_id: QuoteId


@dataclass(frozen=True, slots=True)
class GetQuoteHandler:
    """The policy: a quote stays to be read, with everything that explains its price, whatever became of it."""

    queries: QuoteQueries

    async def __call__(self, command: GetQuote, call: Call) -> FxQuote:
        """Give the quote. Raises NOT_FOUND."""
        return await self.queries.get(call.tenant_id, command.quote_id)
