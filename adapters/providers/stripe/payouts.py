"""Payouts: from the balance at Stripe to a bank account of one's own that Stripe knows."""

from http import HTTPStatus

from adapters.providerkit.messages import CannotBuildError, HttpRequest, HttpResponse
from adapters.providerkit.reading import cleaned, find_read, unreadable
from adapters.providers.stripe.client import Access, OptionalField, post
from adapters.providers.stripe.currencies import PAYOUTS
from adapters.providers.stripe.objects import ACCOUNT, KEY, PAYMENT, Payout, PayoutStatus, is_of, key_of, stated
from adapters.providers.stripe.payments import amount_on_wire, succeeded
from adapters.providers.stripe.refusals import refused
from domain.providers import AcceptedPending, Comeback, Decline, Instruction, Outcome, Rejected, Unknown


def build_payout(access: Access, instruction: Instruction) -> HttpRequest:
    """Pay out to the external account that the configuration names for the payee. Raises CannotBuildError."""
    fields: dict[str, str | None] = {
        "amount": amount_on_wire(PAYOUTS, instruction.amount),
        "currency": instruction.amount.currency.lower(),
        "destination": _destination(access, instruction),
        f"metadata[{KEY}]": instruction.key,
        f"metadata[{PAYMENT}]": instruction.payment_id,
        f"metadata[{ACCOUNT}]": instruction.account,
    }
    if access.may_send(OptionalField.DESCRIPTION):
        fields["description"] = instruction.description
    return post(access, "/v1/payouts", key=instruction.key, fields=fields)


def parse_payout(instruction: Instruction, response: HttpResponse) -> Outcome:
    """Read the answer to a payout."""
    if response.status != HTTPStatus.OK:
        return refused(instruction.key, response)
    payout = find_read(response.body, Payout)
    return unreadable(response) if payout is None else payout_outcome(instruction, payout)


def payout_outcome(instruction: Instruction, payout: Payout) -> Outcome:
    """Say what the state of a payout means. `in_transit` is sent and not yet arrived."""
    if key_of(payout.metadata) != instruction.key or not is_of(payout.metadata, instruction.payment_id):
        return Unknown("the answer is about another operation")
    match payout.status:
        case PayoutStatus.PAID:
            return succeeded(payout.id, stated(payout.currency, payout.amount))
        case PayoutStatus.PENDING | PayoutStatus.IN_TRANSIT:
            return AcceptedPending(payout.id)
        case PayoutStatus.CANCELED:
            return _ended(payout, None)
        case PayoutStatus.FAILED:
            # Also after `paid`: the bank sent it back, and it is in the balance at Stripe again.
            return _ended(payout, Comeback.RETURNED)


def _ended(payout: Payout, comeback: Comeback | None) -> Rejected:
    code = payout.failure_code or f"payout_{payout.status}"
    return Rejected(code, Decline.HARD, cleaned(payout.failure_message or ""), payout.id, comeback)


def _destination(access: Access, instruction: Instruction) -> str:
    payee = instruction.payee
    account = None if payee is None else payee.iban or payee.account_number
    destination = None if account is None else access.config.payout_destinations.get(account)
    if destination is None:
        raise CannotBuildError("Stripe pays out only to accounts of one's own that payout_destinations names")
    return destination
