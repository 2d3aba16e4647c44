"""Find out where a customer goes who comes back from a provider: to the address that the payment itself names."""

from dataclasses import dataclass

import msgspec

from application.hearing import Heard
from application.payments.hear_callback import PaymentCallbacks
from application.ports.callbacks import CallbackInbox, Receipt
from application.ports.providers import Providers
from domain.ids import PaymentId
from domain.providers import Unreadable


class Return(msgspec.Struct, frozen=True):
    """The payment that a customer comes back from, and its return address, if it has one."""

    payment_id: PaymentId
    url: str | None


@dataclass(frozen=True, slots=True)
class ReturnCustomerHandler:
    """The policy.

    - What the browser carries is a hint and is treated as one; here it only says which payment it comes from.
    - Nobody is sent to an address that came with the request.
    """

    inbox: CallbackInbox
    providers: Providers
    payments: PaymentCallbacks

    async def __call__(self, receipt: Receipt) -> Return | None:
        """Find the payment; None when the callback names none of ours."""
        callback = await self.inbox.get(receipt.tenant_id, receipt.callback_id)
        account = callback.summary.provider_account_id
        provider = await self.providers.open(receipt.tenant_id, account)
        said = provider.parse_callback(callback.raw)
        for one in () if isinstance(said, Unreadable) else said:
            heard = Heard(provider_account_id=account, provider=callback.summary.provider, said=one, at_its_word=False)
            match = await self.payments.matched(receipt.tenant_id, heard)
            if match is not None:
                payment = match.dossier.payment
                return Return(payment.id, payment.return_url)
        return None
