"""One move of a quote: recall what the caller was told, read, decide, commit with the answer; again when raced."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from application.call import LEASE_SECONDS, Call
from application.ports.fx import QuoteChange, QuoteQueries, QuoteRepository
from application.ports.journal import Answer, Conflict, Journal, Keep
from application.ports.world import World
from domain.errors import SERVICE_UNAVAILABLE, MediatorError
from domain.fx.quotes import FxQuote
from domain.ids import Prefix, QuoteId, public_id
from domain.moment import Moment

DECISIONS_MAX = 16
"""How often a move is decided again because somebody else was faster."""

Tell = Callable[[FxQuote], Answer]
"""What a caller is told of a quote. Pure: the answer is kept with the move that it tells of."""

Decide = Callable[[Moment], Awaitable[FxQuote]]

Commit = Callable[[QuoteChange], Awaitable[Answer | None]]


@dataclass(frozen=True, slots=True)
class QuoteStep:
    """Shared by every use case that moves a quote."""

    journal: Journal
    queries: QuoteQueries
    quotes: QuoteRepository
    world: World

    async def open(self, call: Call, make: Decide, tell: Tell) -> Answer:
        """Keep a new quote, or give the earlier answer of the call's key."""
        return await self._decided(call, make, self.quotes.open, tell, action="fx.quote_opened")

    async def reserve(self, call: Call, quote_id: QuoteId, reserved_for: str, tell: Tell) -> Answer:
        """Reserve a quote, or give the earlier answer of the call's key."""

        async def reserved(moment: Moment) -> FxQuote:
            return (await self.queries.get(call.tenant_id, quote_id)).reserve(reserved_for, moment.now)

        return await self._decided(call, reserved, self.quotes.reserve, tell, action="fx.quote_reserved")

    async def release(self, call: Call, quote_id: QuoteId, tell: Tell) -> Answer:
        """Release a quote, or give the earlier answer of the call's key."""

        async def released(moment: Moment) -> FxQuote:
            return (await self.queries.get(call.tenant_id, quote_id)).release(moment.now)

        return await self._decided(call, released, self.quotes.release, tell, action="fx.quote_released")

    async def _decided(
        self,
        call: Call,
        decide: Decide,
        commit: Commit,
        tell: Tell,
        *,
        action: str,
    ) -> Answer:
        for _ in range(DECISIONS_MAX):
            earlier = await self._earlier(call)
            if earlier is not None:
                return earlier
            moment = self.world.moment()
            try:
                quote = await decide(moment)
            except MediatorError:
                # What was read may be what the same key's first request has made meanwhile.
                earlier = await self._earlier(call)
                if earlier is None:
                    raise
                return earlier
            answer = tell(quote)
            keep = None if call.idempotency is None else Keep(call.idempotency, answer)
            audit = call.audit(action, public_id(Prefix.FX_QUOTE, quote.id), moment)
            try:
                return await commit(QuoteChange(quote=quote, audit=audit, keep=keep)) or answer
            except Conflict:
                continue
        raise MediatorError(SERVICE_UNAVAILABLE, "The quote is too busy; repeat the request.", retry_after_seconds=1)

    async def _earlier(self, call: Call) -> Answer | None:
        """Give what was answered under the call's key; no key of a quote is ever held without an answer."""
        if call.idempotency is None:
            return None
        known = await self.journal.recall(call.tenant_id, call.idempotency, lease_seconds=LEASE_SECONDS)
        return known if isinstance(known, Answer) else None
