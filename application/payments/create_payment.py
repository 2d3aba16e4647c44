"""Create a payment and ask its provider to authorize it, or to take the money at once."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.payments.provider_step import ProviderStep
from application.ports.identity import ProviderAccount, Tenants
from application.ports.journal import Answer
from domain.authorizing import PaymentOrder, begin_attempt, begin_payment
from domain.dossier import Dossier, Move
from domain.errors import ROUTE_NO_PROVIDER, MediatorError
from domain.ids import TenantId
from domain.moment import Moment
from domain.money import Money
from domain.payments import CaptureMode


class CreatePayment(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller wants to take, from which payment method (a provider's token), and when."""

    amount: Money
    payment_method: str
    capture_mode: CaptureMode = CaptureMode.AUTOMATIC
    provider: str | None = None
    reference: str | None = None
    description: str | None = None
    return_url: str | None = None
    metadata: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class CreatePaymentHandler:
    """The policy.

    - One idempotency key makes one payment, however often and however concurrently it is sent.
    - The amount is held and the attempt claimed before the provider hears of it.
    - What the provider answers is booked with the answer to the caller; doubt stays doubt, and is asked about later.
    """

    step: ProviderStep
    tenants: Tenants

    async def __call__(self, command: CreatePayment, call: Call) -> Answer:
        """Create a payment, or give the earlier answer of the call's key."""
        try:
            account = await self._account(call.tenant_id, command.provider)
            deadline = self.step.deadline_seconds(account.provider)
        except MediatorError:
            # A payment that was made before its provider was switched off is still told.
            earlier = await self.step.recall(call, _not_again)
            if earlier is None:
                raise
            return earlier
        order = PaymentOrder(
            tenant_id=call.tenant_id,
            amount=command.amount,
            capture_mode=command.capture_mode,
            payment_method=command.payment_method,
            provider=account.provider,
            provider_account_id=account.id,
            reference=command.reference,
            description=command.description,
            return_url=command.return_url,
            metadata=command.metadata,
        )
        return await self.step.open(
            call,
            lambda moment: begin_payment(order, moment, deadline_seconds=deadline),
            lambda dossier, moment: begin_attempt(dossier, moment, deadline_seconds=deadline),
        )

    async def _account(self, tenant_id: TenantId, provider: str | None) -> ProviderAccount:
        """The tenant's account at the named provider, or its first. Raises ROUTE_NO_PROVIDER."""
        for account in await self.tenants.provider_accounts(tenant_id):
            if provider in (None, account.provider):
                return account
        wanted = "any provider" if provider is None else f"the provider {provider!r}"
        raise MediatorError(ROUTE_NO_PROVIDER, f"This tenant has no account at {wanted}.")


def _not_again(dossier: Dossier, moment: Moment) -> Move:  # noqa: ARG001 -- the form of every decision
    """Refuse to attempt a payment again whose provider is gone. Raises ROUTE_NO_PROVIDER."""
    raise MediatorError(ROUTE_NO_PROVIDER, f"The provider {dossier.payment.provider!r} is not switched on.")
