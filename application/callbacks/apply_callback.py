"""React to a stored callback: read what it says, and act on it in the order in which it came."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.callbacks.event_line import EventLine
from application.hearing import Effect
from application.ports.callbacks import StoredCallback
from application.ports.providers import Provider, Providers
from domain.callbacks import is_taken_at_its_word
from domain.ids import CallbackId

UNREAD_AT_ONCE = 20


class ApplyCallback(msgspec.Struct, frozen=True):
    """Which callback to react to."""

    callback_id: CallbackId


@dataclass(frozen=True, slots=True)
class ApplyCallbackHandler:
    """The policy.

    - Everything that came to the account before is read first, so that each event knows behind which it waits.
    - Order and repetition cannot matter for what becomes true; order only spares detours.
    - What cannot be read stays for a person to look at. An event about nothing of ours changes nothing.
    """

    providers: Providers
    line: EventLine

    async def __call__(self, command: ApplyCallback, call: Call) -> tuple[Effect, ...]:
        """Act on what is not dealt with yet; give what was changed. Raises NOT_FOUND, ROUTE_NO_PROVIDER, Conflict."""
        callback = await self.line.inbox.get(call.tenant_id, command.callback_id)
        provider = await self.providers.open(call.tenant_id, callback.summary.provider_account_id)
        if callback.summary.read_at is None:
            await self._read_up_to(callback, provider)
        at_its_word = is_taken_at_its_word(provider.manifest.callbacks)
        return await self.line.take_all(call, command.callback_id, at_its_word=at_its_word)

    async def _read_up_to(self, callback: StoredCallback, provider: Provider) -> None:
        inbox, summary = self.line.inbox, callback.summary
        tenant_id, account = summary.tenant_id, summary.provider_account_id
        while unread := await inbox.unread(tenant_id, account, up_to=summary.id, limit=UNREAD_AT_ONCE):
            for callback_id in unread:
                stored = await inbox.get(tenant_id, callback_id)
                await inbox.read(tenant_id, callback_id, provider.parse_callback(stored.raw))
