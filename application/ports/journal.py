"""The one write path for money: a unit is one value that becomes true as a whole, or not at all."""

from collections.abc import Sequence
from typing import Protocol, TypeVar
from uuid import UUID

import msgspec

from domain.audit import AuditRecord
from domain.bookkeeping import postings_of
from domain.dossier import Dossier
from domain.errors import MediatorError
from domain.events import Event
from domain.ids import PaymentId, PayoutId, TenantId
from domain.ledger import HoldChange, HoldPlacement, LedgerTransaction
from domain.payments import Payment, PaymentAttempt, ProviderOperation
from domain.payout_dossier import PayoutDossier
from domain.payouts import Payout, PayoutOperation
from domain.posting import Outcome, Placed
from domain.refunds import Refund
from domain.routing import RouteDecision

S = TypeVar("S", Payment, PaymentAttempt, ProviderOperation, Refund)
P = TypeVar("P", Payout, PayoutOperation)


class Conflict(Exception):
    """A state was changed by somebody else since it was read: read again and decide again."""


class IdempotencyKey(msgspec.Struct, frozen=True):
    """A caller's key on one route, with the SHA-256 of what it was used for (method, path, raw body bytes)."""

    route: str
    key: str
    fingerprint: bytes


class Answer(msgspec.Struct, frozen=True):
    """What was answered to a caller, to the byte; `replayed` when it is an earlier answer given again."""

    status: int
    content_type: str
    body: bytes
    location: str | None = None
    replayed: bool = False


class Claim(msgspec.Struct, frozen=True, tag="claim"):
    """Begin the one effect of a key; `resource_id` finds it again if we do not live to answer.

    `taken_over` says that this request already holds the key (by `Resume`) and only names its new resource.
    """

    key: IdempotencyKey
    resource_id: UUID
    lease_seconds: float
    taken_over: bool = False


class Keep(msgspec.Struct, frozen=True, tag="keep"):
    """Keep the final answer of a key."""

    key: IdempotencyKey
    answer: Answer


class Release(msgspec.Struct, frozen=True, tag="release"):
    """Nothing happened under this key: the same request may try again with it."""

    key: IdempotencyKey


class Committed(msgspec.Struct, frozen=True):
    """The unit became true. `kept` is the answer that stands under its key, where that is an earlier one."""

    kept: Answer | None = None


class Resume(msgspec.Struct, frozen=True):
    """An earlier holder of the key began the effect on this resource and did not live to answer: carry on there."""

    resource_id: UUID


Verdict = Committed | Resume | Answer
"""What became of a unit with a claim: committed; or nothing was committed, as an earlier request holds the key."""


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """What every unit has: who did it, the events that explain it with their postings, and what becomes of a key.

    Raises ValueError without an event: a change that nothing explains cannot be built.
    """

    audit: AuditRecord
    events: tuple[Event, ...]
    idempotency: Claim | Keep | Release | None = None

    def __post_init__(self) -> None:
        """Refuse a unit without an event."""
        if not self.events:
            message = "a unit without an event explains nothing"
            raise ValueError(message)

    @property
    def placements(self) -> tuple[HoldPlacement, ...]:
        """The holds that the events place."""
        return tuple(one for event in self.events for one in postings_of(event).placements)

    @property
    def hold_changes(self) -> tuple[HoldChange, ...]:
        """What becomes of holds by the events."""
        return tuple(one for event in self.events for one in postings_of(event).changes)

    @property
    def transactions(self) -> tuple[LedgerTransaction, ...]:
        """The ledger transactions that the events book."""
        return tuple(one for event in self.events for one in postings_of(event).transactions)


class Unit(Explained, frozen=True, kw_only=True):
    """Everything about a payment that becomes true together. Build it with `Unit.of`: states get their versions.

    The states of `after` that differ from `before` are written, each only if its version is still the one that was
    read. `route` says why a new payment goes where it goes.
    """

    before: Dossier | None
    after: Dossier
    route: RouteDecision | None = None

    @classmethod
    def of(
        cls,
        *,
        audit: AuditRecord,
        before: Dossier | None,
        after: Dossier,
        events: tuple[Event, ...],
        idempotency: Claim | Keep | Release | None = None,
    ) -> "Unit":
        """Build a unit with each changed state stamped one version above the one that was read (1 when it is new)."""
        return cls(audit=audit, before=before, after=_stamped(before, after), events=events, idempotency=idempotency)

    @property
    def tenant_id(self) -> TenantId:
        """Whose unit it is."""
        return self.after.payment.tenant_id

    @property
    def payments(self) -> tuple[Payment, ...]:
        """The payment, when it changed."""
        unchanged = self.before is not None and self.before.payment == self.after.payment
        return () if unchanged else (self.after.payment,)

    @property
    def attempts(self) -> tuple[PaymentAttempt, ...]:
        """The attempts that changed."""
        known = () if self.before is None else self.before.attempts
        return tuple(attempt for attempt in self.after.attempts if attempt not in known)

    @property
    def operations(self) -> tuple[ProviderOperation, ...]:
        """The operations that changed."""
        known = () if self.before is None else self.before.operations
        return tuple(operation for operation in self.after.operations if operation not in known)

    @property
    def refunds(self) -> tuple[Refund, ...]:
        """The refunds that changed."""
        known = () if self.before is None else self.before.refunds
        return tuple(refund for refund in self.after.refunds if refund not in known)

    @property
    def subject_id(self) -> PaymentId:
        """What the unit is about: two units about one thing never go together."""
        return self.after.payment.id


