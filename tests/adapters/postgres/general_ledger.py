"""A tenant's transfers, holds and reversals of every kind, beside its payments: for proofs, exports and readers."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec
from uuid_utils.compat import uuid7

from application.ports.journal import IdempotencyKey
from domain.ids import HoldId, LedgerAccountId, LedgerTransactionId
from domain.ledger import Direction
from domain.money import Currency
from domain.posting import Leg, Order, Placed, PlaceHold, PostHold, Posting, ReleaseHold, Reverse, Transfer
from tests.fakes.house import House
from tests.fakes.keeping import a_key

CHF = Currency("CHF")
LAST_YEAR = timedelta(days=365)


class GeneralLedger(msgspec.Struct, frozen=True):
    """Two accounts that give and take: what is taken in is a debit account, what is owed a credit account."""

    house: House
    cash: LedgerAccountId
    owed: LedgerAccountId

    async def give(
        self, order: Order, *, key: IdempotencyKey | None = None, quote: tuple[UUID, int] | None = None
    ) -> Posting:
        """Give an order that is not refused."""
        quote_id, version = quote or (None, None)
        placed = Placed(order=order, actor="prn_test", request_id="req_test", quote_id=quote_id, quote_version=version)
        outcome = await self.house.journal.post(self.house.tenant_id, placed, idempotency=key)
        assert isinstance(outcome, Posting), outcome
        return outcome

    def transfer(
        self, amount_minor: int, *, reference: str | None = None, effective_at: datetime | None = None
    ) -> Transfer:
        """Take in so much (what is below zero goes out)."""
        sides = (Direction.DEBIT, Direction.CREDIT) if amount_minor > 0 else (Direction.CREDIT, Direction.DEBIT)
        legs = (
            Leg(account_id=self.cash, direction=sides[0], amount_minor=abs(amount_minor), currency=CHF),
            Leg(account_id=self.owed, direction=sides[1], amount_minor=abs(amount_minor), currency=CHF),
        )
        return Transfer(
            id=LedgerTransactionId(uuid7()),
            legs=legs,
            reference=reference,
            effective_at=effective_at,
            metadata={"order": "7"},
        )

    async def hold(self, amount_minor: int) -> HoldId:
        """Hold so much."""
        hold_id = HoldId(uuid7())
        await self.give(
            PlaceHold(
                hold_id=hold_id,
                debit_account_id=self.cash,
                credit_account_id=self.owed,
                amount_minor=amount_minor,
                currency=CHF,
                expires_at=datetime.now(UTC) + timedelta(days=7),
                metadata={"seat": "12A"},
            )
        )
        return hold_id


async def open_ledger(house: House, owner: asyncpg.Connection) -> GeneralLedger:
    """Open two accounts in Swiss francs."""
    opened = []
    for code, normal in (("bank:main:cash", "debit"), ("customer:42:payable", "credit")):
        account_id = LedgerAccountId(uuid7())
        await owner.execute(
            "insert into fm.ledger_accounts (tenant_id, id, code, currency, normal_balance, metadata, created_at) "
            "values ($1, $2, $3, 'CHF', $4, '{\"desk\": \"north\"}', now())",
            house.tenant_id,
            account_id,
            code,
            normal,
        )
        opened.append(account_id)
    return GeneralLedger(house, *opened)


async def general_ledger(house: House, owner: asyncpg.Connection) -> GeneralLedger:
    """Book one of each kind."""
    ledger = await open_ledger(house, owner)
    await ledger.give(ledger.transfer(10_000), key=a_key(f"first-{house.tenant_id}"))
    referred = ledger.transfer(2_500, reference="invoice-7")
    await ledger.give(referred)
    await ledger.give(ledger.transfer(300, effective_at=datetime.now(UTC) - LAST_YEAR))
    wrong = ledger.transfer(-70)
    await ledger.give(wrong)
    await ledger.give(Reverse(id=LedgerTransactionId(uuid7()), reverses_id=wrong.id))
    await ledger.hold(500)
    in_part, whole, voided = await ledger.hold(400), await ledger.hold(60), await ledger.hold(30)
    await ledger.give(PostHold(id=LedgerTransactionId(uuid7()), hold_id=in_part, amount_minor=150))
    await ledger.give(PostHold(id=LedgerTransactionId(uuid7()), hold_id=whole))
    await ledger.give(ReleaseHold(hold_id=voided))
    await limited(house, owner)
    await ledger.give(ledger.transfer(900), quote=(await reserved_quote(house, owner), 1))
    return ledger


async def limited(house: House, owner: asyncpg.Connection) -> None:
    """Pretend that a limit was used in part."""
    limit_id = uuid7()
    await owner.execute(
        "insert into fm.limit_policies (tenant_id, id, scope, subject_id, currency, window_seconds, amount_max, "
        "created_at, ended_at) values ($1, $2, 'tenant', $1, 'CHF', 60, 1000, now(), now())",
        house.tenant_id,
        limit_id,
    )
    await owner.execute(
        "insert into fm.limit_usage (tenant_id, policy_id, window_start, amount_minor, count) "
        "values ($1, $2, now(), 999, 3)",
        house.tenant_id,
        limit_id,
    )


async def reserved_quote(house: House, owner: asyncpg.Connection) -> UUID:
    """Keep a quote that waits for its execution."""
    quote_id = uuid7()
    await owner.execute(
        "insert into fm.fx_quotes (tenant_id, id, version, state, fixed_side, source_currency, source_minor, "
        "target_currency, target_minor, terms, expires_at, created_at, updated_at) "
        "values ($1, $2, 1, 'reserved', 'source', 'CHF', 900, 'EUR', 950, '{}', now(), now(), now())",
        house.tenant_id,
        quote_id,
    )
    return quote_id
