"""Take in what a provider sends: verify the raw bytes, store them, and leave the work to a worker."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from application.ports.callbacks import CallbackInbox, InboundCallback
from application.ports.providers import Provider, Providers
from application.ports.world import World
from domain.audit import AuditRecord
from domain.errors import CALLBACK_REFUSED, REQUEST_MALFORMED, ROUTE_NO_PROVIDER, MediatorError
from domain.events import CallbackReceived
from domain.ids import EventId, ProviderAccountId, TenantId
from domain.moment import Moment
from domain.providers import CallbackEvent, Unreadable


class ReceiveCallback(msgspec.Struct, frozen=True, kw_only=True):
    """A callback as it arrived at the address of one provider account; header names in lower case."""

    provider: str
    provider_account_id: ProviderAccountId
    headers: Mapping[str, str]
    raw: bytes
    request_id: str


@dataclass(frozen=True, slots=True)
class ReceiveCallbackHandler:
    """The policy.

    - Nothing is believed that is not signed; whoever signs badly learns nothing, not even whether the account exists.
    - Stored once, durably, before the 2xx; a duplicate is counted and answered alike.
    - A callback is a hint: the worker asks the provider what is true.
    """

    inbox: CallbackInbox
    providers: Providers
    world: World

    async def __call__(self, command: ReceiveCallback) -> bool:
        """Store the callback; True when it is new. Raises CALLBACK_REFUSED, REQUEST_MALFORMED."""
        moment = self.world.moment()
        tenant_id, provider = await self._opened(command)
        notice = _read(provider, command, moment)
        callback = InboundCallback(
            tenant_id=tenant_id,
            provider_account_id=command.provider_account_id,
            provider=command.provider,
            provider_event_id=notice.event_id,
            kind=notice.kind,
            operation_key=notice.operation_key,
            headers=dict(command.headers),
            raw=command.raw,
            received_at=moment.now,
        )
        event = CallbackReceived(
            event_id=EventId(moment.new_id()),
            at=moment.now,
            provider=command.provider,
            provider_account_id=command.provider_account_id,
            provider_event_id=notice.event_id,
        )
        return await self.inbox.receive(callback, event, self._audit(command, tenant_id, event))

    async def _opened(self, command: ReceiveCallback) -> tuple[TenantId, Provider]:
        """Open the account that is addressed, at this very provider: one's signature opens no account at another."""
        tenant_id = await self.inbox.find_tenant(command.provider_account_id)
        if tenant_id is None:
            raise _refused()
        try:
            provider = await self.providers.open(tenant_id, command.provider_account_id)
        except MediatorError as refusal:
            if refusal.entry is not ROUTE_NO_PROVIDER:
                raise
            raise _refused() from refusal
        if provider.manifest.name != command.provider:
            raise _refused()
        return tenant_id, provider

    def _audit(self, command: ReceiveCallback, tenant_id: TenantId, event: CallbackReceived) -> AuditRecord:
        return AuditRecord(
            tenant_id=tenant_id,
            id=event.event_id,
            at=event.at,
            actor=f"provider:{command.provider}",
            action="callback.received",
            subject=event.provider_event_id[:200],
            request_id=command.request_id,
            details={},
        )


def _read(provider: Provider, command: ReceiveCallback, moment: Moment) -> CallbackEvent:
    """Verify and read it; every refusal sounds alike, whatever the provider's adapter says."""
    try:
        provider.verify_callback(command.raw, command.headers, now_seconds=moment.now.timestamp())
    except MediatorError as refusal:
        if refusal.entry is not CALLBACK_REFUSED:
            raise
        raise _refused() from refusal
    said = provider.parse_callback(command.raw)
    if isinstance(said, Unreadable) or not said:
        raise MediatorError(REQUEST_MALFORMED, "The callback is authentic but no event of this provider.")
    return said[0]


def _refused() -> MediatorError:
    return MediatorError(CALLBACK_REFUSED, "The callback is not authentic.")
