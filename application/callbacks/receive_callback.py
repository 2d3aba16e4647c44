"""Take in what a provider sends: verify the raw bytes, store them as they are, and leave the work to a worker."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from application.ports.callbacks import CallbackInbox, InboundCallback, Receipt
from application.ports.providers import Provider, Providers
from application.ports.world import World
from domain.audit import AuditRecord
from domain.callbacks import is_taken_at_its_word
from domain.errors import CALLBACK_REFUSED, ROUTE_NO_PROVIDER, MediatorError
from domain.events import CallbackReceived
from domain.ids import CallbackId, EventId, Prefix, ProviderAccountId, TenantId, public_id
from domain.manifests import CallbackTransport
from domain.moment import Moment


class ReceiveCallback(msgspec.Struct, frozen=True, kw_only=True):
    """A callback as it arrived at the address of one provider account; header names in lower case.

    `raw` is the body, the query string of a redirect, or the content of a file (its name goes into the headers).
    """

    provider: str
    provider_account_id: ProviderAccountId
    headers: Mapping[str, str]
    raw: bytes
    request_id: str
    transport: CallbackTransport = CallbackTransport.HTTP_POST


@dataclass(frozen=True, slots=True)
class ReceiveCallbackHandler:
    """The policy.

    - Nothing is kept that is not authentic, or that came another way than the provider's: it is counted and refused,
      and whoever signs badly learns nothing, not even whether the account exists.
    - Stored once, durably, before the 2xx and before anything is read from it; a duplicate is counted and answered
      alike. What turns out to be unreadable is stored like all the rest.
    - A duplicate of a mere hint is worth another question: a bare "look at this" looks alike each time.
    """

    inbox: CallbackInbox
    providers: Providers
    world: World

    async def __call__(self, command: ReceiveCallback) -> Receipt:
        """Store the callback. Raises CALLBACK_REFUSED."""
        moment = self.world.moment()
        tenant_id = await self.inbox.find_tenant(command.provider_account_id)
        if tenant_id is None:
            raise _refused()
        try:
            provider = await self._opened(command, tenant_id)
            provider.verify_callback(command.raw, command.headers, now_seconds=moment.now.timestamp())
        except MediatorError as refusal:
            if refusal.entry is not CALLBACK_REFUSED:
                raise
            await self.inbox.count_refusal(tenant_id, command.provider_account_id)
            raise _refused() from refusal
        callback = _callback(command, tenant_id, moment)
        event = CallbackReceived(
            event_id=EventId(moment.new_id()),
            at=moment.now,
            provider=command.provider,
            provider_account_id=command.provider_account_id,
            callback_id=callback.id,
        )
        again = not is_taken_at_its_word(provider.manifest.callbacks)
        return await self.inbox.receive(callback, event, _audit(command, tenant_id, event), again=again)

    async def _opened(self, command: ReceiveCallback, tenant_id: TenantId) -> Provider:
        """Open the account that is addressed, at this very provider and by its own way of calling back.

        One provider's signature opens no account at another, and what only a file may say cannot be posted.
        """
        try:
            provider = await self.providers.open(tenant_id, command.provider_account_id)
        except MediatorError as refusal:
            if refusal.entry is not ROUTE_NO_PROVIDER:
                raise
            raise _refused() from refusal
        rule = provider.manifest.callbacks
        if provider.manifest.name != command.provider or rule is None or rule.transport is not command.transport:
            raise _refused()
        return provider


def _callback(command: ReceiveCallback, tenant_id: TenantId, moment: Moment) -> InboundCallback:
    return InboundCallback(
        tenant_id=tenant_id,
        id=CallbackId(moment.new_id()),
        provider_account_id=command.provider_account_id,
        provider=command.provider,
        transport=command.transport,
        headers=dict(command.headers),
        raw=command.raw,
        received_at=moment.now,
    )


def _audit(command: ReceiveCallback, tenant_id: TenantId, event: CallbackReceived) -> AuditRecord:
    return AuditRecord(
        tenant_id=tenant_id,
        id=event.event_id,
        at=event.at,
        actor=f"provider:{command.provider}",
        action="callback.received",
        subject=public_id(Prefix.CALLBACK, event.callback_id),
        request_id=command.request_id,
        details={},
    )


def _refused() -> MediatorError:
    return MediatorError(CALLBACK_REFUSED, "The callback is not authentic.")
