"""What became of an operation: by Stripe's name of it, or by going through a list for the one with our key."""

from datetime import timedelta
from http import HTTPStatus

from adapters.providerkit.messages import HttpRequest, HttpResponse
from adapters.providerkit.reading import find_read, unreadable
from adapters.providers.stripe.client import Access, OptionalField, get, plain
from adapters.providers.stripe.objects import Intent, Listed, Page, Payout, Refund, key_of
from adapters.providers.stripe.payments import intent_finding, reference_of, refund_outcome
from adapters.providers.stripe.payouts import payout_outcome
from adapters.providers.stripe.refusals import refused
from domain.providers import Finding, Instruction, Missing, OperationKind, Rejected, Unknown

PAGE_OBJECTS = 100

_BEFORE = timedelta(minutes=5)
_AFTER = timedelta(hours=1)
"""How far our clock and Stripe's may be apart, and how long after the decision the last request can have arrived."""

_PATHS = {
    OperationKind.AUTHORIZE: "/v1/payment_intents",
    OperationKind.CAPTURE: "/v1/payment_intents",
    OperationKind.VOID: "/v1/payment_intents",
    OperationKind.REFUND: "/v1/refunds",
    OperationKind.PAYOUT: "/v1/payouts",
}


def build_look_up(access: Access, instruction: Instruction) -> HttpRequest:
    """Ask for the object by its name where Stripe has told it, otherwise for the first page of its list.

    Lists are read and not searched: what the search index does not show yet would look like what is not there.
    Raises CannotBuildError.
    """
    path, name = _PATHS[instruction.kind], _name_of(instruction)
    if name is not None:
        return get(access, f"{path}/{plain(name)}")
    return get(access, path, _listing(access, instruction))


def parse_look_up(access: Access, instruction: Instruction, response: HttpResponse) -> Finding | HttpRequest:
    """Read the object, or find it in the page of a list, or ask for the next page."""
    if response.status != HTTPStatus.OK:
        return _not_shown(instruction, response)
    if _name_of(instruction) is not None:
        return _found(access, instruction, response.body, response)
    page = find_read(response.body, Page)
    if page is None:
        return unreadable(response)
    last: str | None = None
    for raw in page.data:
        listed = find_read(bytes(raw), Listed)
        if listed is None:
            return unreadable(response)
        if key_of(listed.metadata) == instruction.key:
            return _found(access, instruction, bytes(raw), response)
        last = listed.id
    if not page.has_more:
        return Missing("no object of Stripe's carries this key")
    if last is None:
        return unreadable(response)
    fields = _listing(access, instruction) | {"starting_after": last}
    return get(access, _PATHS[instruction.kind], fields)


def _name_of(instruction: Instruction) -> str | None:
    """Give Stripe's own name of the object that shows the operation; captures and voids show in their intent."""
    match instruction.kind:
        case OperationKind.AUTHORIZE:
            return instruction.provider_reference
        case OperationKind.CAPTURE | OperationKind.VOID:
            return reference_of(instruction)
        case OperationKind.REFUND | OperationKind.PAYOUT:
            return instruction.operation_reference


def _listing(access: Access, instruction: Instruction) -> dict[str, str]:
    fields = {"limit": str(PAGE_OBJECTS)}
    if instruction.kind is OperationKind.REFUND:
        reference = reference_of(instruction)
        return {"charge" if reference.startswith("ch_") else "payment_intent": reference, **fields}
    if instruction.created_at is not None and access.may_send(OptionalField.CREATED):
        fields["created[gte]"] = str(int((instruction.created_at - _BEFORE).timestamp()))
        fields["created[lte]"] = str(int((instruction.created_at + _AFTER).timestamp()))
    return fields


def _found(access: Access, instruction: Instruction, raw: bytes, response: HttpResponse) -> Finding:
    match instruction.kind:
        case OperationKind.REFUND:
            refund = find_read(raw, Refund)
            return unreadable(response) if refund is None else refund_outcome(instruction, refund)
        case OperationKind.PAYOUT:
            payout = find_read(raw, Payout)
            return unreadable(response) if payout is None else payout_outcome(instruction, payout)
        case _:
            intent = find_read(raw, Intent)
            return unreadable(response) if intent is None else intent_finding(access, instruction, intent)


def _not_shown(instruction: Instruction, response: HttpResponse) -> Finding:
    """A question that was refused says nothing of the operation, not even `resource_missing`: it was there once."""
    outcome = refused(instruction.key, response)
    return Unknown(f"it is not shown: {outcome.code}") if isinstance(outcome, Rejected) else outcome
