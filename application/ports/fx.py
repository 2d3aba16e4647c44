"""Exchange: where rates come from, where they are kept, and the quotes that were made of them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

import msgspec

from application.ports.journal import Answer, Keep
from domain.audit import AuditRecord
from domain.fx.conversion import Exposure
from domain.fx.quotes import FxQuote, QuoteState
from domain.fx.rates import RateSheet, Source
from domain.ids import LedgerAccountId, QuoteId, TenantId
from domain.money import Currency


class RatesUnreadable(Exception):
    """What a source gave is not what it publishes; the message says where. Nothing of it may be used."""


class RatesUnreachable(Exception):
    """A source could not be read in time, or gave more than is allowed."""


class RateSource(Protocol):
    """Somebody who publishes rates. Reading it changes nothing; the same day may come again, corrected."""

    @property
    def source(self) -> Source:
        """Whose rates these are."""
        ...

    async def sheets(self, *, since: date, until: date) -> tuple[RateSheet, ...]:
        """Give what is published for these days (both included), whole sheets, oldest first.

        Raises RatesUnreadable for a single cell that cannot be read: half a file is no file. Raises RatesUnreachable.
        """
        ...


class Written(msgspec.Struct, frozen=True):
    """What came of writing rates: how many are new, and how many differ from what the source had said before."""

    added: int
    revised: int


class RateRepository(Protocol):
    """Published rates of all sources; they belong to no tenant."""

    async def write(self, sheets: Sequence[RateSheet]) -> Written:
        """Keep sheets as a whole: each replaces what the source said of that day before. Repeating changes nothing."""
        ...

    async def find_last(self, source: Source, *, until: date) -> RateSheet | None:
        """Find the last sheet up to that day (included), whatever its age; None when there is none."""
        ...


class QuoteChange(msgspec.Struct, frozen=True, kw_only=True):
    """A quote after a move, one version above the one that was read, with who moved it and what they are told."""

    quote: FxQuote
    audit: AuditRecord
    keep: Keep | None = None


class QuoteRepository(Protocol):
    """Moves quotes. Each move commits with its event, its audit record and the caller's answer, or nothing does.

    Each gives the earlier answer instead, and does nothing, when the key of `keep` was used already. Each raises
    IDEM_MISMATCH when it was used for something else, Conflict when the quote moved on since it was read.
    """

    async def open(self, change: QuoteChange) -> Answer | None:
        """Keep a new quote."""
        ...

    async def reserve(self, change: QuoteChange) -> Answer | None:
        """Reserve an open quote. Raises FX_QUOTE_EXPIRED when its time is over by the database's clock."""
        ...

    async def release(self, change: QuoteChange) -> Answer | None:
        """Give a reserved quote up."""
        ...


class QuoteQueries(Protocol):
    """Reads quotes."""

    async def get(self, tenant_id: TenantId, quote_id: QuoteId) -> FxQuote:
        """Give a quote. Raises NOT_FOUND."""
        ...

    async def page(
        self, tenant_id: TenantId, *, state: QuoteState | None, before: QuoteId | None, limit: int
    ) -> tuple[FxQuote, ...]:
        """List quotes, newest first, older than one of them."""
        ...


class QuoteExpiry(Protocol):
    """Ends quotes that nobody reserved in time; by the database's clock."""

    async def due_tenants(self, *, limit: int) -> tuple[TenantId, ...]:
        """Give tenants with open quotes whose time is over."""
        ...

    async def expire(self, tenant_id: TenantId, *, limit: int) -> int:
        """Expire such quotes of one tenant; give how many."""
        ...


class FxAccounts(Protocol):
    """The accounts of our own that exchanges go through."""

    async def ensure(self, tenant_id: TenantId, wanted: Mapping[str, Currency]) -> Mapping[str, LedgerAccountId]:
        """Give the account of each code in its currency, opened (credit, without limit) where it is missing."""
        ...

    async def exposures(self, tenant_id: TenantId) -> tuple[Exposure, ...]:
        """Give the position, the reserved and the rounding of each currency that has any, in order of the currency."""
        ...
