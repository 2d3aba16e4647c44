"""Payments by payment intents: what is asked, and what the answers mean."""

from http import HTTPStatus

from adapters.providerkit.amounts import to_wire
from adapters.providerkit.messages import CannotBuildError, HttpRequest, HttpResponse
from adapters.providerkit.reading import find_read, unreadable
from adapters.providers.stripe.client import Access, OptionalField, plain, post, quoted
from adapters.providers.stripe.currencies import CHARGES, MOVEMENTS
from adapters.providers.stripe.objects import (
    ACCOUNT,
    KEY,
    PAYMENT,
    Intent,
    IntentStatus,
    Refund,
    RefundStatus,
    is_of,
    key_of,
    stated,
)
from adapters.providers.stripe.refusals import declined, refused
from domain.manifests import CurrencyRule
from domain.money import Money
from domain.providers import (
    AcceptedPending,
    Decline,
    Finding,
    Instruction,
    Missing,
    OperationKind,
    Outcome,
    Rejected,
    Succeeded,
    Unknown,
)

_CHARGES = {rule.currency: rule for rule in CHARGES}


def build_request(access: Access, instruction: Instruction) -> HttpRequest:
    """Say an operation in Stripe's words. Raises CannotBuildError when it lacks what Stripe needs."""
    if instruction.kind is OperationKind.AUTHORIZE:
        return post(access, "/v1/payment_intents", key=instruction.key, fields=_new_intent(access, instruction))
    reference = reference_of(instruction)
    match instruction.kind:
        case OperationKind.CAPTURE:
            if not instruction.final:
                raise CannotBuildError("an intent is captured once, and what is left of it is let go")
            amount = amount_on_wire(MOVEMENTS, instruction.amount)
            path = f"/v1/payment_intents/{reference}/capture"
            return post(access, path, key=instruction.key, fields={"amount_to_capture": amount})
        case OperationKind.VOID:
            return post(access, f"/v1/payment_intents/{reference}/cancel", key=instruction.key, fields={})
        case OperationKind.REFUND:
            return post(access, "/v1/refunds", key=instruction.key, fields=_new_refund(instruction, reference))
        case OperationKind.PAYOUT:
            raise CannotBuildError("a payout is no payment")


def parse_response(access: Access, instruction: Instruction, response: HttpResponse) -> Outcome:
    """Read the first answer to an operation, or the same again after a repetition."""
    if response.status != HTTPStatus.OK:
        return refused(instruction.key, response)
    if instruction.kind is OperationKind.REFUND:
        refund = find_read(response.body, Refund)
        return unreadable(response) if refund is None else refund_outcome(instruction, refund)
    intent = find_read(response.body, Intent)
    finding = unreadable(response) if intent is None else intent_finding(access, instruction, intent)
    return Unknown(f"done, it says, but {finding.reason}") if isinstance(finding, Missing) else finding


def intent_finding(access: Access, instruction: Instruction, intent: Intent) -> Finding:
    """Say what the present state of an intent means for one operation on it."""
    is_named = instruction.provider_reference in {None, intent.id}
    if not (is_named and is_of(intent.metadata, instruction.payment_id)):
        return Unknown("the answer is about another payment")
    match instruction.kind:
        case OperationKind.AUTHORIZE if key_of(intent.metadata) != instruction.key:
            return Unknown("the answer is about another operation")
        case OperationKind.AUTHORIZE:
            return _authorization(access, instruction, intent)
        case OperationKind.CAPTURE:
            return _capture(intent)
        case OperationKind.VOID:
            return _void(intent)
        case _:
            return Unknown(f"an intent says nothing of a {instruction.kind}")


def refund_outcome(instruction: Instruction, refund: Refund) -> Outcome:
    """Say what the state of a refund means."""
    if key_of(refund.metadata) != instruction.key:
        return Unknown("the answer is about another operation")
    is_named = instruction.provider_reference in {refund.payment_intent, refund.charge}
    if not (is_named and is_of(refund.metadata, instruction.payment_id)):
        return Unknown("the answer is about another payment")
    match refund.status:
        case RefundStatus.SUCCEEDED:
            return succeeded(refund.id, stated(refund.currency, refund.amount))
        case RefundStatus.PENDING | RefundStatus.REQUIRES_ACTION:
            return AcceptedPending(refund.id)
        case RefundStatus.FAILED | RefundStatus.CANCELED:
            return Rejected(refund.failure_reason or f"refund_{refund.status}", Decline.HARD, "", refund.id)


def reference_of(instruction: Instruction) -> str:
    """Give the intent that an operation concerns. Raises CannotBuildError."""
    if instruction.provider_reference is None:
        raise CannotBuildError(f"a {instruction.kind} needs the payment that it concerns")
    return plain(instruction.provider_reference)


