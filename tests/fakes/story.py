"""Tells the life of one payment, move by move, with the domain's own functions: where most tests begin."""

from datetime import timedelta
from typing import Self
from uuid import UUID

from application.ports.journal import Unit
from domain.audit import AuditRecord
from domain.authorizing import PaymentOrder, begin_attempt, begin_payment, expire
from domain.capturing import begin_capture
from domain.dossier import Dossier, Move
from domain.events import Event
from domain.failing_over import Destination, fail_over
from domain.ids import OperationId, PaymentId, ProviderAccountId, RefundId, TenantId
from domain.money import Currency, Money
from domain.payments import CaptureMode, Payment, PaymentAttempt, ProviderOperation
from domain.providers import (
    AcceptedPending,
    Decline,
    Finding,
    Missing,
    NotSent,
    OperationKind,
    ProviderTerms,
    Rejected,
    Succeeded,
    Unknown,
)
from domain.refunding import begin_refund
from domain.refunds import Refund
from domain.settling import settle
from domain.voiding import begin_void, cancel_unsent
from tests.fakes.books import Books
from tests.fakes.world import SettableWorld

TENANT = TenantId(UUID("018f0000-0000-7000-8000-000000000001"))
ACCOUNT = ProviderAccountId(UUID("018f0000-0000-7000-8000-000000000002"))
SECOND_ACCOUNT = ProviderAccountId(UUID("018f0000-0000-7000-8000-000000000003"))
EUR = Currency("EUR")
TERMS = ProviderTerms(deadline_seconds=10.0, config_version=1)
CHARGE = "ch_1"

NOT_SENT = NotSent("connection refused")
UNKNOWN = Unknown("read timeout")
MISSING = Missing("no such key")
PENDING = AcceptedPending(CHARGE)
ACTION = AcceptedPending(CHARGE, "https://bank.example/3ds")
DECLINED = Rejected("insufficient_funds", Decline.SOFT, "Insufficient funds", CHARGE)


def an_order(
    *,
    amount_minor: int = 1000,
    currency: str = "EUR",
    capture_mode: CaptureMode = CaptureMode.AUTOMATIC,
    tenant_id: TenantId = TENANT,
    account: ProviderAccountId = ACCOUNT,
    reference: str | None = "order-1",
) -> PaymentOrder:
    """Order a payment at the sandbox."""
    return PaymentOrder(
        tenant_id=tenant_id,
        amount=Money(amount_minor, Currency(currency)),
        capture_mode=capture_mode,
        payment_method="tok_visa",
        provider="sandbox",
        provider_account_id=account,
        reference=reference,
        description="A book",
        return_url="https://shop.example/back",
        metadata={"basket": "7"},
    )


