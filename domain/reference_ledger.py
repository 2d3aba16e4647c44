"""The reference ledger: what one tenant's ledger must do, in pure Python; PostgreSQL is held to it in every history."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from domain.accounts import Account
from domain.errors import IDEM_MISMATCH, MediatorError
from domain.ids import HoldId, LedgerAccountId, LedgerTransactionId, LimitId
from domain.ledger import HoldState
from domain.limits import LimitPolicy, LimitUsage
from domain.posting import (
    Leg,
    Outcome,
    Placed,
    PlaceHold,
    PostHold,
    Posting,
    Reason,
    Refusal,
    ReleaseHold,
    Reverse,
    Transfer,
)
from domain.reference_checks import booked, counted, held, opposite, overdrawn, overflowing, unmet, unusable
from domain.reference_rows import OPEN_HOLD_STATES, Change, Hold, KeyUse, Transaction, hold_of, leg_of

BATCH_REFUSED = Refusal(Reason.BATCH_REFUSED)


class ReferenceLedger:
    """One tenant's books. A refused order changes nothing; `copy` gives books that can be written on apart."""

    def __init__(self) -> None:
        self.accounts: dict[LedgerAccountId, Account] = {}
        self.holds: dict[HoldId, Hold] = {}
        self.transactions: dict[LedgerTransactionId, Transaction] = {}
        self.references: dict[str, LedgerTransactionId] = {}
        self.hold_references: dict[str, HoldId] = {}
        self.reversals: dict[LedgerTransactionId, LedgerTransactionId] = {}
        self.limits: dict[LimitId, LimitPolicy] = {}
        self.usage: dict[tuple[LimitId, datetime], LimitUsage] = {}
        self.outcomes: dict[tuple[str, str], tuple[bytes, Outcome]] = {}

    def copy(self) -> "ReferenceLedger":
        """Give the same books, to be written on without touching these: rows are frozen, so that is all it takes."""
        copied = ReferenceLedger()
        for name, rows in vars(self).items():
            setattr(copied, name, rows.copy())
        return copied

    def apply(self, placed: Placed, *, now: datetime, key: KeyUse | None = None, dry_run: bool = False) -> Outcome:
        """Give the books one order; a key's first outcome is given again. Raises IDEM_MISMATCH.

        `dry_run` says what would become of it, and changes nothing.
        """
        earlier = None if key is None else self._recalled(key)
        if earlier is not None:
            return earlier
        decision = self.decide(placed, now=now)
        outcome = decision.posting if isinstance(decision, Change) else decision
        if dry_run:
            return outcome
        if isinstance(decision, Change):
            self.enter(decision)
        if key is not None:
            self.outcomes[key.route, key.key] = (key.fingerprint, _told_again(outcome, placed))
        return outcome

    def decide(self, placed: Placed, *, now: datetime) -> Change | Refusal:
        """Say what an order would make, or why not; nothing is written."""
        match placed.order:
            case Transfer() as order:
                return self._transfer(placed, order, now)
            case PlaceHold() as order:
                return self._place(placed, order, now)
            case PostHold() as order:
                return self._post(order, now)
            case ReleaseHold() as order:
                return self._release(order, now)
            case Reverse() as order:
                return self._reverse(placed, order, now)

    def enter(self, change: Change) -> None:
        """Write what was decided."""
        self.accounts |= change.accounts
        self.usage |= change.usage
        if change.hold is not None:
            self.holds[change.hold.id] = change.hold
            if change.hold.reference is not None:
                self.hold_references[change.hold.reference] = change.hold.id
        if change.transaction is not None:
            made = change.transaction
            self.transactions[made.id] = made
            if made.reference is not None:
                self.references[made.reference] = made.id
            if made.reverses_id is not None:
                self.reversals[made.reverses_id] = made.id

    def apply_batch(
        self, batch: Sequence[tuple[Placed, KeyUse | None]], *, now: datetime, atomic: bool
    ) -> tuple[Outcome | MediatorError, ...]:
        """Give the books many orders in their sequence: an outcome for each, or IDEM_MISMATCH for its key.

        `atomic` books all or none: the first that is refused keeps its reason, the others get BATCH_REFUSED. Keys are
        looked at before anything is tried then, in the order of their routes and names.
        """
        if not atomic:
            return tuple(_attempted(self, placed, now=now, key=key) for placed, key in batch)
        failed = self._spoken_for(batch)
        tried, ends = self.copy(), list[Outcome | MediatorError]()
        for place, (placed, key) in enumerate(batch if failed is None else ()):
            ends.append(_attempted(tried, placed, now=now, key=key))
            if not isinstance(ends[-1], Posting):
                failed = place, ends[-1]
                break
        if failed is not None:
            return tuple(failed[1] if place == failed[0] else BATCH_REFUSED for place in range(len(batch)))
        vars(self).update(vars(tried))
        return tuple(ends)

    def _spoken_for(self, batch: Sequence[tuple[Placed, KeyUse | None]]) -> tuple[int, Refusal | MediatorError] | None:
        """Find the first key of a batch that was used for something else, or for what was refused."""
        uses = [(key.route, key.key, place, key) for place, (_, key) in enumerate(batch) if key is not None]
        fingerprints: dict[tuple[str, str], bytes] = {}
        for route, name, place, key in sorted(uses, key=lambda use: use[:3]):
            try:
                earlier = self._recalled(key)
            except MediatorError as error:
                return place, error
            if isinstance(earlier, Refusal):
                return place, earlier
            if fingerprints.setdefault((route, name), key.fingerprint) != key.fingerprint:
                return place, _mismatch()
        return None

    def _recalled(self, key: KeyUse) -> Outcome | None:
        """Find what the key was answered first. Raises IDEM_MISMATCH when that was for something else."""
        kept = self.outcomes.get((key.route, key.key))
        if kept is None:
            return None
        fingerprint, outcome = kept
        if fingerprint != key.fingerprint:
            raise _mismatch()
        return outcome

    def _transfer(self, placed: Placed, order: Transfer, now: datetime) -> Change | Refusal:
        refusal = unusable(self.accounts, order.legs)
        if refusal is None and order.reference in self.references:
            refusal = Refusal(Reason.REFERENCE_USED)
        if refusal is not None:
            return refusal
        after, entries = booked(self.accounts, order.legs)
        usage = self._permitted(placed, after, order.legs, now)
        if isinstance(usage, Refusal):
            return usage
        transaction = Transaction(
            id=order.id,
            kind=order.kind,
            entries=entries,
            effective_at=order.effective_at or now,
            recorded_at=now,
            quote_id=placed.quote_id,
            reference=order.reference,
            description=order.description,
            metadata=order.metadata,
        )
        return Change(accounts=after, usage=usage, transaction=transaction, recorded_at=now)

    def _place(self, placed: Placed, order: PlaceHold, now: datetime) -> Change | Refusal:
        hold = hold_of(order, now=now)
        legs = hold.legs(order.amount_minor)
        refusal = unusable(self.accounts, legs)
        if refusal is None and order.reference in self.hold_references:
            refusal = Refusal(Reason.REFERENCE_USED)
        if refusal is None and order.expires_at is not None and order.expires_at <= now:
            refusal = Refusal(Reason.HOLD_EXPIRED)
        if refusal is not None:
            return refusal
        after = held(self.accounts, hold, order.amount_minor)
        usage = self._permitted(placed, after, legs, now)
        if isinstance(usage, Refusal):
            return usage
        return Change(accounts=after, usage=usage, hold=hold, recorded_at=now)

    def _post(self, order: PostHold, now: datetime) -> Change | Refusal:
        hold = self._open_hold(order.hold_id)
        if isinstance(hold, Refusal):
            return hold
        if hold.expires_at is not None and hold.expires_at <= now:
            return Refusal(Reason.HOLD_EXPIRED)
        amount = hold.rest_minor if order.amount_minor is None else order.amount_minor
        if amount > hold.rest_minor:
            return Refusal(Reason.HOLD_EXCEEDED)
        legs = hold.legs(amount)
        refusal = unusable(self.accounts, legs)
        if refusal is not None:
            return refusal
        release = hold.rest_minor - amount if order.final else 0
        after, entries = booked(self.accounts | held(self.accounts, hold, -amount - release), legs)
        transaction = Transaction(
            id=order.id, kind="hold_posting", entries=entries, effective_at=now, recorded_at=now, hold_id=hold.id
        )
        taken = hold.taken(post_minor=amount, release_minor=release)
        return Change(accounts=after, hold=taken, transaction=transaction, recorded_at=now)

    def _release(self, order: ReleaseHold, now: datetime) -> Change | Refusal:
        hold = self._open_hold(order.hold_id)
        if isinstance(hold, Refusal):
            return hold
        if order.expired and (hold.expires_at is None or hold.expires_at > now):
            return Refusal(Reason.HOLD_NOT_DUE)
        taken = hold.taken(post_minor=0, release_minor=hold.rest_minor)
        if order.expired:
            taken = msgspec.structs.replace(taken, state=HoldState.EXPIRED)
        return Change(accounts=held(self.accounts, hold, -hold.rest_minor), hold=taken, recorded_at=now)

    def _reverse(self, placed: Placed, order: Reverse, now: datetime) -> Change | Refusal:
        reversed_ = self.transactions.get(order.reverses_id)
        if reversed_ is None or reversed_.payment_id is not None or reversed_.payout_id is not None:
            return Refusal(Reason.UNKNOWN_TRANSACTION)
        if reversed_.reverses_id is not None or reversed_.id in self.reversals:
            return Refusal(Reason.ALREADY_REVERSED)
        mirrored = tuple(
            leg_of(entry.account_id, opposite(entry.direction), entry.amount_minor, entry.currency)
            for entry in reversed_.entries
        )
        transfer = Transfer(
            id=order.id, legs=mirrored, kind="reversal", description=order.description, metadata=order.metadata
        )
        change = self._transfer(placed, transfer, now)
        if isinstance(change, Refusal) or change.transaction is None:
            return change
        reversal = msgspec.structs.replace(change.transaction, reverses_id=order.reverses_id)
        return msgspec.structs.replace(change, transaction=reversal)

    def _permitted(
        self, placed: Placed, after: dict[LedgerAccountId, Account], legs: tuple[Leg, ...], now: datetime
    ) -> dict[tuple[LimitId, datetime], LimitUsage] | Refusal:
        """Ask what is asked of the accounts as they would stand; give the limits as they would be used."""
        refusal = overflowing(after, legs) or overdrawn(self.accounts, after, legs) or unmet(after, legs)
        if refusal is not None:
            return refusal
        usage: dict[tuple[LimitId, datetime], LimitUsage] = {}
        for policy in sorted(self.limits.values(), key=lambda one: one.id):
            amount = 0 if policy.ended_at is not None else counted(policy, placed, self.accounts, legs)
            if not amount:
                continue
            window = (policy.id, policy.window_start(now))
            used = self.usage.get(window, LimitUsage())
            usage[window] = LimitUsage(used.amount_minor + amount, used.count + 1)
            if not policy.allows(usage[window]):
                return Refusal(Reason.LIMIT_EXCEEDED)
        return usage

    def _open_hold(self, hold_id: HoldId) -> Hold | Refusal:
        hold = self.holds.get(hold_id)
        if hold is None or hold.payment_id is not None or hold.payout_id is not None:
            return Refusal(Reason.UNKNOWN_HOLD)
        return hold if hold.state in OPEN_HOLD_STATES else Refusal(Reason.HOLD_CLOSED)


def _attempted(
    ledger: ReferenceLedger, placed: Placed, *, now: datetime, key: KeyUse | None
) -> Outcome | MediatorError:
    try:
        return ledger.apply(placed, now=now, key=key)
    except MediatorError as error:
        return error


def _mismatch() -> MediatorError:
    return MediatorError(IDEM_MISMATCH, "This key was used with another path or body.")


def _told_again(outcome: Outcome, placed: Placed) -> Outcome:
    """Give an outcome as whoever comes again with its key is told it."""
    match outcome:
        case Posting():
            return msgspec.structs.replace(outcome, replayed=True)
        case Refusal():
            return msgspec.structs.replace(outcome, replayed=True, request_id=placed.request_id)
