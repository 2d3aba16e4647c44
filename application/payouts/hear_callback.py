"""What providers say by themselves about payouts: find the payout, learn what became of it, settle it."""

from collections.abc import Iterator
from dataclasses import dataclass

from application.call import Call
from application.hearing import AppliesCallbacks, Effect, Heard, changes
from application.payouts.payout_step import PayoutStep
from domain.callbacks import is_plain
from domain.ids import PayoutId, Prefix, TenantId, public_id
from domain.payout_dossier import PayoutDossier
from domain.providers import OperationKind


@dataclass(frozen=True, slots=True)
class PayoutCallbacks(AppliesCallbacks):
    """The policy.

    - An event names its payout by our key, or by the provider's name for it; always at this very provider account.
    - Its finding is applied as it stands only where it may be taken at its word; otherwise the provider is asked.
    - Order and repetition cannot matter.
    """

    step: PayoutStep

    async def apply(self, call: Call, heard: Heard, *, rehearsed: bool = False) -> Effect | None:
        """Apply an event; None when it concerns no payout of ours."""
        payout_id = await self._find(call.tenant_id, heard)
        if payout_id is None:
            return None
        before = await self.step.payouts.get(call.tenant_id, payout_id)
        if before.operation is None or before.payout.provider_account_id != heard.provider_account_id:
            return None
        if heard.at_its_word and heard.said.finding is not None:
            learnt = await self.step.told(before, heard.said.finding)
        else:
            learnt = await self.step.found_out(before)
        if rehearsed:
            after = self.step.rehearse(before, learnt)
        else:
            after = await self.step.settle(call, before, learnt)
        return Effect(public_id(Prefix.PAYOUT, payout_id), changes(_states(before), _states(after)))

    async def _find(self, tenant_id: TenantId, heard: Heard) -> PayoutId | None:
        """Find the payout that an event is about: by our key, else by the provider's name for it."""
        said = heard.said
        if said.operation_kind not in (None, OperationKind.PAYOUT):
            return None
        if said.operation_key is not None:
            plain = is_plain(said.operation_key)
            return await self.step.payouts.find_by_key(tenant_id, said.operation_key) if plain else None
        for reference in (said.operation_reference, said.provider_reference):
            if reference is not None and is_plain(reference):
                found = await self.step.payouts.find_by_reference(tenant_id, heard.provider_account_id, reference)
                if found is not None:
                    return found
        return None


def _states(dossier: PayoutDossier) -> Iterator[tuple[str, str]]:
    yield "payout", dossier.payout.state
    if dossier.operation is not None:
        yield f"payout {public_id(Prefix.OPERATION, dossier.operation.id)}", dossier.operation.state
