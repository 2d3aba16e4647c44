"""The ledger's clerk: opens accounts, words orders and gives them to a house, as tests of postings need it."""

import hashlib
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from application.ports.journal import IdempotencyKey
from domain.accounts import Account, AccountState
from domain.errors import MediatorError
from domain.ids import HoldId, LedgerAccountId, LedgerTransactionId, LimitId
from domain.ledger import Direction
from domain.limits import LimitPolicy, LimitScope
from domain.money import Currency
from domain.posting import (
    Leg,
    Order,
    Outcome,
    Placed,
    PlaceHold,
    PostHold,
    Posting,
    Refusal,
    ReleaseHold,
    Reverse,
    Transfer,
)
from tests.fakes.house import House

EUR = Currency("EUR")
YEAR_SECONDS = 366 * 24 * 3600


def debit(
    account_id: LedgerAccountId, amount: int, currency: Currency = EUR, *, available_min: int | None = None
) -> Leg:
    """Debit so much."""
    return Leg(
        account_id=account_id,
        direction=Direction.DEBIT,
        amount_minor=amount,
        currency=currency,
        available_min=available_min,
    )


def credit(
    account_id: LedgerAccountId, amount: int, currency: Currency = EUR, *, available_min: int | None = None
) -> Leg:
    """Credit so much."""
    return Leg(
        account_id=account_id,
        direction=Direction.CREDIT,
        amount_minor=amount,
        currency=currency,
        available_min=available_min,
    )


def transfer(*legs: Leg, reference: str | None = None, effective_at: datetime | None = None) -> Transfer:
    """Word a transfer."""
    made = LedgerTransactionId(uuid7())
    return Transfer(id=made, legs=legs, reference=reference, effective_at=effective_at)


def pair(
    debited: LedgerAccountId,
    credited: LedgerAccountId,
    amount: int,
    currency: Currency = EUR,
    *,
    reference: str | None = None,
) -> Transfer:
    """Word a plain transfer."""
    return transfer(debit(debited, amount, currency), credit(credited, amount, currency), reference=reference)


def hold(
    debited: LedgerAccountId,
    credited: LedgerAccountId,
    amount: int,
    currency: Currency = EUR,
    *,
    expires_at: datetime | None = None,
    reference: str | None = None,
) -> PlaceHold:
    """Word a hold."""
    return PlaceHold(
        hold_id=HoldId(uuid7()),
        debit_account_id=debited,
        credit_account_id=credited,
        amount_minor=amount,
        currency=currency,
        expires_at=expires_at,
        reference=reference,
    )


def post(placed: PlaceHold, amount: int | None = None, *, final: bool = False) -> PostHold:
    """Word the posting of a hold."""
    return PostHold(id=LedgerTransactionId(uuid7()), hold_id=placed.hold_id, amount_minor=amount, final=final)


def release(placed: PlaceHold, *, expired: bool = False) -> ReleaseHold:
    """Word the letting go of a hold."""
    return ReleaseHold(hold_id=placed.hold_id, expired=expired)


def reverse(transaction_id: LedgerTransactionId | None) -> Reverse:
    """Word the reversal of a transaction."""
    assert transaction_id is not None
    return Reverse(id=LedgerTransactionId(uuid7()), reverses_id=transaction_id)


def key_of(text: str, *, used_for: str = "this") -> IdempotencyKey:
    """Name a key."""
    return IdempotencyKey("POST /v1/transfers", text, hashlib.sha256(used_for.encode()).digest())


def placed(order: Order, api_key_id: UUID | None = None) -> Placed:
    """Say who gave an order."""
    return Placed(order=order, actor="key_test", request_id="req_test", api_key_id=api_key_id)


class Clerk:
    """Works for one tenant."""

    def __init__(self, house: House) -> None:
        """Work in this house."""
        self.house = house

    async def open(
        self,
        *,
        normal: Direction = Direction.CREDIT,
        currency: Currency = EUR,
        overdraft: int | None = None,
        state: AccountState = AccountState.ACTIVE,
    ) -> LedgerAccountId:
        """Open an account; without a word, one that is like money that we owe, with unlimited overdraft."""
        account_id = LedgerAccountId(uuid7())
        account = Account(
            id=account_id,
            code=f"test:{account_id.hex}",
            currency=currency,
            normal_balance=normal,
            created_at=datetime.now(UTC),
            state=state,
            overdraft_limit=overdraft,
        )
        await self.house.ledger_windows.open(account)
        return account_id

    async def funded(self, amount: int, *, overdraft: int | None = 0, currency: Currency = EUR) -> LedgerAccountId:
        """Open an account that we owe so much, and that is not overdrawn by more than that."""
        account_id = await self.open(overdraft=overdraft, currency=currency)
        source = await self.open(normal=Direction.DEBIT, currency=currency)
        await self.book(pair(source, account_id, amount, currency))
        return account_id

    async def give(
        self,
        order: Order,
        *,
        key: IdempotencyKey | None = None,
        api_key_id: UUID | None = None,
        dry_run: bool = False,
    ) -> Outcome:
        """Give an order."""
        journal, tenant = self.house.journal, self.house.tenant_id
        return await journal.post(tenant, placed(order, api_key_id), idempotency=key, dry_run=dry_run)

    async def book(self, order: Order, *, key: IdempotencyKey | None = None, api_key_id: UUID | None = None) -> Posting:
        """Give an order that is not refused."""
        outcome = await self.give(order, key=key, api_key_id=api_key_id)
        assert isinstance(outcome, Posting), outcome
        return outcome

    async def batch(
        self, *orders: Order | tuple[Order, IdempotencyKey], atomic: bool = False
    ) -> tuple[Outcome | MediatorError, ...]:
        """Give many orders."""
        items = [
            (placed(one[0]), one[1]) if isinstance(one, tuple) else (placed(one), None)  # A key is optional.
            for one in orders
        ]
        return await self.house.journal.post_batch(self.house.tenant_id, items, atomic=atomic)

    async def account(self, account_id: LedgerAccountId) -> Account:
        """Look at an account."""
        return (await self.house.ledger_windows.accounts())[account_id]

    async def balances(self, account_id: LedgerAccountId) -> tuple[int, int, int]:
        """Give what is posted, what holds would add to it, and what is available."""
        account = await self.account(account_id)
        return account.posted, account.pending - account.posted, account.available

    async def limit(
        self,
        subject: UUID,
        *,
        scope: LimitScope = LimitScope.ACCOUNT,
        amount_max: int | None = None,
        count_max: int | None = None,
        currency: Currency = EUR,
    ) -> LimitPolicy:
        """Limit what goes out per year."""
        policy = LimitPolicy(
            id=LimitId(uuid7()),
            scope=scope,
            subject_id=subject,
            currency=currency,
            window_seconds=YEAR_SECONDS,
            amount_max=amount_max,
            count_max=count_max,
            created_at=datetime.now(UTC),
        )
        await self.house.ledger_windows.add_limit(policy)
        return policy


def refused(outcome: Outcome | MediatorError) -> Refusal:
    """Check that an order was refused."""
    assert isinstance(outcome, Refusal), outcome
    return outcome
