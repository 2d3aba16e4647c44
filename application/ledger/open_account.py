"""Open an account of the ledger."""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from application.call import Call
from application.ports.answers import ControlAnswers
from application.ports.controls import AccountBook, NewAccount
from application.ports.journal import Answer, Journal
from application.ports.world import World
from application.telling import told
from domain.accounts import Account, is_code
from domain.errors import VAL_FIELD, FieldError, MediatorError
from domain.ids import LedgerAccountId, Prefix, public_id
from domain.ledger import Direction
from domain.money import Currency


class OpenAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller wants to open. `overdraft_limit`: minor units below zero; None is without limit."""

    code: str
    currency: Currency
    normal_balance: Direction
    overdraft_limit: int | None = 0
    metadata: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class OpenAccountHandler:
    """The policy.

    - A code path and a currency name one account of a tenant; the currency is fixed for life.
    - A new account is active and empty.
    """

    accounts: AccountBook
    journal: Journal
    answers: ControlAnswers
    world: World

    async def __call__(self, command: OpenAccount, call: Call) -> Answer:
        """Open it, or give the earlier answer of the call's key. Raises VAL_FIELD, LEDGER_ACCOUNT_EXISTS."""
        if not is_code(command.code):
            detail = "must be segments of A-Z a-z 0-9 _ . - joined by colons, and not look like an id"
            raise MediatorError(VAL_FIELD, f"/code: {detail}", errors=(FieldError("/code", detail),))
        moment = self.world.moment()
        account = NewAccount(
            id=LedgerAccountId(moment.new_id()),
            code=command.code,
            currency=command.currency,
            normal_balance=command.normal_balance,
            overdraft_limit=command.overdraft_limit,
            metadata=command.metadata,
        )
        audit = call.audit(
            "account.opened",
            public_id(Prefix.LEDGER_ACCOUNT, account.id),
            moment,
            code=account.code,
            currency=account.currency,
        )
        made = await self.accounts.open(call.tenant_id, account, audit=audit, claim=call.claim(account.id))

        async def get(account_id: UUID) -> Account:
            return await self.accounts.get(call.tenant_id, LedgerAccountId(account_id))

        return await told(self.journal, call, made, get=get, tell=self.answers.account)
