"""Traces: which requests and jobs are followed, and the spans in which they say where their time went.

Off until `switch_on` is called. Only what is followed pays for it: everywhere else a span is one look at a variable.
Spans hold words of ours, never amounts, names, tokens or what callers sent: see `Attribute`.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from enum import StrEnum
from typing import Final, Protocol

from adapters.telemetry.redaction import scrubbed
from adapters.telemetry.traceparent import NAME, RAW_NAME, TraceParent, read_traceparent

VALUE_MAX: Final = 100


class SpanKind(StrEnum):
    """Which side of a conversation a span stands for; the names are OpenTelemetry's."""

    INTERNAL = "INTERNAL"
    SERVER = "SERVER"
    CLIENT = "CLIENT"
    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"


class Attribute(StrEnum):
    """Everything that a span may say. A new one must not be able to hold personal data, an amount or a secret."""

    METHOD = "http.request.method"
    ROUTE = "http.route"
    STATUS = "http.response.status_code"
    REQUEST_ID = "mediator.request_id"
    ERROR = "error.type"
    PROVIDER = "mediator.provider"
    OPERATION = "mediator.operation"
    OUTCOME = "mediator.outcome"
    ACTOR = "mediator.actor"
    ATTEMPT = "mediator.attempt"
    WORK = "mediator.journal.work"
    BATCH_SIZE = "mediator.journal.batch_size"


Value = str | int | bool
Attributes = Mapping[Attribute, Value]


class RecordedSpan(Protocol):
    """A span as the library that exports it keeps it."""

    @property
    def identity(self) -> TraceParent:
        """Its ids, for those who follow it."""
        ...

    def rename(self, name: str) -> None:
        """Give it its final name."""
        ...

    def set(self, attribute: str, value: Value) -> None:
        """Say something about it."""
        ...

    def fail(self, error: str) -> None:
        """Say that it failed, with the kind of error."""
        ...

    def end(self) -> None:
        """End it now."""
        ...


class Recorder(Protocol):
    """Makes spans, and gives them to whoever collects them."""

    def start(
        self, name: str, kind: SpanKind, parent: TraceParent | None, links: Sequence[TraceParent]
    ) -> RecordedSpan:
        """Begin a span now: below `parent`, or a trace of its own."""
        ...

    def close(self) -> None:
        """Give away what is kept, for a second or two at most."""
        ...


class Span:
    """A span of something that is followed."""

    __slots__ = ("_recorded",)

    def __init__(self, recorded: RecordedSpan) -> None:
        """Speak of this one."""
        self._recorded = recorded

    @property
    def identity(self) -> TraceParent:
        """Its ids."""
        return self._recorded.identity

    def rename(self, name: str) -> None:
        """Give it its final name."""
        self._recorded.rename(name)

    def tell(self, attribute: Attribute, value: Value) -> None:
        """Say something about it; what looks like a secret is hidden all the same."""
        self._recorded.set(attribute.value, scrubbed(value)[:VALUE_MAX] if isinstance(value, str) else value)

    def fail(self, error: str) -> None:
        """Say that it failed, with the kind of error, never its message."""
        self._recorded.fail(scrubbed(error)[:VALUE_MAX])

    def end(self) -> None:
        """End it now."""
        self._recorded.end()


class Rules:
    """Who is followed: a part of all that begins here, and what callers follow themselves if they are obeyed."""

    def __init__(self, *, ratio: float, obeys_callers: bool) -> None:
        """Follow this part, from 0 to 1."""
        self._ratio = ratio
        self._bound = round(ratio * 2**64)
        self._obeys_callers = obeys_callers

    def follows(self, parent: TraceParent | None) -> bool:
        """Decide. Without obedience the caller's trace id decides, everywhere alike, as long as those are random."""
        if parent is None:
            return random.random() < self._ratio  # noqa: S311 -- a sample, not a secret
        if self._obeys_callers:
            return parent.sampled
        return parent.trace_id & (2**64 - 1) < self._bound


class _State:
    """What is switched on in this process."""

    recorder: Recorder | None = None
    rules = Rules(ratio=0.0, obeys_callers=False)


_current: ContextVar[Span | None] = ContextVar("span", default=None)


def switch_on(recorder: Recorder, rules: Rules) -> None:
    """Follow what the rules say from now on."""
    _State.recorder, _State.rules = recorder, rules


