"""The actors: what a message says becomes a command for a use case. Named like the methods of `JobQueue`."""

from uuid import UUID

from dishka import FromDishka

from application.operations.react_to_event import ReactToEvent, ReactToEventHandler
from application.payments.expire_payment import ExpirePayment, ExpirePaymentHandler
from application.payments.resolve_operation import ResolveOperation, ResolveOperationHandler
from application.payouts.carry_out_payout import CarryOutPayout, CarryOutPayoutHandler
from domain.ids import EventId, OperationId, PaymentId, PayoutId
from entrypoints.worker.injection import Actor
from entrypoints.worker.requests import worker_call


async def react(tenant_id: str, event_id: str, reaction: str, handler: FromDishka[ReactToEventHandler]) -> None:
    """Carry out one reaction to one event."""
    await handler(ReactToEvent(EventId(UUID(event_id)), reaction), worker_call(tenant_id))


async def resolve(tenant_id: str, operation_id: str, handler: FromDishka[ResolveOperationHandler]) -> None:
    """Ask a provider about an open operation."""
    await handler(ResolveOperation(OperationId(UUID(operation_id))), worker_call(tenant_id))


async def carry_out(tenant_id: str, payout_id: str, handler: FromDishka[CarryOutPayoutHandler]) -> None:
    """Take the next step of a payout."""
    await handler(CarryOutPayout(PayoutId(UUID(payout_id))), worker_call(tenant_id))


async def expire(tenant_id: str, payment_id: str, handler: FromDishka[ExpirePaymentHandler]) -> None:
    """Expire a payment that was never sent."""
    await handler(ExpirePayment(PaymentId(UUID(payment_id))), worker_call(tenant_id))


ACTORS: dict[str, Actor] = {"react": react, "resolve": resolve, "carry_out": carry_out, "expire": expire}
"""Every actor by its name."""

PRIORITIES = {"react": 0, "resolve": 10, "carry_out": 5, "expire": 20}
"""Who goes first among the messages that a worker has already fetched: the lowest number."""
