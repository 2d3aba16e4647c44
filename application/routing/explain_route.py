"""Explain why a payment went to the provider account that it went to."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.routing import RouteBook
from domain.ids import PaymentId
from domain.routing import RouteDecision


class ExplainRoute(msgspec.Struct, frozen=True):
    """Which payment's."""

    payment_id: PaymentId


@dataclass(frozen=True, slots=True)
class ExplainRouteHandler:
    """Reads only."""

    routes: RouteBook

    async def __call__(self, command: ExplainRoute, call: Call) -> RouteDecision:
        """Give the decision that was committed with the payment. Raises NOT_FOUND."""
        return await self.routes.decision(call.tenant_id, command.payment_id)