def switch_off() -> None:
    """Follow nothing any more, and give away what is kept."""
    recorder, _State.recorder = _State.recorder, None
    if recorder is not None:
        recorder.close()


def is_on() -> bool:
    """Tell whether anything is followed."""
    return _State.recorder is not None


def current() -> Span | None:
    """Give the innermost span of what is done here; None where nothing is followed."""
    return _current.get()


def log_keys() -> dict[str, str]:
    """Give the `trace_id` for log lines; nothing where nothing is followed."""
    span = _current.get()
    return {} if span is None else {"trace_id": f"{span.identity.trace_id:032x}"}


def outgoing() -> dict[str, str]:
    """Give the header to send to others, so that they can follow on; nothing where nothing is followed."""
    span = _current.get()
    return {} if span is None else {NAME: span.identity.written()}


def at_the_door(headers: Iterable[tuple[bytes, bytes]], name: str) -> Span | None:
    """Begin the span of a request if it is to be followed. Its caller's ids are taken only as a remote parent."""
    recorder = _State.recorder
    if recorder is None:
        return None
    parent = _parent_in(headers)
    if not _State.rules.follows(parent):
        return None
    return Span(recorder.start(name, SpanKind.SERVER, parent, ()))


def _parent_in(headers: Iterable[tuple[bytes, bytes]]) -> TraceParent | None:
    """Read the one `traceparent` that there may be: of two, none can be trusted."""
    found = [value for name, value in headers if name == RAW_NAME]
    return read_traceparent(found[0]) if len(found) == 1 else None


def sent(name: str) -> Span | None:
    """Begin the span of something that is given to another process to do: below the current one, or by the rules."""
    recorder, span = _State.recorder, _current.get()
    if recorder is None or (span is None and not _State.rules.follows(None)):
        return None
    return Span(recorder.start(name, SpanKind.PRODUCER, None if span is None else span.identity, ()))


def received(name: str, header: str) -> Span | None:
    """Begin the span of something that another process of ours gave, if that followed it."""
    recorder, parent = _State.recorder, read_traceparent(header.encode(errors="replace"))
    if recorder is None or parent is None or not parent.sampled:
        return None
    return Span(recorder.start(name, SpanKind.CONSUMER, parent, ()))


def enter(span: Span) -> Token[Span | None]:
    """Make it the current one, until `leave`."""
    return _current.set(span)


def leave(token: Token[Span | None]) -> None:
    """Make the one before the current one again."""
    _current.reset(token)


@contextmanager
def entered(span: Span) -> Iterator[Span]:
    """Make it the current one for a block, and end it with that."""
    token = _current.set(span)
    try:
        yield span
    except BaseException as fault:
        span.fail(error_type(fault))
        raise
    finally:
        _current.reset(token)
        span.end()


@contextmanager
def span(name: str, kind: SpanKind = SpanKind.INTERNAL, attributes: Attributes | None = None) -> Iterator[Span | None]:
    """Follow a block with a span of its own, below the current one; nothing where nothing is followed."""
    recorder, parent = _State.recorder, _current.get()
    if recorder is None or parent is None:
        yield None
        return
    made = Span(recorder.start(name, kind, parent.identity, ()))
    for attribute, value in (attributes or {}).items():
        made.tell(attribute, value)
    with entered(made):
        yield made


@contextmanager
def batch(work: str, waiting: Iterable[Span | None], size: int) -> Iterator[None]:
    """Follow a call to the database that does several requests' work: below the first of them, linked to the others.

    `waiting` has what was current where each item came from; nothing happens where none of them is followed.
    """
    recorder, followed = _State.recorder, [one for one in waiting if one is not None]
    if recorder is None or not followed:
        yield
        return
    first, *others = (one.identity for one in followed)
    made = Span(recorder.start("journal.batch", SpanKind.CLIENT, first, others))
    made.tell(Attribute.WORK, work)
    made.tell(Attribute.BATCH_SIZE, size)
    with entered(made):
        yield


def error_type(fault: BaseException) -> str:
    """Name what went wrong without its words: a refusal's code, or the type."""
    entry = getattr(fault, "entry", None)
    return str(getattr(entry, "code", None) or type(fault).__name__)
