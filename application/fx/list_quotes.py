"""List a tenant's quotes."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.fx import QuoteQueries
from domain.fx.quotes import FxQuote, QuoteState
from domain.ids import QuoteId


class ListQuotes(msgspec.Struct, frozen=True, kw_only=True):
    """Which quotes, how many, and before which one."""

    state: QuoteState | None = None
    before: QuoteId | None = None
    limit: int = 50


class QuotePage(msgspec.Struct, frozen=True):
    """A page of quotes, and whether there are more."""

    quotes: tuple[FxQuote, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ListQuotesHandler:
    """The policy: the newest come first."""

    queries: QuoteQueries

    async def __call__(self, command: ListQuotes, call: Call) -> QuotePage:
        """Read one page."""
        found = await self.queries.page(
            call.tenant_id, state=command.state, before=command.before, limit=command.limit + 1
        )
        return QuotePage(found[: command.limit], len(found) > command.limit)