def amount_on_wire(rules: dict[str, CurrencyRule], amount: Money) -> str:
    """Write an amount in Stripe's minor units. Raises CannotBuildError."""
    rule = rules.get(amount.currency)
    if rule is None:
        raise CannotBuildError(f"Stripe does not take {amount.currency}")
    return str(to_wire(rule, amount))


def succeeded(reference: str, amount: Money | None) -> Succeeded | Unknown:
    """Believe an amount as it is stated; one that cannot be makes the whole statement unreadable."""
    return Unknown("the answer states no amount that exists") if amount is None else Succeeded(reference, amount)


def _new_intent(access: Access, instruction: Instruction) -> dict[str, str | None]:
    """Create and confirm in one request, so that one key covers both."""
    if instruction.payment_method is None:
        raise CannotBuildError("an authorization needs a payment method")
    fields: dict[str, str | None] = {
        "amount": amount_on_wire(_CHARGES, instruction.amount),
        "currency": instruction.amount.currency.lower(),
        "capture_method": "automatic" if instruction.capture else "manual",
        "confirm": "true",
        "payment_method": instruction.payment_method,
        f"metadata[{KEY}]": instruction.key,
        f"metadata[{PAYMENT}]": instruction.payment_id,
        f"metadata[{ACCOUNT}]": instruction.account,
    }
    if access.may_send(OptionalField.DESCRIPTION):
        fields["description"] = instruction.description
    return_url = instruction.return_url if access.may_send(OptionalField.RETURN_URL) else None
    fields["return_url"] = return_url
    if access.may_send(OptionalField.AUTOMATIC_PAYMENT_METHODS):
        fields["automatic_payment_methods[enabled]"] = "true"
        fields["automatic_payment_methods[allow_redirects]"] = "always" if return_url else "never"
    return fields


def _new_refund(instruction: Instruction, reference: str) -> dict[str, str | None]:
    """Refund an intent, or a charge that was made without one (`ch_...`)."""
    return {
        "charge" if reference.startswith("ch_") else "payment_intent": reference,
        "amount": amount_on_wire(MOVEMENTS, instruction.amount),
        f"metadata[{KEY}]": instruction.key,
        f"metadata[{PAYMENT}]": instruction.payment_id,
    }


def _authorization(access: Access, instruction: Instruction, intent: Intent) -> Outcome:
    captures_later = intent.capture_method == "manual"
    if captures_later is instruction.capture:
        return Unknown(f"its capture is {intent.capture_method}, which is not what was asked")
    match intent.status:
        case IntentStatus.SUCCEEDED if instruction.capture:
            return succeeded(intent.id, intent.received())
        case IntentStatus.REQUIRES_CAPTURE | IntentStatus.SUCCEEDED if captures_later:
            return succeeded(intent.id, intent.authorized())
        case IntentStatus.REQUIRES_ACTION:
            return AcceptedPending(intent.id, _action_url(access, intent))
        case IntentStatus.PROCESSING:
            return AcceptedPending(intent.id)
        case IntentStatus.REQUIRES_PAYMENT_METHOD if intent.last_payment_error is not None:
            return declined(intent.last_payment_error, intent.id)
        case IntentStatus.CANCELED:
            return Rejected("canceled", Decline.HARD, "The payment intent was canceled.", intent.id)
        case _:
            return Unknown(f"the intent is {intent.status}, which answers nothing that was asked")


def _action_url(access: Access, intent: Intent) -> str | None:
    """Where the customer goes: to Stripe's address, or to our own page with Stripe.js, told the secret behind a `#`.

    Without either the customer cannot go on, and the payment waits until it is canceled.
    """
    if intent.next_action is not None and intent.next_action.redirect_to_url is not None:
        return intent.next_action.redirect_to_url.url
    page = access.config.action_page_url
    return None if page is None or intent.client_secret is None else f"{page}#{quoted(intent.client_secret)}"


def _capture(intent: Intent) -> Finding:
    match intent.status:
        case IntentStatus.SUCCEEDED:
            return succeeded(intent.id, intent.received())
        case IntentStatus.PROCESSING:
            return AcceptedPending(intent.id)
        case IntentStatus.REQUIRES_CAPTURE:
            return Missing("the intent is not captured")
        case IntentStatus.CANCELED:
            return Rejected("canceled", Decline.HARD, "The payment intent was canceled.", intent.id)
        case _:
            return Unknown(f"the intent is {intent.status}, which says nothing of a capture")


def _void(intent: Intent) -> Finding:
    match intent.status:
        case IntentStatus.CANCELED:
            return succeeded(intent.id, intent.authorized())
        case IntentStatus.SUCCEEDED:
            return Rejected("payment_intent_unexpected_state", Decline.INVALID, "It is captured.", intent.id)
        case _:
            return Missing("the intent is not canceled")
