"""React to a stored callback: ask the provider what is true of the operation that it tells of."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.payments.provider_step import ProviderStep
from application.payouts.payout_step import PayoutStep
from application.ports.callbacks import CallbackInbox
from domain.ids import OperationId, ProviderAccountId
from domain.providers import CallbackEvent


class ApplyCallback(msgspec.Struct, frozen=True):
    """Which callback to react to."""

    provider_account_id: ProviderAccountId
    provider_event_id: str


@dataclass(frozen=True, slots=True)
class ApplyCallbackHandler:
    """The policy.

    - Order and repetition cannot matter: whatever the callback says, the provider's present word is applied.
    - A callback about an operation that is not ours changes nothing.
    """

    inbox: CallbackInbox
    step: ProviderStep
    payouts: PayoutStep

    async def __call__(self, command: ApplyCallback, call: Call) -> OperationId | None:
        """Apply it; give the operation that it concerned, None when it is not one of ours. Raises NOT_FOUND."""
        callback = await self.inbox.get(call.tenant_id, command.provider_account_id, command.provider_event_id)
        if callback.operation_key is None:
            return None
        operation_id = await self.step.payments.find_operation(call.tenant_id, callback.operation_key)
        if operation_id is None:
            told = CallbackEvent(
                event_id=callback.provider_event_id, kind=callback.kind, operation_key=callback.operation_key
            )
            await self.payouts.apply(call, command.provider_account_id, told)
            return None
        dossier = await self.step.payments.get_by_operation(call.tenant_id, operation_id)
        await self.step.look_up(call, dossier, operation_id)
        return operation_id
