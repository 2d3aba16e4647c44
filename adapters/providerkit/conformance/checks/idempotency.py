"""The key is where the manifest says, one for each operation, and in the provider's own form."""

from collections.abc import Iterator

import msgspec

from adapters.providerkit.conformance.check import Check
from adapters.providerkit.conformance.reading import fields_of
from adapters.providerkit.conformance.subject import NotApplicableError, Sending, Subject, find_built
from adapters.providerkit.messages import FileDrop, HttpRequest
from domain.manifests import IdempotencyRule, KeyPlace
from domain.money import Money
from domain.providers import Instruction

KEYS = ("opn_0198c5a1b2c37d4e8f90a1b2c3d4e5f6", "opn_0198c5a1b2c37d4e8f90a1b2c3d4e5f7")
"""Two keys as we make them; they differ in their last digit alone."""

_ODD_KEYS = ("k" * 36, "k" * 65, "k" * 256, "k" * 4_096, "with space", "naïve", "tab\t", "new\nline", "", "a/b?c=d&e")


def keys_in(rule: IdempotencyRule, sending: Sending) -> tuple[str, ...]:
    """Give what stands where the rule says that the key is; more or less than one is a fault."""
    name = (rule.name or "").lower()
    if rule.place is KeyPlace.HEADER:
        headers = sending.headers if isinstance(sending, HttpRequest) else {}
        return tuple(value for key, value in headers.items() if key.lower() == name)
    if rule.place is KeyPlace.MESSAGE_ID and isinstance(sending, FileDrop):
        return (sending.provider_reference,)
    fields = ((path.lower(), value) for path, value in fields_of(sending))
    return tuple(value for path, value in fields if path == name or path.endswith(f".{name}"))


def _is_taken(rule: IdempotencyRule, key: str, written: str) -> bool:
    """Whether what is written is within the rule, or stands for a key that is: dashes for underscores, say."""
    return rule.takes(written) or (rule.takes(key) and 0 < len(written) <= rule.length_max)


def _keyed(subject: Subject) -> Iterator[tuple[IdempotencyRule, Instruction, Sending]]:
    rule = subject.adapter.manifest.idempotency
    if rule.place is KeyPlace.NONE:
        raise NotApplicableError("the provider keeps no keys: nothing is sent blindly again")
    return ((rule, instruction, sending) for instruction, sending in subject.buildable())


def _there(subject: Subject) -> Iterator[str]:
    for rule, instruction, sending in _keyed(subject):
        kind, found = instruction.kind.value, keys_in(rule, sending)
        if len(found) != 1:
            yield f"{kind}: {len(found)} keys in the {rule.place.value} {rule.name}"
        elif not _is_taken(rule, instruction.key, found[0]):
            yield f"{kind}: the key {found[0]!r} is not one that the provider takes"


def _one(subject: Subject) -> Iterator[str]:
    for rule, instruction, _ in _keyed(subject):
        sent = [keys_in(rule, one) for one in _variants(subject, instruction)]
        if len(set(sent)) > 1:
            yield f"{instruction.kind.value}: the key changes with something else than the operation"


def _variants(subject: Subject, instruction: Instruction) -> Iterator[Sending]:
    """Give one operation in forms that keep its key: as another adapter builds it, of another amount, other words."""
    smaller = Money(max(instruction.amount.minor // 2, 1), instruction.amount.currency)
    forms = (
        instruction,
        msgspec.structs.replace(instruction, amount=smaller),
        msgspec.structs.replace(instruction, description="Something else", reference="another"),
    )
    for adapter in (subject.adapter, subject.made()):
        for form in forms:
            sending = find_built(adapter, form)
            if sending is not None:
                yield sending


def _own(subject: Subject) -> Iterator[str]:
    for rule, instruction, _ in _keyed(subject):
        forms = (msgspec.structs.replace(instruction, key=key) for key in KEYS)
        sent = [keys_in(rule, one) for form in forms if (one := find_built(subject.adapter, form)) is not None]
        if not sent:
            yield f"{instruction.kind.value}: a key of ours cannot be built: {KEYS[0]}"
        elif len(set(sent)) < len(sent):
            yield f"{instruction.kind.value}: two operations are sent with one key, {sent[0]}"


def _formed(subject: Subject) -> Iterator[str]:
    for rule, instruction, _ in _keyed(subject):
        for key in _ODD_KEYS:
            sending = find_built(subject.adapter, msgspec.structs.replace(instruction, key=key))
            if sending is None or (isinstance(sending, HttpRequest) and sending.fault() is not None):
                continue  # It is not sent.
            if not all(_is_taken(rule, key, found) for found in keys_in(rule, sending)):
                yield f"{instruction.kind.value}: sends the key {key[:40]!r}, which the provider does not take"


CHECKS = (
    Check(
        "idempotency.there",
        "Each operation carries exactly one key, where the manifest says, as the provider takes it.",
        "A resend would be a second payment.",
        _there,
    ),
    Check(
        "idempotency.one",
        "The key of an operation is the same however often and by whomever it is built.",
        "A resend with a fresh key is a second payment.",
        _one,
    ),
    Check(
        "idempotency.own",
        "Two operations have two keys.",
        "The second would be answered with the first one's result, and never be done.",
        _own,
    ),
    Check(
        "idempotency.formed",
        "A key that the provider would not take is never sent: CannotBuildError, or written so that it is taken.",
        "A provider that cuts a key off, or ignores it, does not protect the resend.",
        _formed,
    ),
)
