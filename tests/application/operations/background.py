"""One tenant in memory with events, operations and payments that wait, for the tests of the background use cases."""

import itertools
from datetime import timedelta
from uuid import UUID

import msgspec

from application.call import Call
from application.ports.callbacks import InboundCallback
from domain.audit import AuditRecord
from domain.events import CallbackReceived
from domain.ids import CallbackId, EventId, ProviderAccountId
from domain.manifests import CallbackTransport
from domain.providers import CallbackEvent
from tests.fakes.house import House, memory_house
from tests.fakes.identity import a_tenant
from tests.fakes.queue import MemoryJobQueue
from tests.fakes.story import ACCOUNT, TENANT, Story
from tests.fakes.world import SettableWorld

CALL = Call(tenant_id=TENANT, actor="system:worker", request_id="job_test")
LEASE_SECONDS = 30.0


class Background:
    """A house whose leases are measured by the world's clock, and a queue beside it."""

    def __init__(self) -> None:
        self.world = SettableWorld()
        tenant = a_tenant(TENANT, ((ACCOUNT, "sandbox"),), at=self.world.now)
        self.house: House = memory_house(tenant, clock=lambda: self.world.now)
        self.queue = MemoryJobQueue()
        self._numbers = itertools.count(1)

    def wait(self, **duration: float) -> None:
        self.world.wait(timedelta(**duration))

    async def receive_callback(self, *, operation_key: str | None = None, name: str = "") -> EventId:
        """Store a callback as the HTTP door does; gives its event."""
        said = CallbackEvent(
            event_id=name or f"evt_{next(self._numbers)}", kind="charge.captured", operation_key=operation_key
        )
        callback = InboundCallback(
            tenant_id=TENANT,
            id=CallbackId(self.world.new_id()),
            provider_account_id=ProviderAccountId(ACCOUNT),
            provider="sandbox",
            transport=CallbackTransport.HTTP_POST,
            headers={},
            raw=msgspec.json.encode(said),
            received_at=self.world.now,
        )
        event = CallbackReceived(
            event_id=EventId(self.world.new_id()),
            at=self.world.now,
            provider="sandbox",
            provider_account_id=callback.provider_account_id,
            callback_id=callback.id,
        )
        await self.house.inbox.receive(callback, event, self._audit(event.event_id), again=True)
        return event.event_id

    async def commit(self, story: Story) -> Story:
        for unit in story.units:
            await self.house.journal.commit(unit)
        return story

    def _audit(self, subject: UUID) -> AuditRecord:
        return AuditRecord(
            tenant_id=TENANT,
            id=self.world.new_id(),
            at=self.world.now,
            actor="provider:sandbox",
            action="callback.received",
            subject=str(subject),
            request_id="req_test",
            details={},
        )
