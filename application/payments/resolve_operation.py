"""Ask the provider what became of an open operation, and make the books say so."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.payments.provider_step import ProviderStep
from domain.dossier import Dossier
from domain.ids import OperationId


class ResolveOperation(msgspec.Struct, frozen=True):
    """Which operation to ask about."""

    operation_id: OperationId


@dataclass(frozen=True, slots=True)
class ResolveOperationHandler:
    """The policy.

    - Asking changes nothing at the provider and is repeated, ever more rarely, until the answer is definite.
    - "Not found" is an answer only after the provider's visibility horizon.
    - The same versions guard this and every other change of the payment: the slower of two decides again.
    """

    step: ProviderStep

    async def __call__(self, command: ResolveOperation, call: Call) -> Dossier:
        """Resolve as far as the provider's answer goes; give the payment as it stands then. Raises NOT_FOUND."""
        dossier = await self.step.payments.get_by_operation(call.tenant_id, command.operation_id)
        return await self.step.look_up(call, dossier, command.operation_id)