class Story:
    """One payment on its way. Each move is kept as a unit that a journal can commit, and is posted to `books` at once.

    A refused move raises what the domain raises, and leaves the story as it was.
    """

    def __init__(self, order: PaymentOrder | None = None, *, world: SettableWorld | None = None) -> None:
        """Begin the payment: it is under way to the provider."""
        self.world = SettableWorld() if world is None else world
        self.books = Books()
        self.units: list[Unit] = []
        self.told = 0  # How many of the units are kept in a journal; its keeper counts.
        self.events: list[Event] = []
        self._dossier: Dossier | None = None
        self._has_books = True
        moment = self.world.moment()
        self.take(begin_payment(order or an_order(), moment, payment_id=PaymentId(moment.new_id()), terms=TERMS))

    @classmethod
    def of(cls, dossier: Dossier, world: SettableWorld) -> Self:
        """Go on from a payment as it was read somewhere; such a story keeps no books."""
        story = cls.__new__(cls)
        story.world, story.books, story.units, story.events = world, Books(), [], []
        story.told, story._dossier, story._has_books = 0, dossier, False
        return story

    @property
    def dossier(self) -> Dossier:
        """The payment as it stands, versions and all."""
        assert self._dossier is not None
        return self._dossier

    @property
    def payment(self) -> Payment:
        """The payment alone."""
        return self.dossier.payment

    @property
    def attempt(self) -> PaymentAttempt:
        """Its latest attempt."""
        return self.dossier.attempt

    @property
    def last(self) -> Event:
        """What happened last."""
        return self.events[-1]

    def operation(self, kind: OperationKind | None = None) -> ProviderOperation:
        """The latest operation (of that kind)."""
        return [one for one in self.dossier.operations if kind in (None, one.kind)][-1]

    def refund(self, refund_id: RefundId | None = None) -> Refund:
        """The latest refund, or that one."""
        return self.dossier.refunds[-1] if refund_id is None else self.dossier.refund(refund_id)

    def take(self, move: Move) -> tuple[Event, ...]:
        """Make a move true; nothing happens when it has no events. Gives the events."""
        after, events = move
        if not events:
            assert self._dossier == after, "a move without an event changed something"
            return ()
        unit = Unit.of(audit=self.audit(after), before=self._dossier, after=after, events=events)
        if self._has_books:
            books = self.books.copy()
            books.post(events, now=self.world.now)
            self.books = books
        self._dossier = unit.after
        self.units.append(unit)
        self.events.extend(events)
        return events

    def settle(self, finding: Finding, operation_id: OperationId | None = None) -> Self:
        """Settle the latest operation, or that one, with a finding."""
        wanted = self.operation().id if operation_id is None else operation_id
        self.take(settle(self.dossier, wanted, finding, self.world.moment()))
        return self

    def succeed(self, kind: OperationKind | None = None) -> Self:
        """Let the latest operation (of that kind) succeed with just what it asks for."""
        operation = self.operation(kind)
        return self.settle(Succeeded(CHARGE, operation.amount), operation.id)

    def capture(self, amount_minor: int | None = None, *, final: bool = False) -> Self:
        """Begin a capture."""
        moment = self.world.moment()
        self.take(begin_capture(self.dossier, moment, amount_minor=amount_minor, final=final, terms=TERMS))
        return self

    def give_back(self, amount_minor: int | None = None) -> Self:
        """Begin a refund."""
        moment = self.world.moment()
        self.take(begin_refund(self.dossier, moment, amount_minor=amount_minor, reason="returned", terms=TERMS))
        return self

    def void(self) -> Self:
        """Begin a cancellation at the provider."""
        self.take(begin_void(self.dossier, self.world.moment(), terms=TERMS))
        return self

    def cancel_unsent(self) -> Self:
        """Cancel without a provider."""
        self.take(cancel_unsent(self.dossier, self.world.moment()))
        return self

    def try_again(self) -> Self:
        """Begin another attempt."""
        self.take(begin_attempt(self.dossier, self.world.moment(), terms=TERMS))
        return self

    def fail_over(self, finding: NotSent | Rejected = DECLINED, account: ProviderAccountId = SECOND_ACCOUNT) -> Self:
        """Close the latest attempt with that proof and go on at another account."""
        to = Destination(provider_account_id=account, provider="sandbox", terms=TERMS)
        self.take(fail_over(self.dossier, self.operation().id, finding, to, self.world.moment()))
        return self

    def expire(self) -> Self:
        """Let it expire."""
        self.take(expire(self.dossier, self.world.moment()))
        return self

    def wait_for_query(self, operation_id: OperationId | None = None) -> Self:
        """Let time pass until the latest operation, or that one, is due to be asked about."""
        operation = self.operation() if operation_id is None else self.dossier.operation(operation_id)
        assert operation.next_query_at is not None
        self.world.now = max(self.world.now, operation.next_query_at)
        return self

    def wait(self, **duration: float) -> Self:
        """Let time pass."""
        self.world.wait(timedelta(**duration))
        return self

    def audit(self, after: Dossier) -> AuditRecord:
        """Write the audit record of a move."""
        return AuditRecord(
            tenant_id=after.payment.tenant_id,
            id=self.world.new_id(),
            at=self.world.now,
            actor="test",
            action="story.told",
            subject=str(after.payment.id),
            request_id="req_test",
            details={},
        )


def authorized_story(amount_minor: int = 1000, currency: str = "EUR", *, world: SettableWorld | None = None) -> Story:
    """A payment that is authorized and not captured."""
    order = an_order(amount_minor=amount_minor, currency=currency, capture_mode=CaptureMode.MANUAL)
    return Story(order, world=world).succeed()


def captured_story(amount_minor: int = 1000, currency: str = "EUR", *, world: SettableWorld | None = None) -> Story:
    """A payment that was captured with its authorization."""
    return Story(an_order(amount_minor=amount_minor, currency=currency), world=world).succeed()
