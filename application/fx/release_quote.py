"""Release a reserved quote that is not wanted any more."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.fx.quote_step import QuoteStep, Tell
from application.ports.journal import Answer
from domain.ids import QuoteId


class ReleaseQuote(msgspec.Struct, frozen=True):
    """Which quote."""

    quote_id: QuoteId


@dataclass(frozen=True, slots=True)
class ReleaseQuoteHandler:
    """The policy: only what is reserved can be released, and a released quote cannot be used again."""

    step: QuoteStep

    async def __call__(self, command: ReleaseQuote, call: Call, tell: Tell) -> Answer:
        """Release, or give the earlier answer of the call's key. Raises FX_QUOTE_USED, STATE_CONFLICT, NOT_FOUND."""
        return await self.step.release(call, command.quote_id, tell)
