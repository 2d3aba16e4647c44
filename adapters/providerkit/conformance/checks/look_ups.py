"""A question moves nothing, and is about one operation."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from adapters.providerkit.adapter import LooksUp, Reports, VerifiesCredentials
from adapters.providerkit.conformance.check import Check
from adapters.providerkit.conformance.reading import written
from adapters.providerkit.conformance.subject import NotApplicableError, Subject, find_question
from adapters.providerkit.messages import HttpRequest
from domain.manifests import LookUp
from domain.providers import AcceptedPending, Instruction, Rejected, Succeeded

_DECIDED = (Succeeded, Rejected, AcceptedPending)
_SAFE = frozenset({"GET", "HEAD"})
_OURS = ("key", "payment_id")
_THEIRS = ("provider_reference", "operation_reference")


def _harmless(subject: Subject) -> Iterator[str]:
    operations = [one for _, one in subject.buildable() if isinstance(one, HttpRequest)]
    moving = {_endpoint(one) for one in operations}
    for name, question in _questions(subject):
        if question.method not in _SAFE and _endpoint(question) in moving:
            yield f"{name}: {question.method} {urlsplit(question.url).path} is also how money is moved"
        if any(written(question) == written(one) for one in operations):
            yield f"{name}: it is the very request that moves money"


def _questions(subject: Subject) -> Iterator[tuple[str, HttpRequest]]:
    """Give everything that asks, and whatever a look-up asks on."""
    adapter, examples = subject.adapter, subject.examples
    for one in examples.instructions:
        question = find_question(adapter, one)
        if isinstance(question, HttpRequest):
            yield f"look-up of {one.kind.value}", question
    if isinstance(adapter, LooksUp):
        for answer in examples.look_ups:
            further = adapter.parse_look_up(answer.about, answer.response)
            if isinstance(further, HttpRequest):
                yield f"further question about {answer.about.kind.value}", further
    if isinstance(adapter, VerifiesCredentials):
        yield "question about the credentials", adapter.build_verification()
    if isinstance(adapter, Reports):
        yield "question for the books", adapter.build_books_page("account", None)


def _endpoint(request: HttpRequest) -> tuple[str, str]:
    return request.method, urlsplit(request.url).path


def _about(subject: Subject) -> Iterator[str]:
    adapter = subject.adapter
    names = (
        *(_OURS if LookUp.BY_OUR_REFERENCE in adapter.manifest.look_ups else ()),
        *(_THEIRS if LookUp.BY_PROVIDER_REFERENCE in adapter.manifest.look_ups else ()),
    )
    if not names:
        raise NotApplicableError("the provider cannot be asked")
    for one in subject.examples.instructions:
        question = find_question(adapter, one)
        others = {name: f"9{getattr(one, name)}" for name in names if getattr(one, name)}
        if not isinstance(question, HttpRequest) or not others:
            continue
        if find_question(adapter, msgspec.structs.replace(one, **others)) == question:
            yield from _confusions(subject, one, others)


def _confusions(subject: Subject, asked: Instruction, others: dict[str, str]) -> Iterator[str]:
    """Look whether two operations that are asked about alike, by a list perhaps, are told apart in the answer.

    An empty list is about neither, so only what says that something became of one must not be said of the other.
    """
    adapter, kind = subject.adapter, asked.kind.value
    shown = [
        one for one in subject.examples.look_ups if one.about.kind is asked.kind and isinstance(one.means, _DECIDED)
    ]
    if not shown:
        yield f"{kind}: two operations are asked about with one question, and no example shows how to tell them apart"
    for one in shown:
        if not isinstance(adapter, LooksUp):
            return
        if adapter.parse_look_up(msgspec.structs.replace(one.about, **others), one.response) == one.means:
            yield f"{kind}: two operations are asked about with one question, and one answer is taken for both"


CHECKS = (
    Check(
        "look_ups.harmless",
        "A question is a GET, or goes where no operation goes, and is never an operation again.",
        "Asking what became of a payment would pay once more.",
        _harmless,
    ),
    Check(
        "look_ups.about",
        "A question, or what is read in its answer, is about the one operation, by what the manifest says.",
        "The answer would be about another one.",
        _about,
    ),
)
