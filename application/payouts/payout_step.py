"""One step of a payout with its provider: commit the claim to send, call, commit the outcome; or ask, and commit."""

from dataclasses import dataclass

from application.call import Call
from application.ports.addresses import CallbackAddress
from application.ports.journal import Conflict, Journal, PayoutUnit
from application.ports.payouts import PayoutRepository
from application.ports.providers import Provider, Providers
from application.ports.world import World
from domain.errors import SERVICE_UNAVAILABLE, MediatorError
from domain.events import tag_of
from domain.ids import PayoutId, Prefix, ProviderAccountId, public_id
from domain.manifests import ProviderManifest
from domain.moment import Moment
from domain.paying_out import begin_sending, can_be_sent
from domain.payout_dossier import PayoutDossier, PayoutMove
from domain.payouts import PayoutOperation
from domain.providers import CallbackEvent, Finding, Instruction, NotSent, OperationKind, Outcome, Unknown
from domain.settling_payouts import judged_payout, settle_payout

DECISIONS_MAX = 64
"""How often a decision is taken again because somebody else was faster."""


@dataclass(frozen=True, slots=True)
class PayoutStep:
    """Shared by everything that sends payouts or learns of them. No transaction is open while a provider thinks.

    Versions are the fence: of two workers one commits the claim to send, and only that one sends. Whoever is killed
    leaves a claim behind; what became of it is asked, and sent again only under the same key and with proof.
    """

    journal: Journal
    payouts: PayoutRepository
    providers: Providers
    world: World
    address: CallbackAddress

    async def carry_on(self, call: Call, payout_id: PayoutId) -> PayoutDossier:
        """Take the next step if there is one: send what may be sent now, or ask about what is open and due."""
        dossier = await self.payouts.get(call.tenant_id, payout_id)
        for _ in range(DECISIONS_MAX):
            moment = self.world.moment()
            if not can_be_sent(dossier, moment):
                return await self.ask(call, dossier) if _is_due(dossier, moment) else dossier
            terms = await self.providers.terms(call.tenant_id, dossier.payout.provider_account_id)
            unit = self._unit(call, dossier, begin_sending(dossier, moment, terms=terms), moment)
            try:
                await self.journal.commit(unit)
            except Conflict:
                dossier = await self.payouts.get(call.tenant_id, payout_id)
                continue
            return await self._sent(call, unit.after)
        raise _too_busy()

    async def ask(self, call: Call, dossier: PayoutDossier) -> PayoutDossier:
        """Ask the provider what became of a payout and settle it with its present word."""
        provider = await self._opened(dossier)
        finding = await provider.look_up(self.instruction(dossier))
        if isinstance(finding, NotSent):
            finding = Unknown(f"the provider could not be asked: {finding.reason}")
        return await self.settle(call, dossier, finding, provider.manifest)

    async def apply(self, call: Call, account: ProviderAccountId, event: CallbackEvent) -> bool:
        """Settle what a callback or a file tells of a payout; False when it is about none of ours.

        What it says is applied as it stands only where the provider's callbacks are authoritative and say it in full;
        otherwise the provider is asked. Order and repetition cannot matter.
        """
        payout_id = await self._find(call, account, event)
        if payout_id is None:
            return False
        dossier = await self.payouts.get(call.tenant_id, payout_id)
        if dossier.operation is None or dossier.payout.provider_account_id != account:
            return False
        provider = await self._opened(dossier)
        rule = provider.manifest.callbacks
        if event.finding is not None and rule is not None and rule.is_authoritative:
            await self.settle(call, dossier, event.finding, provider.manifest)
        else:
            await self.ask(call, dossier)
        return True

    async def settle(
        self,
        call: Call,
        dossier: PayoutDossier,
        finding: Finding,
        manifest: ProviderManifest,
        *,
        send: int | None = None,
    ) -> PayoutDossier:
        """Commit what a finding changes; decide again when raced. `send`: it is that send's own outcome."""
        for _ in range(DECISIONS_MAX):
            moment = self.world.moment()
            judged = judged_payout(
                finding,
                dossier.sent_operation,
                deadline_seconds=manifest.deadline_seconds,
                horizon_seconds=manifest.visibility_horizon_seconds,
                moment=moment,
            )
            move = settle_payout(dossier, judged, moment, resends=manifest.is_idempotent, send=send)
            if not move[1]:
                return dossier
            unit = self._unit(call, dossier, move, moment)
            try:
                await self.journal.commit(unit)
            except Conflict:
                dossier = await self.payouts.get(call.tenant_id, dossier.payout.id)
                continue
            return unit.after
        raise _too_busy()

    async def _sent(self, call: Call, dossier: PayoutDossier) -> PayoutDossier:
        """Carry out a claim to send that was committed, and settle it with its outcome."""
        operation = dossier.sent_operation
        manifest = self.providers.manifest(dossier.payout.provider)
        outcome: Outcome
        try:
            provider = await self._opened(dossier)
        except MediatorError as trouble:
            outcome = NotSent(f"the provider account could not be opened: {trouble.entry.code}")
        else:
            manifest = provider.manifest
            outcome = await self._performed(provider, dossier, operation)
        return await self.settle(call, dossier, outcome, manifest, send=operation.sends)

    async def _performed(self, provider: Provider, dossier: PayoutDossier, operation: PayoutOperation) -> Outcome:
        """Send it, unless it is too late: then nothing was sent, and we know it."""
        if self.world.moment().now > operation.send_by:
            return NotSent("its sender was too late; nothing was sent")
        return await provider.perform(self.instruction(dossier))

    async def _find(self, call: Call, account: ProviderAccountId, event: CallbackEvent) -> PayoutId | None:
        """Find the payout that an event is about: by our key, else by the provider's name for it."""
        if event.operation_kind not in (None, OperationKind.PAYOUT):
            return None
        if event.operation_key is not None:
            return await self.payouts.find_by_key(call.tenant_id, event.operation_key)
        for reference in (event.operation_reference, event.provider_reference):
            if reference is not None:
                found = await self.payouts.find_by_reference(call.tenant_id, account, reference)
                if found is not None:
                    return found
        return None

    async def _opened(self, dossier: PayoutDossier) -> Provider:
        payout, operation = dossier.payout, dossier.sent_operation
        return await self.providers.open(payout.tenant_id, payout.provider_account_id, version=operation.config_version)

    def _unit(self, call: Call, before: PayoutDossier, move: PayoutMove, moment: Moment) -> PayoutUnit:
        after, events = move
        audit = call.audit(tag_of(events[-1]), public_id(Prefix.PAYOUT, after.payout.id), moment)
        return PayoutUnit.of(audit=audit, before=before, after=after, events=events)

    def instruction(self, dossier: PayoutDossier) -> Instruction:
        """Say to the provider what is to be paid, to whom, and under which key."""
        payout, operation = dossier.payout, dossier.sent_operation
        return Instruction(
            kind=OperationKind.PAYOUT,
            key=operation.key,
            amount=operation.amount,
            payment_id=public_id(Prefix.PAYOUT, payout.id),
            account=public_id(Prefix.PROVIDER_ACCOUNT, payout.provider_account_id),
            operation_reference=operation.provider_reference,
            payee=dossier.beneficiary.payee,
            reference=payout.reference,
            description=payout.description,
            callback_url=self.address.of(payout.provider, payout.provider_account_id),
            created_at=operation.created_at,
        )


def _is_due(dossier: PayoutDossier, moment: Moment) -> bool:
    """Whether it is open at the provider and its next query is due."""
    operation = dossier.operation
    if operation is None or not operation.is_open or operation.next_step_at is None:
        return False
    return operation.next_step_at <= moment.now


def _too_busy() -> MediatorError:
    return MediatorError(SERVICE_UNAVAILABLE, "The payout is too busy; repeat the request.", retry_after_seconds=1)
