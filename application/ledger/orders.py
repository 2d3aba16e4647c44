"""Turns what callers ask of the ledger, with accounts by name, into the ledger's own orders."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from uuid import UUID

import msgspec

from application.call import Call
from application.ports.ledger import AccountName, FoundAccount
from domain.allocation import Part, allocate
from domain.ids import LedgerAccountId, LedgerTransactionId, Prefix, find_id
from domain.ledger import Direction
from domain.money import Currency
from domain.posting import Leg, Order, Placed, Reason, Refusal, Transfer

NOBODY = LedgerAccountId(UUID(int=0))
"""No account has this id: the ledger refuses a leg of it in its turn, and keeps the refusal under the caller's key."""


class NamedLeg(msgspec.Struct, frozen=True, gc=False):
    """One side of a transfer as it is asked for: `account` is an id or a code path, `pointer` where the caller said it.

    Without a currency the account's own counts.
    """

    account: str
    direction: Direction
    amount_minor: int
    currency: Currency | None
    pointer: str
    available_min: int | None = None


class MakeTransfer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a caller wants to move; `dry_run` only tells what would be booked."""

    legs: tuple[NamedLeg, ...]
    effective_at: datetime | None = None
    reference: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}
    dry_run: bool = False


class NamedSplit(msgspec.Struct, frozen=True):
    """Who gets which part of an amount."""

    account: str
    part: Part
    pointer: str


def names_of(legs: Iterable[NamedLeg]) -> list[AccountName]:
    """Give the names that have to be looked up: an id whose currency is said needs no look-up."""
    return [(leg.account, leg.currency) for leg in legs if leg.currency is None or account_id_of(leg.account) is None]


def order_of(
    command: MakeTransfer, found: Mapping[AccountName, FoundAccount], transaction_id: LedgerTransactionId
) -> Transfer | Refusal:
    """Build the order, or refuse an account that is unknown with its currency. Raises VAL_AMOUNT, LEDGER_UNBALANCED."""
    legs: list[Leg] = []
    for number, leg in enumerate(command.legs, start=1):
        account = account_of(leg.account, leg.currency, found)
        if account is None:
            return Refusal(Reason.UNKNOWN_ACCOUNT, number)
        legs.append(
            Leg(
                account_id=account.id,
                direction=leg.direction,
                amount_minor=leg.amount_minor,
                currency=account.currency,
                available_min=leg.available_min,
            )
        )
    return Transfer(
        id=transaction_id,
        legs=tuple(legs),
        effective_at=command.effective_at,
        reference=command.reference,
        description=command.description,
        metadata=command.metadata,
    )


def account_of(
    account: str, currency: Currency | None, found: Mapping[AccountName, FoundAccount]
) -> FoundAccount | None:
    """Give the account of a name; None when it is unknown and its currency is not said."""
    return found.get((account, None)) if currency is None else account_in(account, currency, found)


def account_in(account: str, currency: Currency, found: Mapping[AccountName, FoundAccount]) -> FoundAccount:
    """Give the account of a name in a currency; `NOBODY` when it is unknown."""
    return _by_id(account, currency) or found.get((account, currency)) or FoundAccount(NOBODY, currency)


@lru_cache(maxsize=65_536)
def _by_id(account: str, currency: Currency) -> FoundAccount | None:
    """Give the account that an id names, with the currency that is said; None for a code path."""
    known = account_id_of(account)
    return None if known is None else FoundAccount(known, currency)


@lru_cache(maxsize=65_536)
def account_id_of(text: str) -> LedgerAccountId | None:
    """Read an account's id; None for a code path. The same accounts are named again and again."""
    found = find_id(Prefix.LEDGER_ACCOUNT, text)
    return None if found is None else LedgerAccountId(found)


def split_legs(
    debit_account: str, amount_minor: int, currency: Currency, splits: tuple[NamedSplit, ...]
) -> tuple[NamedLeg, ...]:
    """Debit the whole, and credit each part (see `allocate`); a part of nothing makes no leg. Raises VAL_AMOUNT."""
    shares = allocate(amount_minor, tuple(split.part for split in splits))
    debit = NamedLeg(debit_account, Direction.DEBIT, amount_minor, currency, "/debit_account")
    credits_ = (
        NamedLeg(split.account, Direction.CREDIT, share, currency, split.pointer)
        for split, share in zip(splits, shares, strict=True)
        if share
    )
    return (debit, *credits_)


def placed(order: Order, call: Call) -> Placed:
    """Say who gives an order."""
    return Placed(order=order, actor=call.actor, request_id=call.request_id, api_key_id=call.api_key_id)
