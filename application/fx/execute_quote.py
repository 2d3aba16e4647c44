"""Exchange at a quote's price: the quote and its legs become true together."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.fx import FxAccounts, QuoteChange, QuoteQueries, QuoteRepository
from application.ports.journal import Conflict, Journal
from application.ports.ledger import AccountFinder
from application.ports.world import World
from domain.errors import LEDGER_ACCOUNT_UNKNOWN, SERVICE_UNAVAILABLE, FieldError, MediatorError
from domain.fx.conversion import ConversionAccounts, conversion_of, position_code, rounded_currency, rounding_code
from domain.fx.quotes import FxQuote, QuoteState
from domain.ids import LedgerTransactionId, Prefix, QuoteId, public_id
from domain.posting import Outcome, Placed, Posting, Reason, Refusal, Transfer

DECISIONS_MAX = 16


class ExecuteQuote(msgspec.Struct, frozen=True, kw_only=True):
    """Which quote, the account that is debited in its source currency, and the one credited in its target currency.

    An account is named by its public id or its code path.
    """

    quote_id: QuoteId
    source_account: str
    target_account: str


class Exchanged(msgspec.Struct, frozen=True):
    """The quote as it stands after the exchange, what was asked of the books, and what they booked."""

    quote: FxQuote
    order: Transfer
    posting: Posting


@dataclass(frozen=True, slots=True)
class ExecuteQuoteHandler:
    """The policy.

    - An open quote is reserved first, if its time is not over; a reserved one is honoured however late it is.
    - The legs and the end of the quote are one commit: neither is ever there without the other, and a quote is executed
      once, whoever is faster.
    - When the books refuse the legs (no funds, a frozen account), the quote stays reserved: try again with a new key,
      or release it.
    """

    journal: Journal
    queries: QuoteQueries
    quotes: QuoteRepository
    accounts: FxAccounts
    finder: AccountFinder
    world: World

    async def __call__(self, command: ExecuteQuote, call: Call) -> Exchanged:
        """Exchange, or give what the call's key exchanged before.

        Raises FX_QUOTE_EXPIRED, FX_QUOTE_USED, NOT_FOUND, and the LEDGER_ codes of a transfer.
        """
        for _ in range(DECISIONS_MAX):
            quote = await self._ready(command.quote_id, call)
            transaction_id = LedgerTransactionId(self.world.moment().new_id())
            order = conversion_of(quote, await self._accounts(command, quote), transaction_id)
            placed = Placed(
                order=order,
                actor=call.actor,
                request_id=call.request_id,
                api_key_id=call.api_key_id,
                quote_id=quote.id,
                quote_version=quote.version,
            )
            outcome = await self._posted(placed, call)
            now = await self.queries.get(call.tenant_id, quote.id)
            if isinstance(outcome, Posting):
                return Exchanged(now, order, outcome)
            if outcome.reason is not Reason.MOVED_ON:
                raise outcome.error()
            if now.state in (QuoteState.EXECUTED, QuoteState.RELEASED):
                raise now.used()
        raise _too_busy()

    async def _ready(self, quote_id: QuoteId, call: Call) -> FxQuote:
        """Give the quote reserved; an executed one as it is, for the books know whether this call executed it."""
        for _ in range(DECISIONS_MAX):
            quote = await self.queries.get(call.tenant_id, quote_id)
            if quote.state in (QuoteState.RESERVED, QuoteState.EXECUTED):
                return quote
            moment = self.world.moment()
            reserved = quote.reserve(call.request_id, moment.now)
            audit = call.audit("fx.quote_reserved", public_id(Prefix.FX_QUOTE, quote.id), moment)
            try:
                await self.quotes.reserve(QuoteChange(quote=reserved, audit=audit))
            except Conflict:
                continue
            return reserved
        raise _too_busy()

    async def _posted(self, placed: Placed, call: Call) -> Outcome:
        try:
            return await self.journal.post(call.tenant_id, placed, idempotency=call.idempotency)
        except Conflict:
            return Refusal(Reason.MOVED_ON)

    async def _accounts(self, command: ExecuteQuote, quote: FxQuote) -> ConversionAccounts:
        """Find the caller's accounts and our own. Raises LEDGER_ACCOUNT_UNKNOWN."""
        source, target, rounded = quote.source_currency, quote.target_currency, rounded_currency(quote)
        names = {
            "/source_account": (command.source_account, source),
            "/target_account": (command.target_account, target),
        }
        found = await self.finder.find(quote.tenant_id, set(names.values()))
        missing = tuple(FieldError(place, "unknown") for place, name in names.items() if name not in found)
        if missing:
            raise MediatorError(LEDGER_ACCOUNT_UNKNOWN, "There is no such account.", errors=missing)
        ours = await self.accounts.ensure(
            quote.tenant_id,
            {position_code(source): source, position_code(target): target, rounding_code(rounded): rounded},
        )
        return ConversionAccounts(
            source=found[command.source_account, source].id,
            target=found[command.target_account, target].id,
            source_position=ours[position_code(source)],
            target_position=ours[position_code(target)],
            rounding=ours[rounding_code(rounded)],
        )


def _too_busy() -> MediatorError:
    return MediatorError(SERVICE_UNAVAILABLE, "The quote is too busy; repeat the request.", retry_after_seconds=1)
