"""Show one callback with its bytes, and what was read from them."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.callbacks import CallbackInbox, StoredCallback
from domain.ids import CallbackId


class GetCallback(msgspec.Struct, frozen=True):
    """Which callback."""

    callback_id: CallbackId


@dataclass(frozen=True, slots=True)
class GetCallbackHandler:
    """The policy: shown as it is kept."""

    inbox: CallbackInbox

    async def __call__(self, command: GetCallback, call: Call) -> StoredCallback:
        """Read it. Raises NOT_FOUND."""
        return await self.inbox.get(call.tenant_id, command.callback_id)
