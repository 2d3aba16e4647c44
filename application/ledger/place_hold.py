"""Keep an amount on an account for a later posting."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from application.call import Call
from application.ledger.orders import account_id_of, account_in, placed
from application.ports.journal import Journal
from application.ports.ledger import AccountFinder
from application.ports.world import World
from domain.errors import VAL_AMOUNT, FieldError, MediatorError
from domain.ids import HoldId, LedgerAccountId
from domain.money import Currency
from domain.posting import BOUND, PlaceHold, Posting, Refusal


class PlaceNamedHold(msgspec.Struct, frozen=True, kw_only=True):
    """What to hold, from which account for which other, and until when; accounts by id or code path."""

    debit_account: str
    credit_account: str
    amount_minor: int
    currency: Currency
    expires_at: datetime | None = None
    reference: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}


class PlacedHold(msgspec.Struct, frozen=True):
    """What was asked for, and when it was placed."""

    order: PlaceHold
    posting: Posting


@dataclass(frozen=True, slots=True)
class PlaceHoldHandler:
    """The policy.

    - What is held counts against what is available, as if it were gone, and moves nothing.
    - A hold whose time is over can no longer be posted, and is let go by itself soon after.
    """

    journal: Journal
    finder: AccountFinder
    world: World

    async def __call__(self, command: PlaceNamedHold, call: Call) -> PlacedHold | Refusal:
        """Place it. Raises VAL_AMOUNT, and what the journal raises."""
        if not 1 <= command.amount_minor <= BOUND:
            detail = f"must be from 1 to {BOUND} minor units"
            raise MediatorError(VAL_AMOUNT, f"The amount {detail}.", errors=(FieldError("/amount", detail),))
        debit, credit = await self._accounts(command, call)
        order = PlaceHold(
            hold_id=HoldId(self.world.moment().new_id()),
            debit_account_id=debit,
            credit_account_id=credit,
            amount_minor=command.amount_minor,
            currency=command.currency,
            expires_at=command.expires_at,
            reference=command.reference,
            description=command.description,
            metadata=command.metadata,
        )
        outcome = await self.journal.post(call.tenant_id, placed(order, call), idempotency=call.idempotency)
        return outcome if isinstance(outcome, Refusal) else PlacedHold(order, outcome)

    async def _accounts(self, command: PlaceNamedHold, call: Call) -> tuple[LedgerAccountId, LedgerAccountId]:
        sides = (command.debit_account, command.credit_account)
        names = [(side, command.currency) for side in sides if account_id_of(side) is None]
        found = await self.finder.find(call.tenant_id, names) if names else {}
        debit, credit = (account_in(side, command.currency, found) for side in sides)
        return debit.id, credit.id
