"""Every kind of reading that an adapter does, with the example answers to try it on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import msgspec

from adapters.providerkit.adapter import BooksPage, CallsBack, LooksUp, Reports, VerifiesCredentials
from adapters.providerkit.conformance.subject import Subject, parse
from adapters.providerkit.messages import HttpRequest, HttpResponse
from domain.providers import (
    AcceptedPending,
    CallbackEvent,
    Instruction,
    Missing,
    NotSent,
    Rejected,
    Succeeded,
    Unknown,
    Unreadable,
    Verification,
)

OUTCOMES = (NotSent, Rejected, AcceptedPending, Succeeded, Unknown)


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer as an example shows it: how it is read, what may come out, and what must (None: not stated)."""

    name: str
    read: Callable[[HttpResponse], object]
    answer: HttpResponse
    gives: tuple[type, ...]
    means: object | None = None
    about: Instruction | None = None

    @property
    def is_look_up(self) -> bool:
        """Whether it answers the question what became of an operation."""
        return Missing in self.gives


def readings(subject: Subject) -> Iterator[Reading]:
    """Give every example answer."""
    adapter, examples = subject.adapter, subject.examples
    for one in examples.answers:
        read: Callable[[HttpResponse], object] = partial(parse, adapter, one.about)
        yield Reading(f"answer to {one.about.kind.value}", read, one.response, OUTCOMES, one.means, one.about)
    if isinstance(adapter, LooksUp):
        for one in examples.look_ups:
            read = partial(adapter.parse_look_up, one.about)
            gives = (*OUTCOMES, Missing, HttpRequest)
            yield Reading(f"look-up of {one.about.kind.value}", read, one.response, gives, one.means, one.about)
    if isinstance(adapter, VerifiesCredentials):
        for said in examples.verifications:
            yield Reading("credentials", adapter.parse_verification, said.response, (Verification,), said.means)
    if isinstance(adapter, Reports):
        for page in examples.books:
            yield Reading("books", adapter.parse_books_page, page, (BooksPage, type(None)))


def callback_readings(subject: Subject) -> Iterator[Reading]:
    """Give every example callback as an answer, of which only the bytes are read."""
    adapter = subject.adapter
    if isinstance(adapter, CallsBack):
        for one in subject.examples.callbacks:
            yield Reading(
                "callback",
                partial(_parsed, adapter),
                HttpResponse(status=200, headers=one.headers, body=one.raw),
                (tuple, Unreadable),
                one.means,
            )


def says(read: object, means: object) -> bool:
    """Whether what was read is what it means; of events whose id is not stated, any id will do."""
    if not (isinstance(read, tuple) and isinstance(means, tuple)) or len(read) != len(means):
        return read == means
    return all(_is_event(one, stated) for one, stated in zip(read, means, strict=True))


def _is_event(read: CallbackEvent, stated: CallbackEvent) -> bool:
    event_id = stated.event_id or read.event_id
    return bool(read.event_id) and read == msgspec.structs.replace(stated, event_id=event_id)


def _parsed(adapter: CallsBack, response: HttpResponse) -> tuple[CallbackEvent, ...] | Unreadable:
    return adapter.parse_callback(response.body)
