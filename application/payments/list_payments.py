"""List payments, newest first, page by page."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.payments import PaymentFilter, PaymentQueries
from domain.ids import PaymentId
from domain.payments import Payment


class ListPayments(msgspec.Struct, frozen=True, kw_only=True):
    """Which payments, how many, and older than which one."""

    wanted: PaymentFilter
    before: PaymentId | None
    limit: int


class PaymentPage(msgspec.Struct, frozen=True):
    """A page of payments, and whether there are more."""

    payments: tuple[Payment, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ListPaymentsHandler:
    """The policy: pages follow the time-ordered ids, so that nothing is shown twice while payments arrive."""

    queries: PaymentQueries

    async def __call__(self, command: ListPayments, call: Call) -> PaymentPage:
        """Read one page."""
        found = await self.queries.page(call.tenant_id, command.wanted, before=command.before, limit=command.limit + 1)
        return PaymentPage(found[: command.limit], len(found) > command.limit)