class PayoutUnit(Explained, frozen=True, kw_only=True):
    """Everything about a payout that becomes true together; built with `PayoutUnit.of`, written as a `Unit` is."""

    before: PayoutDossier | None
    after: PayoutDossier

    @classmethod
    def of(
        cls,
        *,
        audit: AuditRecord,
        before: PayoutDossier | None,
        after: PayoutDossier,
        events: tuple[Event, ...],
        idempotency: Claim | Keep | Release | None = None,
    ) -> "PayoutUnit":
        """Build a unit with each changed state stamped one version above the one that was read (1 when it is new)."""
        operation = after.operation
        if operation is not None:
            operation = _next_version(None if before is None else before.operation, operation)
        after = msgspec.structs.replace(
            after, payout=_next_version(None if before is None else before.payout, after.payout), operation=operation
        )
        return cls(audit=audit, before=before, after=after, events=events, idempotency=idempotency)

    @property
    def tenant_id(self) -> TenantId:
        """Whose unit it is."""
        return self.after.payout.tenant_id

    @property
    def payouts(self) -> tuple[Payout, ...]:
        """The payout, when it changed."""
        unchanged = self.before is not None and self.before.payout == self.after.payout
        return () if unchanged else (self.after.payout,)

    @property
    def operations(self) -> tuple[PayoutOperation, ...]:
        """The payout's operation, when it changed."""
        unchanged = self.before is not None and self.before.operation == self.after.operation
        return () if unchanged or self.after.operation is None else (self.after.operation,)

    @property
    def subject_id(self) -> PayoutId:
        """What the unit is about: two units about one thing never go together."""
        return self.after.payout.id


AnyUnit = Unit | PayoutUnit


def _next_version(old: P | None, state: P) -> P:
    """Give a state that changed the version after the one that was read."""
    if old == state:
        return state
    return msgspec.structs.replace(state, version=1 if old is None else old.version + 1)


def _stamped(before: Dossier | None, after: Dossier) -> Dossier:
    """Give each changed state the version after the one that was read."""
    read: dict[UUID, Payment | PaymentAttempt | ProviderOperation | Refund] = {}
    if before is not None:
        read[before.payment.id] = before.payment
        read.update({one.id: one for one in before.attempts})
        read.update({one.id: one for one in before.operations})
        read.update({one.id: one for one in before.refunds})

    def stamp(state: S) -> S:
        old = read.get(state.id)
        if old == state:
            return state
        return msgspec.structs.replace(state, version=1 if old is None else old.version + 1)

    return Dossier(
        payment=stamp(after.payment),
        attempts=tuple(stamp(one) for one in after.attempts),
        operations=tuple(stamp(one) for one in after.operations),
        refunds=tuple(stamp(one) for one in after.refunds),
    )


class Journal(Protocol):
    """Commits units. After `commit` returns, the whole unit is durable; after it raises, nothing of it is."""

    async def commit(self, unit: AnyUnit) -> Verdict:
        """Make a unit true in one atomic step.

        Raises Conflict when a state moved on, IDEM_IN_FLIGHT or IDEM_MISMATCH for its claim, a LEDGER_ code when the
        books refuse it, SERVICE_UNAVAILABLE when it cannot be told whether it was committed: repeat with the same key.
        """
        ...

    async def post(
        self, tenant_id: TenantId, placed: Placed, *, idempotency: IdempotencyKey | None = None, dry_run: bool = False
    ) -> Outcome:
        """Give the ledger one order; it is committed, with everything that belongs to it, or refused, whole.

        A key that was used before gives the first outcome again (`replayed`). `dry_run` goes the same way, and is
        undone at its end. Raises IDEM_IN_FLIGHT or IDEM_MISMATCH for the key, BACKPRESSURE when too many wait,
        SERVICE_UNAVAILABLE when it cannot be told whether it was committed: repeat with the same key.
        """
        ...

    async def post_batch(
        self, tenant_id: TenantId, batch: Sequence[tuple[Placed, IdempotencyKey | None]], *, atomic: bool
    ) -> tuple[Outcome | MediatorError, ...]:
        """Give the ledger many orders, in their sequence: an outcome for each, or the error of its key.

        `atomic` books all or none: when one is refused, the others are refused with BATCH_REFUSED. Otherwise each
        stands for itself. Raises as `post` does for what concerns the whole.
        """
        ...

    async def recall(self, tenant_id: TenantId, key: IdempotencyKey, *, lease_seconds: float) -> Resume | Answer | None:
        """Say what is known of a key before deciding anything; None when it was never used, or was let go.

        A known key's record is written to (its count and time), so that a replay is as durable as what it replays.
        `Resume` gives the key to this request for `lease_seconds`. Raises IDEM_IN_FLIGHT while its first request runs,
        IDEM_MISMATCH when it was used for something else.
        """
        ...

    async def let_go(self, tenant_id: TenantId, key: IdempotencyKey) -> None:
        """Release a key that this request holds and under which nothing was done."""
        ...

    async def keep_answer(self, tenant_id: TenantId, keep: Keep) -> Answer:
        """Keep the answer of a key whose effect was committed without one; give the answer that is kept."""
        ...
