"""Amounts are sent exactly, as the manifest's rule writes them, or not at all."""

import random
from collections.abc import Iterator

import msgspec

from adapters.providerkit.amounts import from_wire
from adapters.providerkit.conformance.check import Check
from adapters.providerkit.conformance.mutations import is_json
from adapters.providerkit.conformance.reading import Digits, fields_of
from adapters.providerkit.conformance.subject import NotApplicableError, Sending, Subject, find_built
from adapters.providerkit.messages import HttpRequest
from domain.currencies import EXPONENTS
from domain.manifests import AmountFormat, CurrencyRule, ProviderManifest
from domain.money import AMOUNT_MAX, Currency, Money
from domain.providers import Instruction, NotSent, OperationKind

_EDGES = (1, 2, 9, 10, 11, 99, 100, 101, 999, 1_000, 1_001, 1_010, 9_999, 10_000, 12_345, 99_999, 100_000, 1_234_567)
_LARGE = (2**31 - 1, 2**31, 2**32 + 1, 10**12, 10**15 - 1, AMOUNT_MAX - 1, AMOUNT_MAX)
_RANDOM = 20
_NUMBERS = frozenset({AmountFormat.MINOR_INTEGER, AmountFormat.DECIMAL_NUMBER})
_NEW_MONEY = frozenset({OperationKind.AUTHORIZE, OperationKind.PAYOUT})


def rules_of(manifest: ProviderManifest) -> tuple[CurrencyRule, ...]:
    """Give one rule for each way of writing that occurs: by ISO exponent, the provider's, format and bounds."""
    declared = manifest.currencies or tuple(
        CurrencyRule(currency=code, exponent=EXPONENTS[code], maximum_minor=AMOUNT_MAX)
        for code in ("JPY", "EUR", "KWD", "CLF")
    )
    known = (rule for rule in declared if rule.currency in EXPONENTS)
    ways = {(EXPONENTS[one.currency], msgspec.structs.replace(one, currency="")): one for one in known}
    return tuple(ways.values())


def _exact(subject: Subject) -> Iterator[str]:
    tried = 0
    for rule in rules_of(subject.adapter.manifest):
        for instruction in subject.examples.instructions:
            for amount in _admitted(rule, subject.chance(f"amounts.exact {rule.currency}")):
                sent = _sent(subject, instruction, amount)
                if sent is not None:
                    tried += 1
                    yield from _faults(rule, instruction, amount, sent)
    if not tried:
        raise NotApplicableError("no operation can be built with another amount")


def _faults(
    rule: CurrencyRule, instruction: Instruction, amount: Money, sent: tuple[Sending, Sending]
) -> Iterator[str]:
    """Look at what changes with the amount: whatever reads as a number must be it."""
    kind = instruction.kind.value
    numbers = _changed(*sent)
    in_json = isinstance(sent[0], HttpRequest) and is_json(sent[0].body)
    if not numbers:
        if instruction.kind is not OperationKind.VOID:
            yield f"{kind} of {amount}: no number in it changes with the amount"
        return
    for path, written in numbers:
        if _read(rule, written, in_json=in_json) != amount:
            yield f"{kind} of {amount}: {path} is {written!r}"


def _changed(sending: Sending, other: Sending) -> list[tuple[str, str]]:
    """Give the fields that are numbers and differ."""
    others = dict(fields_of(other))
    fields = ((path, value) for path, value in fields_of(sending) if others.get(path) != value)
    return [(path, value) for path, value in fields if value.replace(".", "", 1).replace(",", "").isdecimal()]


def _read(rule: CurrencyRule, written: str, *, in_json: bool) -> Money | None:
    """Read it back by the rule; a number for a text, or a text for a number, is as wrong as another number."""
    if in_json and isinstance(written, Digits) is (rule.amount_format not in _NUMBERS):
        return None
    if rule.amount_format is AmountFormat.MINOR_INTEGER:
        return from_wire(rule, int(written)) if written.isdecimal() and not written.startswith("0") else None
    return from_wire(rule, str(written))


