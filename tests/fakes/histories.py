"""Histories of a ledger, as Hypothesis draws them: drafts that become orders when the ledger's state is known."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from application.ports.journal import IdempotencyKey
from domain.accounts import Account
from domain.errors import MediatorError
from domain.ids import HoldId, LedgerAccountId, LedgerTransactionId
from domain.ledger import Direction
from domain.money import Currency
from domain.posting import (
    BOUND,
    Order,
    Outcome,
    Placed,
    PlaceHold,
    PostHold,
    Posting,
    ReleaseHold,
    Reverse,
    Transfer,
)
from domain.reference_ledger import ReferenceLedger
from domain.reference_rows import KeyUse
from tests.fakes.clerk import credit, debit, placed

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATER = datetime(2126, 1, 1, tzinfo=UTC)
OPENED: tuple[tuple[str, Direction, int | None], ...] = (
    ("EUR", Direction.CREDIT, None),
    ("EUR", Direction.CREDIT, 0),
    ("EUR", Direction.CREDIT, 3),
    ("EUR", Direction.DEBIT, None),
    ("EUR", Direction.DEBIT, 0),
    ("EUR", Direction.CREDIT, 0),
    ("JPY", Direction.CREDIT, None),
    ("JPY", Direction.DEBIT, 40),
)
"""The accounts of each history: currency, normal balance, overdraft."""

Id = TypeVar("Id", HoldId, LedgerTransactionId)


class Move(msgspec.Struct, frozen=True):
    """So much from one account to another, by their numbers; the currency is that of the first."""

    debited: int
    credited: int
    amount: int


class Transferring(msgspec.Struct, frozen=True):
    """A transfer of some moves; `least` must be available on its first account, `reference` names it."""

    moves: tuple[Move, ...]
    reference: int | None = None
    least: int | None = None


class Holding(msgspec.Struct, frozen=True):
    """A hold; `expires` some day or never."""

    move: Move
    reference: int | None = None
    expires: bool = False


class PostingHold(msgspec.Struct, frozen=True):
    """The posting of a hold, counted from the latest."""

    back: int
    amount: int | None
    final: bool


class Releasing(msgspec.Struct, frozen=True):
    """The end of a hold, counted from the latest."""

    back: int
    expired: bool


class Reversing(msgspec.Struct, frozen=True):
    """The reversal of a transaction, counted from the latest."""

    back: int


Draft = Transferring | Holding | PostingHold | Releasing | Reversing


class Call(msgspec.Struct, frozen=True):
    """Orders that are given together, with their keys: one alone, or an atomic batch."""

    items: tuple[tuple[Placed, IdempotencyKey | None], ...]
    atomic: bool = False


Ends = tuple[Outcome | MediatorError, ...]


class Stage:
    """What there is to be named in orders: accounts, and everything that was ever asked for."""

    def __init__(self) -> None:
        """Set the accounts up; nothing was asked for yet."""
        self.accounts = tuple(
            Account(
                id=LedgerAccountId(uuid7()),
                code=f"history:{number}",
                currency=Currency(currency),
                normal_balance=normal,
                overdraft_limit=overdraft,
                created_at=EPOCH,
            )
            for number, (currency, normal, overdraft) in enumerate(OPENED)
        )
        # The first of each was never made.
        self._holds = [HoldId(uuid7())]
        self._transactions = [LedgerTransactionId(uuid7())]

    def item(self, draft: Draft, key: int | None) -> tuple[Placed, IdempotencyKey | None]:
        """Word an order with its key; the same draft under the same key is the same request."""
        fingerprint = hashlib.sha256(repr(draft).encode()).digest()
        named = None if key is None else IdempotencyKey("POST /v1/transfers", f"key-{key}", fingerprint)
        return placed(self._word(draft)), named

    def forget(self, ledger: ReferenceLedger) -> None:
        """Forget what was refused, so that orders are mostly about what there is; the first of each stays unknown."""
        self._holds = [self._holds[0], *(one for one in self._holds if one in ledger.holds)]
        self._transactions = [self._transactions[0], *(one for one in self._transactions if one in ledger.transactions)]

    def hold(self, back: int) -> HoldId:
        """Name a hold, counted from the latest."""
        return _named(self._holds, back)

    def _word(self, draft: Draft) -> Order:
        made = LedgerTransactionId(uuid7())
        match draft:
            case Transferring():
                self._transactions.append(made)
                return self._transfer(made, draft)
            case Holding(move=move):
                held = HoldId(uuid7())
                self._holds.append(held)
                return PlaceHold(
                    hold_id=held,
                    debit_account_id=self.accounts[move.debited].id,
                    credit_account_id=self.accounts[move.credited].id,
                    amount_minor=move.amount,
                    currency=self.accounts[move.debited].currency,
                    expires_at=LATER if draft.expires else None,
                    reference=None if draft.reference is None else f"reference-{draft.reference}",
                )
            case PostingHold(back=back, amount=amount, final=final):
                self._transactions.append(made)
                return PostHold(id=made, hold_id=self.hold(back), amount_minor=amount, final=final)
            case Releasing(back=back, expired=expired):
                return ReleaseHold(hold_id=self.hold(back), expired=expired)
            case Reversing(back=back):
                reverses = _named(self._transactions, back)
                self._transactions.append(made)
                return Reverse(id=made, reverses_id=reverses)

    def _transfer(self, made: LedgerTransactionId, draft: Transferring) -> Transfer:
        legs = [
            leg
            for number, move in enumerate(draft.moves)
            for leg in (
                debit(
                    self.accounts[move.debited].id,
                    move.amount,
                    self.accounts[move.debited].currency,
                    available_min=None if number else draft.least,
                ),
                credit(self.accounts[move.credited].id, move.amount, self.accounts[move.debited].currency),
            )
        ]
        reference = None if draft.reference is None else f"reference-{draft.reference}"
        return Transfer(id=made, legs=tuple(legs), reference=reference)


def _named(names: Sequence[Id], back: int) -> Id:
    """Name something that was asked for, counted from the latest."""
    return names[-1 - back % len(names)]


def told(ends: Sequence[Outcome | MediatorError]) -> list[object]:
    """Give outcomes without the times of their recording, which no two ledgers share; errors by their codes."""
    return [
        end.entry.code
        if isinstance(end, MediatorError)
        else (msgspec.structs.replace(end, recorded_at=EPOCH) if isinstance(end, Posting) else end)
        for end in ends
    ]


def given(ledger: ReferenceLedger, call: Call, *, now: datetime) -> Ends:
    """Give a call to the reference ledger."""
    uses = [(order, None if key is None else KeyUse(key.route, key.key, key.fingerprint)) for order, key in call.items]
    return ledger.apply_batch(uses, now=now, atomic=call.atomic)


def in_some_order(
    ledger: ReferenceLedger, calls: Sequence[Call], ends: Sequence[Ends], *, now: datetime
) -> ReferenceLedger | None:
    """Find a sequence of calls in which the reference ledger says exactly this; None when there is none."""
    if not calls:
        return ledger
    for number, call in enumerate(calls):
        tried = ledger.copy()
        if told(given(tried, call, now=now)) != told(ends[number]):
            continue
        others = [*calls[:number], *calls[number + 1 :]], [*ends[:number], *ends[number + 1 :]]
        found = in_some_order(tried, *others, now=now)
        if found is not None:
            return found
    return None


EURO = st.sampled_from([number for number, (currency, _, _) in enumerate(OPENED) if currency == "EUR"])
ANY = st.integers(0, len(OPENED) - 1)
AMOUNTS = st.sampled_from([*(range(1, 7)), *(range(1, 7)), *(range(1, 7)), 12, 40, 2**53 + 1, BOUND - 1, BOUND])
"""Mostly small, so that accounts are often just at their floor; seldom as great as they can be."""

SMALL = st.integers(0, 3)
REFERENCES = st.one_of(st.none(), st.none(), st.none(), SMALL)
BETWEEN = st.builds(Move, EURO, EURO, AMOUNTS)
FUNDING = st.builds(Move, st.sampled_from([0, 3]), EURO, AMOUNTS)
"""From accounts that may be overdrawn without limit."""

MOVES = st.one_of(BETWEEN, BETWEEN, FUNDING, FUNDING, FUNDING, st.builds(Move, ANY, ANY, AMOUNTS))
EXCHANGES = st.tuples(BETWEEN, st.builds(Move, st.sampled_from([6, 7]), st.sampled_from([6, 7]), AMOUNTS))
"""Four legs through the position accounts of two currencies, as an exchange has."""

PAIRS = st.builds(Transferring, st.tuples(MOVES))
TRANSFERS = st.one_of(
    st.builds(Transferring, st.tuples(MOVES), REFERENCES),
    st.builds(Transferring, EXCHANGES),
    st.builds(
        Transferring,
        st.lists(MOVES, min_size=1, max_size=4).map(tuple),
        REFERENCES,
        st.one_of(st.none(), st.integers(-8, 8)),
    ),
)
HOLDS = st.one_of(
    st.builds(Holding, MOVES, REFERENCES, st.booleans()),
    st.builds(PostingHold, SMALL, st.one_of(st.none(), st.integers(1, 4)), st.booleans()),
    st.builds(Releasing, SMALL, st.booleans()),
)
DRAFTS: st.SearchStrategy[Draft] = st.one_of(PAIRS, PAIRS, TRANSFERS, HOLDS, HOLDS, st.builds(Reversing, SMALL))
KEYS = st.one_of(st.none(), st.none(), st.integers(0, 30))
ITEMS = st.tuples(DRAFTS, KEYS)
BATCHES = st.one_of(
    st.lists(ITEMS, min_size=1, max_size=6), st.lists(st.tuples(PAIRS, st.none()), min_size=3, max_size=9)
)
