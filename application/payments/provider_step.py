"""One step with a provider: commit the intention, call, commit the outcome. No transaction is open in between."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from application.call import LEASE_SECONDS, Call
from application.payments.rerouting import Rerouting
from application.ports.answers import Answers
from application.ports.journal import (
    Answer,
    Committed,
    Conflict,
    Journal,
    Keep,
    Resume,
    Unit,
)
from application.ports.payments import PaymentRepository
from application.ports.providers import Provider, Providers
from application.ports.world import World
from domain.dossier import Dossier, Move
from domain.errors import SERVICE_UNAVAILABLE, MediatorError, MoneyState
from domain.events import tag_of
from domain.failing_over import fail_over
from domain.ids import OperationId, Prefix, public_id
from domain.moment import Moment
from domain.payments import CaptureMode, OperationState, PaymentAttempt, ProviderOperation
from domain.providers import Finding, Instruction, NotSent, OperationKind, Outcome, ProviderTerms, Rejected, Unknown
from domain.routing import RouteDecision
from domain.settling import judged, settle

DECISIONS_MAX = 64
"""How often a decision is taken again because somebody else was faster."""

Decide = Callable[[Dossier, Moment, ProviderTerms], Move]
"""What to do with a payment as it stands now, on the terms of its present provider account."""


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
    rerouting: Rerouting

    async def terms(self, dossier: Dossier) -> ProviderTerms:
        """On which terms a further operation of this payment is sent."""
        payment = dossier.payment
        return await self.providers.terms(payment.tenant_id, payment.provider_account_id)

    async def recall(self, call: Call, decide: Decide) -> Answer | None:
        """Give the earlier answer of this call's key, carrying on where its first request died; None for a new key."""
        if call.idempotency is None:
            return None
        known = await self.journal.recall(call.tenant_id, call.idempotency, lease_seconds=LEASE_SECONDS)
        if isinstance(known, Resume):
            return await self._resume(call, OperationId(known.resource_id), decide)
        return known

    async def open(self, call: Call, opening: Move, route: RouteDecision, moment: Moment, decide: Decide) -> Answer:
        """Begin with a new payment on its route; `decide` tries it again when nothing of it was ever sent."""
        unit = self._claiming(call, None, opening, moment)
        return await self._commit_and_carry_out(call, msgspec.structs.replace(unit, route=route), decide)

    async def begin(self, call: Call, dossier: Dossier, decide: Decide) -> Answer:
        """Decide on an operation, commit it with the call's claim, then carry it out.

        Decides again when the dossier moved on meanwhile; gives the earlier answer when the key turns out to be used.
        """
        for _ in range(DECISIONS_MAX):
            terms = await self.terms(dossier)
            moment = self.world.moment()
            unit = self._claiming(call, dossier, decide(dossier, moment, terms), moment)
            try:
                return await self._commit_and_carry_out(call, unit, decide)
            except Conflict:
                dossier = await self.payments.get(call.tenant_id, dossier.payment.id)
        raise _too_busy()

    async def _commit_and_carry_out(self, call: Call, unit: Unit, decide: Decide) -> Answer:
        match await self.journal.commit(unit):
            case Committed():
                return await self._carry_out(call, unit.after, unit.after.operations[-1].id)
            case Resume(resource_id):
                return await self._resume(call, OperationId(resource_id), decide)
            case Answer() as earlier:
                return earlier

    async def _resume(self, call: Call, operation_id: OperationId, decide: Decide) -> Answer:
        """Carry on under a key whose first request died or was let go: never a second effect, always a true answer.

        An operation that was provably not sent is tried anew; the provider is asked about one that is open.
        """
        for _ in range(DECISIONS_MAX):
            dossier = await self.payments.get_by_operation(call.tenant_id, operation_id)
            operation = dossier.operation(operation_id)
            if operation.state is not OperationState.NOT_SENT:
                settled = await self._asked(call, dossier, operation) if operation.is_open else Settled(dossier)
                return await self._answer(call, settled, operation_id)
            try:
                terms = await self.terms(dossier)
                moment = self.world.moment()
                move = decide(dossier, moment, terms)
            except MediatorError:
                await self._let_go(call)
                raise
            unit = self._claiming(call, dossier, move, moment, taken_over=True)
            try:
                return await self._commit_and_carry_out(call, unit, decide)
            except Conflict:
                continue
        raise _too_busy()

    async def _let_go(self, call: Call) -> None:
        """Let a key go that was taken over for nothing, so that the next request hears the refusal at once."""
        if call.idempotency is not None:
            await self.journal.let_go(call.tenant_id, call.idempotency)

    async def _carry_out(self, call: Call, dossier: Dossier, operation_id: OperationId) -> Answer:
        """Send a committed operation and settle it with its outcome, together with the answer to the caller."""
        begun_at = dossier.operation(operation_id).created_at
        finding = await self._performed(dossier, dossier.operation(operation_id))
        try:
            while (onward := await self._gone_on(call, dossier, operation_id, finding, begun_at)) is not None:
                dossier, operation_id = onward, onward.operations[-1].id
                finding = await self._performed(dossier, dossier.operation(operation_id))
            settled = await self._settle(call, dossier, operation_id, finding)
            return await self._answer(call, settled, operation_id)
        except MediatorError as trouble:
            # The provider was called: whatever hinders us from keeping its answer, nobody may say that nothing moved.
            trouble.money_state = MoneyState.UNKNOWN
            raise

    async def _gone_on(
        self, call: Call, dossier: Dossier, operation_id: OperationId, finding: Finding, begun_at: datetime
    ) -> Dossier | None:
        """Go on at the next provider account where that is proved to be allowed; None where it is not.

        The proof, the next attempt and its claim become true together. Somebody who settled the operation meanwhile
        was faster: then nothing goes on.
        """
        moment = self.world.moment()
        to = await self.rerouting.next(dossier, operation_id, finding, begun_at=begun_at, now=moment.now)
        if to is None or not isinstance(finding, NotSent | Rejected):
            return None
        move = fail_over(dossier, operation_id, finding, to, moment)
        unit = self._claiming(call, dossier, move, moment, taken_over=True)
        try:
            await self.journal.commit(unit)
        except Conflict:
            return None
        return unit.after

    async def _performed(self, dossier: Dossier, operation: ProviderOperation) -> Outcome:
        """Send it, unless it is too late or the account cannot be opened: then nothing was sent, and we know it."""
        try:
            provider = await self._opened(dossier, operation)
        except MediatorError as trouble:
            return NotSent(f"the provider account could not be opened: {trouble.entry.code}")
        if self.world.moment().now > operation.send_by:
            return NotSent("its sender was too late; nothing was sent")
        return await provider.perform(self.instruction(dossier, operation))

    async def look_up(self, call: Call, dossier: Dossier, operation_id: OperationId) -> Dossier:
        """Ask the provider what became of an operation and settle it with what it says."""
        return (await self._asked(call, dossier, dossier.operation(operation_id))).dossier

    async def _asked(self, call: Call, dossier: Dossier, operation: ProviderOperation) -> "Settled":
        provider = await self._opened(dossier, operation)
        # An answer may be long on its way: it tells of the moment at which was asked, and proves absence only then.
        asked_at = self.world.moment().now
        finding = await provider.look_up(self.instruction(dossier, operation))
        if isinstance(finding, NotSent):
            finding = Unknown(f"the provider could not be asked: {finding.reason}")
        finding = judged(
            finding,
            operation,
            deadline_seconds=provider.manifest.deadline_seconds,
            horizon_seconds=provider.manifest.visibility_horizon_seconds,
            now=asked_at,
        )
        return await self._settle(call, dossier, operation.id, finding)

    async def _opened(self, dossier: Dossier, operation: ProviderOperation) -> Provider:
        """Open the account that the operation belongs to, under the configuration that the operation has."""
        account = _attempt_of(dossier, operation).provider_account_id
        return await self.providers.open(operation.tenant_id, account, version=operation.config_version)

    async def _settle(self, call: Call, dossier: Dossier, operation_id: OperationId, finding: Finding) -> "Settled":
        """Commit what a finding changes, with the answer to the caller if there is one; decide again when raced."""
        for _ in range(DECISIONS_MAX):
            moment = self.world.moment()
            move = settle(dossier, operation_id, finding, moment)
            if not move[1]:
                return Settled(dossier)
            unit = self._unit(call, dossier, move, moment)
            answer = None
            if call.idempotency is not None:
                answer = self.answers.operation(unit.after, operation_id, request_id=call.request_id)
                unit = msgspec.structs.replace(unit, idempotency=call.kept(answer))
            try:
                verdict = await self.journal.commit(unit)
            except Conflict:
                dossier = await self.payments.get(call.tenant_id, dossier.payment.id)
                continue
            standing = verdict.kept if isinstance(verdict, Committed) else None
            return Settled(unit.after, standing or answer)
        raise _too_busy()

    async def _answer(self, call: Call, settled: "Settled", operation_id: OperationId) -> Answer:
        """Give the answer that was committed with the outcome, or keep one now where somebody else settled it."""
        if settled.answer is not None:
            return settled.answer
        answer = self.answers.operation(settled.dossier, operation_id, request_id=call.request_id)
        kept = call.kept(answer)
        return await self.journal.keep_answer(call.tenant_id, kept) if isinstance(kept, Keep) else answer

    def _claiming(
        self, call: Call, before: Dossier | None, move: Move, moment: Moment, *, taken_over: bool = False
    ) -> Unit:
        """Build the unit of an intention, with the claim of the call's key for its operation."""
        claim = call.claim(move[0].operations[-1].id, taken_over=taken_over)
        return msgspec.structs.replace(self._unit(call, before, move, moment), idempotency=claim)

    def _unit(self, call: Call, before: Dossier | None, move: Move, moment: Moment) -> Unit:
        after, events = move
        audit = call.audit(tag_of(events[-1]), public_id(Prefix.PAYMENT, after.payment.id), moment)
        return Unit.of(audit=audit, before=before, after=after, events=events)

    def instruction(self, dossier: Dossier, operation: ProviderOperation) -> Instruction:
        """Say to the provider what an operation asks for."""
        payment, attempt = dossier.payment, _attempt_of(dossier, operation)
        return Instruction(
            kind=operation.kind,
            key=operation.key,
            amount=operation.amount,
            payment_id=public_id(Prefix.PAYMENT, payment.id),
            account=public_id(Prefix.PROVIDER_ACCOUNT, attempt.provider_account_id),
            provider_reference=attempt.provider_reference,
            operation_reference=operation.provider_reference,
            payment_method=payment.token if operation.kind is OperationKind.AUTHORIZE else None,
            reference=payment.reference,
            capture=payment.capture_mode is CaptureMode.AUTOMATIC,
            final=operation.final,
            callback_url=self.address.of(attempt.provider, attempt.provider_account_id),
            return_url=payment.return_url,
            payment_amount=payment.amount,
            action_url=payment.action_url,
            action_fields=payment.action_fields,
            description=payment.description,
            created_at=operation.created_at,
        )


class Settled(msgspec.Struct, frozen=True):
    """A payment after an operation was settled, and the answer that was committed with it, if one was."""

    dossier: Dossier
    answer: Answer | None = None


def _attempt_of(dossier: Dossier, operation: ProviderOperation) -> PaymentAttempt:
    return next(one for one in dossier.attempts if one.id == operation.attempt_id)


def _too_busy() -> MediatorError:
    return MediatorError(SERVICE_UNAVAILABLE, "The payment is too busy; repeat the request.", retry_after_seconds=1)
