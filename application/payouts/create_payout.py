"""Create a payout: hold its amount, and have a worker send it."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.payouts.choosing import PayoutAccounts
from application.payouts.deciding import PayoutDecisions
from application.ports.beneficiaries import BeneficiaryBook
from application.ports.journal import Answer
from domain.errors import MediatorError
from domain.ids import BeneficiaryId, ProviderAccountId
from domain.money import Money
from domain.paying_out import PayoutOrder, begin_payout
from domain.payout_dossier import PayoutMove


class CreatePayout(msgspec.Struct, frozen=True, kw_only=True):
    """What to pay out, to whom, and through which account (None: the first that can)."""

    amount: Money
    beneficiary_id: BeneficiaryId
    requires_approval: bool = False
    provider_account_id: ProviderAccountId | None = None
    reference: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class CreatePayoutHandler:
    """The policy.

    - One idempotency key makes one payout, however often and however concurrently it is sent.
    - The amount is held out of what is available in the same step: payouts at the same time cannot overdraw together.
    - Nothing is sent here: a worker sends it, after its approval where one is required.
    """

    decisions: PayoutDecisions
    accounts: PayoutAccounts
    beneficiaries: BeneficiaryBook

    async def __call__(self, command: CreatePayout, call: Call) -> Answer:
        """Create it, or give the earlier answer of the call's key.

        Raises NOT_FOUND for the beneficiary, STATE_CONFLICT when it is archived, VAL_FIELD, ROUTE_NO_PROVIDER,
        LEDGER_INSUFFICIENT_FUNDS.
        """
        moment = self.decisions.world.moment()
        try:
            opening = await self._opening(command, call)
        except MediatorError:
            # A payout that was made before its beneficiary was archived, or its account switched off, is still told.
            earlier = await self.decisions.recall(call, made=True)
            if earlier is None:
                raise
            return earlier
        return await self.decisions.open(call, opening, moment)

    async def _opening(self, command: CreatePayout, call: Call) -> PayoutMove:
        beneficiary = await self.beneficiaries.get(call.tenant_id, command.beneficiary_id)
        account = await self.accounts.choose(call.tenant_id, command.amount, beneficiary, command.provider_account_id)
        order = PayoutOrder(
            tenant_id=call.tenant_id,
            amount=command.amount,
            provider=account.provider,
            provider_account_id=account.id,
            requires_approval=command.requires_approval,
            created_by=call.actor,
            reference=command.reference,
            description=command.description,
            metadata=command.metadata,
        )
        return begin_payout(order, beneficiary, self.decisions.world.moment())
