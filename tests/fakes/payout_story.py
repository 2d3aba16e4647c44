"""Tells the life of one payout, move by move, with the domain's own functions."""

from datetime import timedelta
from typing import Self

import msgspec

from application.ports.journal import PayoutUnit
from domain.audit import AuditRecord
from domain.authorizing import begin_payment
from domain.beneficiaries import Beneficiary, BeneficiaryState, BeneficiaryType
from domain.events import Event
from domain.ids import BeneficiaryId, PaymentId, ProviderAccountId, TenantId
from domain.money import Currency, Money
from domain.paying_out import PayoutOrder, approve, begin_payout, begin_sending, cancel, deny
from domain.payout_dossier import PayoutDossier, PayoutMove
from domain.payouts import Payout, PayoutOperation
from domain.providers import AcceptedPending, Comeback, Decline, Finding, Missing, NotSent, Rejected, Succeeded, Unknown
from domain.settling import settle
from domain.settling_payouts import settle_payout
from tests.fakes.books import Books
from tests.fakes.story import ACCOUNT, EUR, TENANT, TERMS, an_order
from tests.fakes.world import SettableWorld

REFERENCE = "po_1"
NOT_SENT = NotSent("connection refused")
UNKNOWN = Unknown("read timeout")
MISSING = Missing("no such key")
ACCEPTED = AcceptedPending(REFERENCE)
REJECTED = Rejected("account_closed", Decline.HARD, "The account is closed.", REFERENCE)
RETURNED = Rejected("no_such_account", Decline.HARD, "Sent back.", REFERENCE, Comeback.RETURNED)
PAID = Succeeded(REFERENCE, Money(400, EUR))


def a_beneficiary(
    world: SettableWorld, *, tenant_id: TenantId = TENANT, state: BeneficiaryState = BeneficiaryState.ACTIVE
) -> Beneficiary:
    """Somebody with an account in Nepal, where there are no IBANs."""
    moment = world.moment()
    return Beneficiary(
        tenant_id=tenant_id,
        id=BeneficiaryId(moment.new_id()),
        version=1,
        state=state,
        type=BeneficiaryType.ACCOUNT,
        name="Sita Example",
        country="NP",
        currency=EUR,
        iban=None,
        bic=None,
        account_number="0123456789012345",
        bank_code="NARBNPKA",
        reference=None,
        metadata={},
        created_at=moment.now,
        updated_at=moment.now,
    )


def a_payout_order(
    *,
    amount_minor: int = 400,
    requires_approval: bool = False,
    tenant_id: TenantId = TENANT,
    account: ProviderAccountId = ACCOUNT,
    currency: Currency = EUR,
) -> PayoutOrder:
    """Order a payout at the sandbox."""
    return PayoutOrder(
        tenant_id=tenant_id,
        amount=Money(amount_minor, currency),
        provider="sandbox",
        provider_account_id=account,
        requires_approval=requires_approval,
        created_by="prn_test",
        reference="salary-1",
        description="Salary",
        metadata={"month": "11"},
    )


class PayoutStory:
    """One payout on its way, out of 10.00 EUR that a payment brought. Each move is a unit, and is posted at once.

    A refused move raises what the domain or the books raise, and leaves the story as it was.
    """

    def __init__(
        self,
        order: PayoutOrder | None = None,
        *,
        world: SettableWorld | None = None,
        beneficiary: Beneficiary | None = None,
        funds_minor: int = 1000,
    ) -> None:
        """Begin the payout."""
        self.world = world or SettableWorld()
        self.books = Books()
        self.units: list[PayoutUnit] = []
        self.events: list[Event] = []
        self._dossier: PayoutDossier | None = None
        if funds_minor:
            self._bring(funds_minor)
        order = order or a_payout_order()
        beneficiary = beneficiary or a_beneficiary(self.world, tenant_id=order.tenant_id)
        self.take(begin_payout(order, beneficiary, self.world.moment()))

    @property
    def dossier(self) -> PayoutDossier:
        """The payout as it stands, versions and all."""
        assert self._dossier is not None
        return self._dossier

    @property
    def payout(self) -> Payout:
        """The payout alone."""
        return self.dossier.payout

    @property
    def operation(self) -> PayoutOperation:
        """Its operation."""
        return self.dossier.sent_operation

    def take(self, move: PayoutMove) -> Self:
        """Keep a move and post it; one without events changes nothing."""
        after, events = move
        if not events:
            assert after == self._dossier
            return self
        audit = AuditRecord(
            tenant_id=after.payout.tenant_id,
            id=self.world.new_id(),
            at=self.world.now,
            actor="prn_test",
            action="test",
            subject="test",
            request_id="req_test",
            details={},
        )
        unit = PayoutUnit.of(audit=audit, before=self._dossier, after=after, events=events)
        books = self.books.copy()
        books.post(events, now=self.world.now)
        self.books = books
        self.units.append(unit)
        self.events.extend(events)
        self._dossier = unit.after
        return self

    def approve(self, actor: str = "prn_boss") -> Self:
        """Approve it."""
        return self.take(approve(self.dossier, self.world.moment(), actor=actor))

    def deny(self, actor: str = "prn_boss") -> Self:
        """Deny it."""
        return self.take(deny(self.dossier, self.world.moment(), actor=actor))

    def cancel(self) -> Self:
        """Cancel it."""
        return self.take(cancel(self.dossier, self.world.moment()))

    def send(self) -> Self:
        """Claim its sending."""
        return self.take(begin_sending(self.dossier, self.world.moment(), terms=TERMS))

    def settle(self, finding: Finding, *, resends: bool = True) -> Self:
        """Hear what is found out about it; after a claim to send, the outcome is of that send."""
        moment = self.world.moment()
        return self.take(settle_payout(self.dossier, finding, moment, resends=resends, send=self.operation.sends))

    def wait(self, **duration: float) -> Self:
        """Let time pass."""
        self.world.wait(timedelta(**duration))
        return self

    def wait_for_step(self) -> Self:
        """Let time pass until the next step is due."""
        due_at = self.operation.next_step_at
        assert due_at is not None
        self.world.now = max(self.world.now, due_at)
        return self

    def balance(self, code: str) -> int:
        """Give what is posted on an account of euros, on its normal side."""
        account = self.books.accounts.get((code, "EUR"))
        return 0 if account is None else account.posted

    @property
    def available(self) -> int:
        """Give what is available of the payable."""
        return self.books.accounts["merchant:main:payable", "EUR"].available

    @property
    def in_transit(self) -> int:
        """Give what is in transit."""
        return self.balance("payouts:in_transit")

    @property
    def cleared(self) -> int:
        """Give what the provider has of ours."""
        return self.balance(f"provider:pac_{self.payout.provider_account_id.hex}:clearing")

    def _bring(self, amount_minor: int) -> None:
        """Take a payment, so that there is something to pay out."""
        moment = self.world.moment()
        order = an_order(amount_minor=amount_minor)
        dossier, created = begin_payment(order, moment, payment_id=PaymentId(moment.new_id()), terms=TERMS)
        paid = Succeeded("ch_0", order.amount)
        _, captured = settle(dossier, dossier.operations[-1].id, paid, self.world.moment())
        self.books.post((*created, *captured), now=self.world.now)


def standing(story: PayoutStory) -> tuple[object, ...]:
    """Give everything about a payout that no order of what is heard may change."""
    payout = msgspec.structs.replace(story.payout, version=0, updated_at=story.payout.created_at)
    return (payout.state, story.available, story.in_transit, story.cleared, story.books.sums())
