"""One step of a payout with its provider: commit the claim to send, call, commit the outcome; or ask, and commit."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.ports.addresses import CallbackAddress
from application.ports.journal import Conflict, Journal, PayoutUnit
from application.ports.payouts import PayoutRepository
from application.ports.providers import Provider, Providers
from application.ports.world import World
from domain.errors import SERVICE_UNAVAILABLE, MediatorError
from domain.events import tag_of
from domain.ids import PayoutId, Prefix, public_id
from domain.manifests import ProviderManifest
from domain.moment import Moment
from domain.paying_out import begin_sending, can_be_sent
from domain.payout_dossier import PayoutDossier, PayoutMove
from domain.payouts import PayoutOperation
from domain.providers import Finding, Instruction, NotSent, OperationKind, Outcome, Unknown
from domain.settling_payouts import judged_payout, settle_payout

DECISIONS_MAX = 64
"""How often a decision is taken again because somebody else was faster."""


class Learnt(msgspec.Struct, frozen=True):
    """A finding about a payout, judged; `resends`: its provider takes a repeated key for the same order."""

    finding: Finding
    resends: bool


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
        return await self.settle(call, dossier, await self.found_out(dossier))

    async def found_out(self, dossier: PayoutDossier) -> Learnt:
        """Ask the provider what became of a payout, and judge what that proves; nothing is written down."""
        provider = await self._opened(dossier)
        # An answer may be long on its way: it tells of the moment at which was asked, and proves absence only then.
        asked_at = self.world.moment()
        finding = await provider.look_up(self.instruction(dossier))
        if isinstance(finding, NotSent):
            finding = Unknown(f"the provider could not be asked: {finding.reason}")
        return _judged(dossier, finding, provider.manifest, asked_at)

    async def told(self, dossier: PayoutDossier, finding: Finding) -> Learnt:
        """Judge what the provider told by itself as what it answers when it is asked."""
        return _judged(dossier, finding, (await self._opened(dossier)).manifest, self.world.moment())

    def rehearse(self, dossier: PayoutDossier, learnt: Learnt) -> PayoutDossier:
        """Decide what a finding would change, and commit nothing."""
        return settle_payout(dossier, learnt.finding, self.world.moment(), resends=learnt.resends)[0]

    async def settle(
        self, call: Call, dossier: PayoutDossier, learnt: Learnt, *, send: int | None = None
    ) -> PayoutDossier:
        """Commit what a finding changes; decide again when raced. `send`: it is that send's own outcome."""
        for _ in range(DECISIONS_MAX):
            moment = self.world.moment()
            move = settle_payout(dossier, learnt.finding, moment, resends=learnt.resends, send=send)
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
        return await self.settle(call, dossier, Learnt(outcome, manifest.is_idempotent), send=operation.sends)

    async def _performed(self, provider: Provider, dossier: PayoutDossier, operation: PayoutOperation) -> Outcome:
        """Send it, unless it is too late: then nothing was sent, and we know it."""
        if self.world.moment().now > operation.send_by:
            return NotSent("its sender was too late; nothing was sent")
        return await provider.perform(self.instruction(dossier))

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


def _judged(dossier: PayoutDossier, finding: Finding, manifest: ProviderManifest, moment: Moment) -> Learnt:
    judged = judged_payout(
        finding,
        dossier.sent_operation,
        deadline_seconds=manifest.deadline_seconds,
        horizon_seconds=manifest.visibility_horizon_seconds,
        moment=moment,
    )
    return Learnt(judged, manifest.is_idempotent)


def _is_due(dossier: PayoutDossier, moment: Moment) -> bool:
    """Whether it is open at the provider and its next query is due."""
    operation = dossier.operation
    if operation is None or not operation.is_open or operation.next_step_at is None:
        return False
    return operation.next_step_at <= moment.now


def _too_busy() -> MediatorError:
    return MediatorError(SERVICE_UNAVAILABLE, "The payout is too busy; repeat the request.", retry_after_seconds=1)
