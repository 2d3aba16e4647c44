"""An answer is believed as it stands, and only about what was asked."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from adapters.providerkit.adapter import CallsBack
from adapters.providerkit.amounts import to_wire
from adapters.providerkit.conformance.check import Check
from adapters.providerkit.conformance.mutations import is_json, replaced
from adapters.providerkit.conformance.readings import Reading, readings
from adapters.providerkit.conformance.subject import NotApplicableError, Subject
from adapters.providerkit.messages import CannotBuildError, HttpResponse
from domain.money import Money
from domain.providers import Instruction, Succeeded, Unreadable


@dataclass(frozen=True, slots=True)
class _Stated:
    """A success as an answer, or a callback, states it; `read` gives every finding that other bytes would state."""

    name: str
    raw: bytes
    means: Succeeded
    read: Callable[[bytes], tuple[object, ...]]
    asked: Money


def _amount(subject: Subject) -> Iterator[str]:
    for one in _stated(subject):
        forms = _forms(subject, one.means.amount)
        raw = replaced(one.raw, partial(_one_more, forms=forms)) or _rewritten(one.raw, forms)
        if any(money in {one.asked, one.means.amount} for money in _amounts(one, raw)):
            yield f"{one.name}: it states another amount, and the one that was asked for is given"


def _currency(subject: Subject) -> Iterator[str]:
    for one in _stated(subject):
        code = one.means.amount.currency
        other = "JPY" if code != "JPY" else "EUR"
        raw = replaced(one.raw, partial(_swapped, code=code, other=other))
        if raw is None and not is_json(one.raw):
            raw = one.raw.replace(code.encode(), other.encode())
        if any(money.currency == code for money in _amounts(one, raw)):
            yield f"{one.name}: it states {other}, and {code} is given"


def _amounts(stated: _Stated, raw: bytes | None) -> list[Money]:
    """Give the amounts that are read in other bytes; none where nothing could be changed."""
    if raw is None or raw == stated.raw:
        return []
    return [found.amount for found in stated.read(raw) if isinstance(found, Succeeded)]


def _stated(subject: Subject) -> Iterator[_Stated]:
    found = [*_answered(subject), *_called_back(subject)]
    if not found:
        raise NotApplicableError("no example says that something succeeded")
    return iter(found)


def _answered(subject: Subject) -> Iterator[_Stated]:
    for one in readings(subject):
        if one.about is not None and isinstance(one.means, Succeeded):
            yield _Stated(one.name, one.answer.body, one.means, partial(_read_answer, one), one.about.amount)


def _called_back(subject: Subject) -> Iterator[_Stated]:
    adapter = subject.adapter
    if isinstance(adapter, CallsBack):
        for one in subject.examples.callbacks:
            for means in (event.finding for event in one.means):
                if isinstance(means, Succeeded):
                    yield _Stated("callback", one.raw, means, partial(_read_callback, adapter), means.amount)


def _read_answer(reading: Reading, raw: bytes) -> tuple[object, ...]:
    return (reading.read(_with(reading, raw)),)


def _read_callback(adapter: CallsBack, raw: bytes) -> tuple[object, ...]:
    read = adapter.parse_callback(raw)
    return () if isinstance(read, Unreadable) else tuple(event.finding for event in read)


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


def _rewritten(raw: bytes, forms: set[str]) -> bytes | None:
    """Do the same to a text that is no JSON, wherever the amount stands alone; some write a comma for the point."""
    if is_json(raw):
        return None
    written = "|".join(re.escape(form).replace(r"\.", "[.,]") for form in sorted(forms))
    return re.sub(rf"(?<![0-9.,])({written})(?![0-9.,])".encode(), rb"1\1", raw)


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
        "A success has the amount that the answer, or the callback, states.",
        "It is compared with what was asked: whoever repeats the question hides the difference.",
        _amount,
    ),
    Check(
        "truth.currency",
        "A success has the currency that the answer, or the callback, states.",
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
