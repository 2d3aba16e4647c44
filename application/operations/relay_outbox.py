"""Give events on to those who react: from the outbox to the queue, one job per event and reaction."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from application.ports.outbox import Outbox, OutboxMessage
from application.ports.queue import JobQueue
from domain.ids import TenantId

LEASE_SECONDS = 30.0
"""How long a reaction may take before its event is given on again; the queue drops what it still has."""

TENANTS_MAX = 1_000
EVENTS_MAX = 100


class RelayOutbox(msgspec.Struct, frozen=True):
    """Whose events to give on; nobody named means every tenant that has some."""

    tenants: tuple[TenantId, ...] = ()


class Subscriptions(msgspec.Struct, frozen=True):
    """Which reactions each event has, by its tag; an empty tuple says that nobody reacts.

    Raises ValueError for two reactions to one event: the outbox keeps one row per event, which goes with the first
    reaction that is done, so the second could be lost. Keep rows per reaction before adding it.
    """

    table: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        """Refuse a second reaction to an event."""
        crowded = [tag for tag, reactions in self.table.items() if len(reactions) > 1]
        if crowded:
            message = f"the outbox can carry one reaction per event, not several: {', '.join(crowded)}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class RelayOutboxHandler:
    """The policy.

    - An event that somebody reacts to stays in the outbox until the reaction is done (`ReactToEvent` removes it), or
      was parked. Until then it is given on again after each lease, so nothing is lost with the broker.
    - An event that nobody reacts to is removed here.
    - An event of an unknown kind was written by a newer version of this service: it waits for a relay that knows it.
    """

    outbox: Outbox
    queue: JobQueue
    subscriptions: Subscriptions
    lease_seconds: float = LEASE_SECONDS

    async def __call__(self, command: RelayOutbox) -> int:
        """Make one pass; give how many events were dealt with. Raises SERVICE_UNAVAILABLE; the rest comes back."""
        tenants = command.tenants or await self.outbox.due_tenants(limit=TENANTS_MAX)
        return sum([await self._relay(tenant_id) for tenant_id in tenants])

    async def _relay(self, tenant_id: TenantId) -> int:
        claimed = await self.outbox.claim_events(tenant_id, limit=EVENTS_MAX, lease_seconds=self.lease_seconds)
        known = [one for one in claimed if one.tag in self.subscriptions.table]
        unheard = tuple(one.event_id for one in known if not self._reactions(one))
        if unheard:
            await self.outbox.events_given(tenant_id, unheard)
        for message in known:
            for reaction in self._reactions(message):
                await self.queue.react(tenant_id, message.event_id, reaction)
        return len(known)

    def _reactions(self, message: OutboxMessage) -> tuple[str, ...]:
        return self.subscriptions.table[message.tag]
