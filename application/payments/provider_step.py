"""One step with a provider: commit the intention, call, commit the outcome. No transaction is open in between."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import msgspec

from application.call import LEASE_SECONDS, Call
from application.ports.answers import Answers
from application.ports.journal import (
    Answer,
    Claim,
    Committed,
    Conflict,
    Journal,
    Keep,
    Release,
    Resume,
    Unit,
)
from application.ports.payments import PaymentRepository
from application.ports.providers import Providers
from application.ports.world import World
from domain.dossier import Dossier, Move
from domain.errors import SERVICE_UNAVAILABLE, MediatorError
from domain.events import Event, tag_of
from domain.ids import OperationId, Prefix, public_id
from domain.moment import Moment
from domain.payments import CaptureMode, OperationState, ProviderOperation
from domain.providers import Finding, Instruction, NotSent, OperationKind, Unknown
from domain.settling import judged, settle

DECISIONS_MAX = 8
"""How often a decision is taken again because somebody else was faster."""

Decide = Callable[[Dossier, Moment], Move]


@dataclass(frozen=True, slots=True)
class CallbackAddress:
    """Where providers send their callbacks: the public base address of this service."""

    base_url: str

    def of(self, provider: str, account: UUID) -> str:
        """Give the address for one provider account."""
        return f"{self.base_url}/v1/callbacks/{provider}/{public_id(Prefix.PROVIDER_ACCOUNT, account)}"


@dataclass(frozen=True, slots=True)
class ProviderStep:
    """Shared by every use case that asks a provider for something."""

    journal: Journal
    payments: PaymentRepository
    providers: Providers
    answers: Answers
    world: World
    address: CallbackAddress

    def deadline_seconds(self, provider: str) -> float:
        """How long one call to that provider may take."""
        return self.providers.named(provider).manifest.deadline_seconds

    async def recall(self, call: Call, decide: Decide) -> Answer | None:
        """Give the earlier answer of this call's key, carrying on where its first request died; None for a new key."""
        if call.idempotency is None:
            return None
        known = await self.journal.recall(call.tenant_id, call.idempotency, lease_seconds=LEASE_SECONDS)
        if isinstance(known, Resume):
            return await self._resume(call, known.resource_id, decide)
        return known

    async def open(self, call: Call, opening: Callable[[Moment], Move], decide: Decide) -> Answer:
        """Begin with a new payment; `decide` tries it again when nothing of it was ever sent."""
        moment = self.world.moment()
        after, events = opening(moment)
        unit = self._unit(call, None, after, events, moment, call.claim(after.operations[-1].id))
        return await self._commit_and_carry_out(call, unit, decide)

    async def begin(self, call: Call, dossier: Dossier, decide: Decide) -> Answer:
        """Decide on an operation, commit it with the call's claim, then carry it out.

        Decides again when the dossier moved on meanwhile; gives the earlier answer when the key turns out to be used.
        """
        for _ in range(DECISIONS_MAX):
            moment = self.world.moment()
            after, events = decide(dossier, moment)
            unit = self._unit(call, dossier, after, events, moment, call.claim(after.operations[-1].id))
            try:
                return await self._commit_and_carry_out(call, unit, decide)
            except Conflict:
                dossier = await self.payments.get(call.tenant_id, dossier.payment.id)
        raise MediatorError(SERVICE_UNAVAILABLE, "The payment is too busy; try again.", retry_after_seconds=1)

    async def _commit_and_carry_out(self, call: Call, unit: Unit, decide: Decide) -> Answer:
        match await self.journal.commit(unit):
            case Committed():
                return await self._carry_out(call, unit.after, unit.after.operations[-1].id)
            case Resume(resource_id):
                return await self._resume(call, resource_id, decide)
            case Answer() as earlier:
                return earlier

    async def _resume(self, call: Call, resource_id: UUID, decide: Decide) -> Answer:
        """Carry on under a key whose first request died or was let go: never a second effect, always a true answer.

        An operation that was provably not sent is tried anew; the provider is asked about one that is open.
        """
        operation_id = OperationId(resource_id)
        dossier = await self.payments.get_by_operation(call.tenant_id, operation_id)
        operation = dossier.operation(operation_id)
        if operation.state is OperationState.NOT_SENT:
            moment = self.world.moment()
            after, events = decide(dossier, moment)
            claim = call.claim(after.operations[-1].id, taken_over=True)
            unit = self._unit(call, dossier, after, events, moment, claim)
            return await self._commit_and_carry_out(call, unit, decide)
        if operation.is_open:
            dossier = await self.look_up(call, dossier, operation_id)
        return await self._keep(call, self.answers.operation(dossier, operation_id))

    async def _carry_out(self, call: Call, dossier: Dossier, operation_id: OperationId) -> Answer:
        """Send a committed operation and settle it with its outcome, together with the answer to the caller."""
        operation = dossier.operation(operation_id)
        finding: Finding
        if self.world.moment().now > operation.send_by:
            finding = NotSent("its sender was too late; nothing was sent")
        else:
            provider = self.providers.named(dossier.payment.provider)
            finding = await provider.perform(self.instruction(dossier, operation))
        settled = await self.settle(call, dossier, operation_id, finding)
        return await self._keep(call, self.answers.operation(settled, operation_id))

    async def _keep(self, call: Call, answer: Answer) -> Answer:
        """Make sure that the answer is kept under the call's key, and give the one that is."""
        kept = call.kept(answer)
        return await self.journal.keep_answer(call.tenant_id, kept) if isinstance(kept, Keep) else answer

    def _unit(  # noqa: PLR0913 -- the parts of one value
        self,
        call: Call,
        before: Dossier | None,
        after: Dossier,
        events: tuple[Event, ...],
        moment: Moment,
        idempotency: Claim | Keep | Release | None,
    ) -> Unit:
        audit = call.audit(str(tag_of(events[-1])), public_id(Prefix.PAYMENT, after.payment.id), moment)
        return Unit.of(audit=audit, before=before, after=after, events=events, idempotency=idempotency)

    async def look_up(self, call: Call, dossier: Dossier, operation_id: OperationId) -> Dossier:
        """Ask the provider what became of an operation and settle it with what it says."""
        operation = dossier.operation(operation_id)
        provider = self.providers.named(dossier.payment.provider)
        finding = await provider.look_up(self.instruction(dossier, operation))
        if isinstance(finding, NotSent):
            finding = Unknown(f"the provider could not be asked: {finding.reason}")
        horizon = provider.manifest.visibility_horizon_seconds
        finding = judged(finding, operation, horizon_seconds=horizon, now=self.world.moment().now)
        return await self.settle(call, dossier, operation_id, finding)

    async def settle(self, call: Call, dossier: Dossier, operation_id: OperationId, finding: Finding) -> Dossier:
        """Commit what a finding changes, with the answer to the caller if there is one; decide again when raced."""
        for _ in range(DECISIONS_MAX):
            moment = self.world.moment()
            after, events = settle(dossier, operation_id, finding, moment)
            if not events:
                return dossier
            unit = self._unit(call, dossier, after, events, moment, None)
            kept = call.kept(self.answers.operation(unit.after, operation_id))
            try:
                await self.journal.commit(msgspec.structs.replace(unit, idempotency=kept))
            except Conflict:
                dossier = await self.payments.get(call.tenant_id, dossier.payment.id)
                continue
            return unit.after
        raise MediatorError(SERVICE_UNAVAILABLE, "The payment is too busy; poll it.", retry_after_seconds=1)

    def instruction(self, dossier: Dossier, operation: ProviderOperation) -> Instruction:
        """Say to the provider what an operation asks for."""
        payment = dossier.payment
        return Instruction(
            kind=operation.kind,
            key=operation.key,
            amount=operation.amount,
            payment_id=public_id(Prefix.PAYMENT, payment.id),
            account=public_id(Prefix.PROVIDER_ACCOUNT, payment.provider_account_id),
            provider_reference=dossier.attempt.provider_reference,
            payment_method=payment.payment_method if operation.kind is OperationKind.AUTHORIZE else None,
            reference=payment.reference,
            capture=payment.capture_mode is CaptureMode.AUTOMATIC,
            final=operation.final,
            callback_url=self.address.of(payment.provider, payment.provider_account_id),
            return_url=payment.return_url,
        )
