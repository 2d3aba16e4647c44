"""What providers say by themselves about payments: find the operation, learn what became of it, settle it."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from application.call import Call
from application.hearing import AppliesCallbacks, Effect, Heard, changes
from application.payments.provider_step import ProviderStep
from domain.callbacks import is_plain
from domain.dossier import Dossier
from domain.ids import OperationId, Prefix, TenantId, public_id
from domain.payments import ProviderOperation
from domain.providers import OperationKind


class Match(msgspec.Struct, frozen=True):
    """The operations of one payment that an event may be about; `is_certain` when it can be no other."""

    dossier: Dossier
    operations: tuple[OperationId, ...]
    is_certain: bool

    @property
    def kind(self) -> OperationKind:
        """What kind of operation they are."""
        return self.dossier.operation(self.operations[0]).kind


@dataclass(frozen=True, slots=True)
class PaymentCallbacks(AppliesCallbacks):
    """The policy.

    - An event names its operation by our key, or by the provider's words; always at this very provider account.
    - Its finding is applied as it stands only where it may be taken at its word and can be about nothing else;
      otherwise the provider is asked. Either way it is settled like every other finding.
    """

    step: ProviderStep

    async def apply(self, call: Call, heard: Heard, *, rehearsed: bool = False) -> Effect | None:
        """Apply an event; None when it concerns no payment of ours."""
        match = await self.matched(call.tenant_id, heard)
        if match is None:
            return None
        before = after = match.dossier
        for operation_id in match.operations:
            operation = after.operation(operation_id)
            if heard.at_its_word and match.is_certain and heard.said.finding is not None:
                finding = await self.step.told(after, operation, heard.said.finding)
            else:
                finding = await self.step.found_out(after, operation)
            if rehearsed:
                after = self.step.rehearse(after, operation_id, finding)
            else:
                after = await self.step.write_down(call, after, operation_id, finding)
        return Effect(public_id(Prefix.PAYMENT, before.payment.id), changes(_states(before), _states(after)))

    async def matched(self, tenant_id: TenantId, heard: Heard) -> Match | None:
        """Find what an event is about; None when it is no operation of a payment of ours."""
        said = heard.said
        if said.operation_key is not None and is_plain(said.operation_key):
            found = await self.step.payments.find_operation(tenant_id, said.operation_key)
            match = None if found is None else await self._here(tenant_id, heard, (found,))
            # Some providers tell of a capture or refund under the key of its payment: that key is not its name.
            if match is not None and said.operation_kind in (None, match.kind):
                return match
        if said.operation_reference is not None and is_plain(said.operation_reference):
            named = await self._named(tenant_id, heard, operation_reference=said.operation_reference)
            if named:
                return await self._here(tenant_id, heard, named)
        if said.provider_reference is not None and is_plain(said.provider_reference):
            named = await self._named(tenant_id, heard, provider_reference=said.provider_reference)
            if named:
                return await self._here(tenant_id, heard, named, doubtful=said.operation_reference is not None)
        return None

    async def _named(
        self,
        tenant_id: TenantId,
        heard: Heard,
        *,
        provider_reference: str | None = None,
        operation_reference: str | None = None,
    ) -> tuple[OperationId, ...]:
        return await self.step.payments.find_operations(
            tenant_id,
            heard.provider_account_id,
            kind=heard.said.operation_kind,
            provider_reference=provider_reference,
            operation_reference=operation_reference,
        )

    async def _here(
        self, tenant_id: TenantId, heard: Heard, found: tuple[OperationId, ...], *, doubtful: bool = False
    ) -> Match | None:
        """Keep what is open, or else the newest. A key that belongs to another provider account matches nothing.

        `doubtful`: the event is about an operation whose name at the provider we do not know, so it may be another's.
        """
        dossier = await self.step.payments.get_by_operation(tenant_id, found[0])
        operations = [one for one in dossier.operations if one.id in found and _is_at(dossier, one, heard)]
        wanted = [one for one in operations if one.is_open] or operations[-1:]
        if not wanted:
            return None
        named_kind = heard.said.operation_key is not None or heard.said.operation_kind is not None
        certain = len(wanted) == 1 and named_kind and not doubtful
        return Match(dossier, tuple(one.id for one in wanted), certain)


def _is_at(dossier: Dossier, operation: ProviderOperation, heard: Heard) -> bool:
    attempt = next(one for one in dossier.attempts if one.id == operation.attempt_id)
    return attempt.provider_account_id == heard.provider_account_id


def _states(dossier: Dossier) -> Iterator[tuple[str, str]]:
    payment = dossier.payment
    yield "payment", payment.state
    yield "authorized", f"{payment.authorized_minor} {payment.currency}"
    yield "captured", f"{payment.captured_minor} {payment.currency}"
    yield "refunded", f"{payment.refunded_minor} {payment.currency}"
    for operation in dossier.operations:
        yield f"{operation.kind} {public_id(Prefix.OPERATION, operation.id)}", operation.state
