"""Jobs as messages for Dramatiq: sent by the names of actors, which only workers import."""

import asyncio
from types import MappingProxyType

import redis
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker
from uuid_utils.compat import uuid7

from adapters.queue.live_jobs import LiveJobs
from application.ports.queue import JobQueue
from domain.errors import SERVICE_UNAVAILABLE, MediatorError
from domain.ids import EventId, OperationId, PaymentId, PayoutId, TenantId

QUEUES = MappingProxyType(
    {"react": "reactions", "resolve": "operations", "carry_out": "operations", "expire": "operations"}
)
"""Where each actor's messages wait: a long queue of questions to providers does not hold up reactions."""


class DramatiqJobQueue(JobQueue):
    """Sends each job once while it waits. An actor is named like the method here, its arguments like the parameters."""

    def __init__(self, broker: RedisBroker) -> None:
        """Send to this broker."""
        self._broker = broker
        self._live = LiveJobs(broker.client)

    async def react(self, tenant_id: TenantId, event_id: EventId, reaction: str) -> None:
        """Ask for one reaction to one event."""
        await self._send("react", {"tenant_id": str(tenant_id), "event_id": str(event_id), "reaction": reaction})

    async def resolve(self, tenant_id: TenantId, operation_id: OperationId) -> None:
        """Ask for the provider to be asked about an open operation."""
        await self._send("resolve", {"tenant_id": str(tenant_id), "operation_id": str(operation_id)})

    async def carry_out(self, tenant_id: TenantId, payout_id: PayoutId) -> None:
        """Ask for the next step of a payout."""
        await self._send("carry_out", {"tenant_id": str(tenant_id), "payout_id": str(payout_id)})

    async def expire(self, tenant_id: TenantId, payment_id: PaymentId) -> None:
        """Ask for an unsent payment to be expired."""
        await self._send("expire", {"tenant_id": str(tenant_id), "payment_id": str(payment_id)})

    async def _send(self, actor: str, arguments: dict[str, str]) -> None:
        """Send in a thread: Dramatiq's client blocks, at worst for some seconds. Raises SERVICE_UNAVAILABLE."""
        try:
            await asyncio.to_thread(self._enqueue, actor, arguments)
        except redis.RedisError as error:
            detail = "The broker does not take jobs."
            raise MediatorError(SERVICE_UNAVAILABLE, detail, retry_after_seconds=2) from error

    def _enqueue(self, actor: str, arguments: dict[str, str]) -> None:
        if not self._live.begin(actor, arguments):
            return
        # Time-ordered, so that dead letters are listed in the order in which they were sent.
        message: Message[None] = Message(
            queue_name=QUEUES[actor],
            actor_name=actor,
            args=(),
            kwargs=arguments,
            options={},
            message_id=str(uuid7()),
        )
        self._broker.enqueue(message)
        self._live.sent(actor, arguments)
