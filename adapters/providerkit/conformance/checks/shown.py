"""The examples are there, enough of them, and the adapter makes of each what it says."""

from collections.abc import Iterator, Sequence

from adapters.providerkit.adapter import CallsBack, LooksUp, Reports, VerifiesCredentials
from adapters.providerkit.conformance.check import Check
from adapters.providerkit.conformance.readings import callback_readings, readings, says
from adapters.providerkit.conformance.subject import Subject, find_question
from adapters.providerkit.messages import FileDrop, HttpRequest
from domain.providers import AcceptedPending, Finding, NotSent, OperationKind, Rejected, Succeeded


def _given(subject: Subject) -> Iterator[str]:
    if subject.spec.examples is None:
        yield "the spec gives no examples, so nothing could be tried"


def _enough(subject: Subject) -> Iterator[str]:
    adapter, examples = subject.adapter, subject.examples
    for instruction, sending in subject.buildable():
        kind = instruction.kind
        if isinstance(sending, HttpRequest):
            yield from _missing("answer", kind, [one.means for one in examples.answers if one.about.kind is kind])
        if isinstance(sending, FileDrop):
            told = [event for one in examples.callbacks for event in one.means if event.operation_key is not None]
            yield from _missing("file", kind, [event.finding for event in told])
    asks = any(isinstance(find_question(adapter, one), HttpRequest) for one in examples.instructions)
    if isinstance(adapter, LooksUp) and asks and not examples.look_ups:
        yield "no answer to a look-up is shown"
    if isinstance(adapter, CallsBack) and not examples.callbacks:
        yield "no callback is shown"
    if isinstance(adapter, Reports) and not examples.books:
        yield "no page of the books is shown"
    if isinstance(adapter, VerifiesCredentials) and not examples.verifications:
        yield "no answer about the credentials is shown"


def _missing(what: str, kind: OperationKind, means: Sequence[Finding | None]) -> Iterator[str]:
    """Say what is not shown of an operation: that the provider took it, and that it refused it."""
    if not any(isinstance(one, Succeeded | AcceptedPending) for one in means):
        yield f"no {what} shows that the provider took a {kind.value}"
    if not any(isinstance(one, Rejected | NotSent) for one in means):
        yield f"no {what} shows that the provider refused a {kind.value}"


def _true(subject: Subject) -> Iterator[str]:
    for one in (*readings(subject), *callback_readings(subject)):
        read = one.read(one.answer)
        if one.means is None and read is None:
            yield f"{one.name}: cannot be read"
        if one.means is not None and not says(read, one.means):
            yield f"{one.name}, {one.answer.status}: {read}, not {one.means}"


CHECKS = (
    Check(
        "examples.given",
        "The spec shows the provider in examples.",
        "Without them the kit has nothing to try, and a clean report would say nothing.",
        _given,
    ),
    Check(
        "examples.enough",
        "Each operation is shown taken and refused, each ability with an answer.",
        "What is not shown is not tried.",
        _enough,
    ),
    Check(
        "examples.true",
        "The adapter makes of each example exactly what it is said to mean.",
        "The examples are the provider's own words: whoever misreads them misreads money.",
        _true,
    ),
)