def _sent(subject: Subject, instruction: Instruction, amount: Money) -> tuple[Sending, Sending] | None:
    """Build an operation with an amount, and with another one; None when it cannot be said."""
    other = Money(amount.minor * 2 if amount.minor * 2 <= AMOUNT_MAX else amount.minor // 2, amount.currency)
    first, second = (_of(instruction, one) for one in (amount, other))
    sending, beside = find_built(subject.adapter, first), find_built(subject.adapter, second)
    if sending is None:
        return None
    return (sending, _blank(subject, instruction, amount)) if beside is None else (sending, beside)


def _blank(subject: Subject, instruction: Instruction, amount: Money) -> Sending:
    """Give anything of that operation to compare with, where the double of an amount cannot be sent."""
    built = (find_built(subject.adapter, _of(instruction, Money(n, amount.currency))) for n in (*_EDGES, *_LARGE))
    return next((one for one in built if one is not None), NotSent("nothing"))


def _of(instruction: Instruction, amount: Money) -> Instruction:
    """Give an operation of that amount, of a payment that is larger, unless the operation is the payment itself."""
    whole = amount if instruction.kind in _NEW_MONEY else Money(2 * AMOUNT_MAX, amount.currency)
    return msgspec.structs.replace(instruction, amount=amount, payment_amount=whole)


def _admitted(rule: CurrencyRule, chance: random.Random) -> Iterator[Money]:
    top = rule.maximum_minor or AMOUNT_MAX
    bounds = (rule.minimum_minor, rule.minimum_minor + rule.multiple_minor, top, top - top % rule.multiple_minor)
    some = (int(2 ** chance.uniform(0, 53)) for _ in range(_RANDOM))
    for minor in sorted({*_EDGES, *_LARGE, *bounds, *some}):
        if rule.admits(minor) and minor <= AMOUNT_MAX:
            yield Money(minor, Currency(rule.currency))


def _bounds(subject: Subject) -> Iterator[str]:
    tried = 0
    for rule in subject.adapter.manifest.currencies:
        outside = (rule.minimum_minor - 1, (rule.maximum_minor or AMOUNT_MAX) + 1, rule.minimum_minor + 1)
        for minor in outside:
            if rule.admits(minor) or not 1 <= minor <= AMOUNT_MAX:
                continue
            for instruction in subject.examples.instructions:
                tried += 1
                amount = Money(minor, Currency(rule.currency))
                if instruction.kind in _NEW_MONEY and find_built(subject.adapter, _of(instruction, amount)) is not None:
                    yield f"{instruction.kind.value} of {amount} is built, which the manifest says is not taken"
    if not tried:
        raise NotApplicableError("the manifest takes every amount")


def _foreign(subject: Subject) -> Iterator[str]:
    manifest = subject.adapter.manifest
    foreign = [code for code in ("EUR", "JPY", "KWD", "NPR", "UYW") if not manifest.takes(code)]
    if not foreign:
        raise NotApplicableError("the manifest takes every currency")
    for code in foreign:
        for instruction in subject.examples.instructions:
            changed = _of(instruction, Money(instruction.amount.minor, Currency(code)))
            if instruction.kind in _NEW_MONEY and find_built(subject.adapter, changed) is not None:
                yield f"{instruction.kind.value} is built in {code}, which the manifest does not take"


def _named(subject: Subject) -> Iterator[str]:
    codes = [rule.currency for rule in rules_of(subject.adapter.manifest)]
    if len({rule.currency for rule in subject.adapter.manifest.currencies} or set(codes)) == 1:
        raise NotApplicableError("there is one currency")
    for instruction in subject.examples.instructions:
        if instruction.kind not in _NEW_MONEY:
            continue
        for code in codes:
            amount = Money(1_000_000, Currency(code))
            sending = find_built(subject.adapter, _of(instruction, amount))
            values = [] if sending is None else [value.upper() for _, value in fields_of(sending)]
            if sending is not None and code not in values:
                yield f"{instruction.kind.value}: the currency {code} is not said"


CHECKS = (
    Check(
        "amounts.exact",
        "What the provider reads is the amount, in every way of writing that occurs; nothing is rounded.",
        "A wrong decimal point is a hundred times the money.",
        _exact,
    ),
    Check(
        "amounts.bounds",
        "New money outside of the manifest's bounds and multiples is not sent.",
        "The router trusts the manifest, and the refusal would come from the provider, late.",
        _bounds,
    ),
    Check(
        "amounts.foreign",
        "New money in a currency that the manifest does not take is not sent.",
        "A provider with one currency would take the number for its own.",
        _foreign,
    ),
    Check(
        "amounts.named",
        "Where there are several currencies, the operation says its own.",
        "The account's default would be taken.",
        _named,
    ),
)
