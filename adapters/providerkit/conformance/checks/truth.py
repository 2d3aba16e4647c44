"""An answer is believed as it stands, and only about what was asked."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from adapters.providerkit.amounts import to_wire
from adapters.providerkit.conformance.check import Check
from adapters.providerkit.conformance.mutations import replaced
from adapters.providerkit.conformance.readings import Reading, readings
from adapters.providerkit.conformance.subject import NotApplicableError, Subject
from adapters.providerkit.messages import CannotBuildError, HttpResponse
from domain.money import Money
from domain.providers import Instruction, Succeeded


def _amount(subject: Subject) -> Iterator[str]:
    for reading, about, means in _successes(subject):
        forms = _forms(subject, means.amount)
        body = replaced(reading.answer.body, partial(_one_more, forms=forms))
        if body is None:
            continue
        read = reading.read(_with(reading, body))
        if isinstance(read, Succeeded) and read.amount == about.amount:
            yield f"{reading.name}: the answer states another amount, and the one that was asked for is given"


def _currency(subject: Subject) -> Iterator[str]:
    for reading, _, means in _successes(subject):
        code = means.amount.currency
        other = "JPY" if code != "JPY" else "EUR"
        body = replaced(reading.answer.body, partial(_swapped, code=code, other=other))
        if body is None:
            continue
        read = reading.read(_with(reading, body))
        if isinstance(read, Succeeded) and read.amount.currency == code:
            yield f"{reading.name}: the answer states {other}, and {code} is given"


def _about(subject: Subject) -> Iterator[str]:
    for reading, about, _ in _successes(subject):
        for what in ("key", "payment_id", "provider_reference"):
            name = getattr(about, what)
            if not name:
                continue
            body = replaced(reading.answer.body, partial(_renamed, name=name))
            if body is not None and isinstance(reading.read(_with(reading, body)), Succeeded):
                yield f"{reading.name}: it names another {what.replace('_', ' ')}, and is taken for a success"


def _successes(subject: Subject) -> Iterator[tuple[Reading, Instruction, Succeeded]]:
    found = [
        (one, one.about, one.means)
        for one in readings(subject)
        if one.about is not None and isinstance(one.means, Succeeded)
    ]
    if not found:
        raise NotApplicableError("no example answer says that something succeeded")
    return iter(found)


def _forms(subject: Subject, amount: Money) -> set[str]:
    """Give the ways in which an answer may write an amount."""
    rule = subject.adapter.manifest.rule_for(amount.currency)
    forms = {str(amount.minor), str(amount).partition(" ")[0]}
    if rule is not None:
        with suppress(CannotBuildError):
            forms.add(str(to_wire(rule, amount)))
    return forms


def _one_more(leaf: object, *, forms: set[str]) -> object:
    """Add a hundred major units to what looks like the amount."""
    if isinstance(leaf, bool) or str(leaf) not in forms:
        return leaf
    match leaf:
        case int() | float():
            return leaf + 10_000
        case str():
            return f"1{leaf}"
        case _:
            return leaf


def _swapped(leaf: object, *, code: str, other: str) -> object:
    if not isinstance(leaf, str) or leaf.upper() != code:
        return leaf
    return other.lower() if leaf.islower() else other


def _renamed(leaf: object, *, name: str) -> object:
    return f"{name}x" if leaf == name else leaf


def _with(reading: Reading, body: bytes) -> HttpResponse:
    return HttpResponse(status=reading.answer.status, headers=reading.answer.headers, body=body)


CHECKS = (
    Check(
        "truth.amount",
        "A success has the amount that the answer states.",
        "It is compared with what was asked: whoever repeats the question hides the difference.",
        _amount,
    ),
    Check(
        "truth.currency",
        "A success has the currency that the answer states.",
        "A thousand yen would be booked as a thousand euros.",
        _currency,
    ),
    Check(
        "truth.about",
        "An answer that names another key, payment or charge is no success of this one.",
        "Answers get mixed up on kept connections and in caches.",
        _about,
    ),
)
