"""Create a payment and ask its provider to authorize it, or to take the money at once."""

from dataclasses import dataclass

import msgspec

from application.call import Call
from application.payments.provider_step import ProviderStep
from application.ports.journal import Answer
from domain.authorizing import PaymentOrder, begin_attempt, begin_payment
from domain.dossier import Dossier, Move
from domain.errors import ROUTE_NO_PROVIDER, MediatorError
from domain.ids import PaymentId
from domain.moment import Moment
from domain.money import Money
from domain.payments import CaptureMode
from domain.providers import ProviderTerms
from domain.routing import RouteFacts


class CreatePayment(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller wants to take, from which payment method (a provider's token), and when.

    `payment_methods` are the tokens of single providers, by their names: with them the payment can go on elsewhere.
    `method` (card, wallet, ...) and `country` (ISO 3166-1 alpha-2) are only for choosing the route.
    """

    amount: Money
    payment_method: str
    capture_mode: CaptureMode = CaptureMode.AUTOMATIC
    payment_methods: dict[str, str] = {}
    method: str | None = None
    country: str | None = None
    provider: str | None = None
    reference: str | None = None
    description: str | None = None
    return_url: str | None = None
    metadata: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class CreatePaymentHandler:
    """The policy.

    - One idempotency key makes one payment, however often and however concurrently it is sent.
    - The route is chosen by the tenant's rules, and kept with its reasons.
    - The amount is held and the attempt claimed before the provider hears of it.
    - What the provider answers is booked with the answer to the caller; doubt stays doubt, and is asked about later.
    """

    step: ProviderStep

    async def __call__(self, command: CreatePayment, call: Call) -> Answer:
        """Create a payment, or give the earlier answer of the call's key."""
        moment = self.step.world.moment()
        facts = RouteFacts(
            payment_id=PaymentId(moment.new_id()),
            amount=command.amount,
            capture_mode=command.capture_mode,
            method=command.method,
            country=command.country,
            provider=command.provider,
        )
        try:
            route, to = await self.step.rerouting.first(call.tenant_id, facts)
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
            payment_methods=command.payment_methods,
            provider=to.provider,
            provider_account_id=to.provider_account_id,
            reference=command.reference,
            description=command.description,
            return_url=command.return_url,
            metadata=command.metadata,
        )
        opening = begin_payment(order, moment, payment_id=facts.payment_id, terms=to.terms)
        return await self.step.open(call, opening, route, moment, _again)


def _again(dossier: Dossier, moment: Moment, terms: ProviderTerms) -> Move:
    """Attempt a payment again of which nothing was sent. Raises STATE_CONFLICT."""
    return begin_attempt(dossier, moment, terms=terms)


def _not_again(dossier: Dossier, moment: Moment, terms: ProviderTerms) -> Move:  # noqa: ARG001 -- the form of every decision
    """Refuse to attempt a payment again whose provider is gone. Raises ROUTE_NO_PROVIDER."""
    raise MediatorError(ROUTE_NO_PROVIDER, f"The provider {dossier.payment.provider!r} is not switched on.")
