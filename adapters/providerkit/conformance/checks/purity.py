"""Building and reading are pure: the same in gives the same out, and nothing of the world is looked at."""

from collections.abc import Iterator

import msgspec

from adapters.providerkit.conformance.calls import calls
from adapters.providerkit.conformance.check import Check
from adapters.providerkit.conformance.subject import Subject, find_built, find_question
from adapters.providerkit.conformance.watching import watched


def _same(subject: Subject) -> Iterator[str]:
    again = subject.made()
    for instruction, sending in subject.buildable():
        kind = instruction.kind.value
        if find_built(subject.adapter, instruction) != sending:
            yield f"{kind}: built twice, it is not the same"
        if find_built(again, instruction) != sending:
            yield f"{kind}: built by another adapter of the same configuration, it is not the same"
        if find_question(subject.adapter, instruction) != find_question(again, instruction):
            yield f"{kind}: the question about it is not the same"


def _unchanged(subject: Subject) -> Iterator[str]:
    for instruction in subject.examples.instructions:
        told = msgspec.structs.replace(instruction, action_fields={"field": "value"})
        find_built(subject.adapter, told)
        find_question(subject.adapter, told)
        if told.action_fields != {"field": "value"}:
            yield f"building {instruction.kind.value} changes the fields that the customer was told"
    before = msgspec.json.encode(subject.examples)
    for name, call in calls(subject):
        call()
        if msgspec.json.encode(subject.examples) != before:
            yield f"{name} changes what it was given"
            return


def _unworldly(subject: Subject) -> Iterator[str]:
    for name, call in calls(subject):
        call()  # What is imported or compiled on first use may read files once.
        _, seen = watched(call)
        yield from (f"{name} calls {one}" for one in seen)


CHECKS = (
    Check(
        "pure.same",
        "One instruction always becomes the same bytes.",
        "A request that is sent again must be recognized as the same.",
        _same,
    ),
    Check(
        "pure.unchanged",
        "No call changes what it was given.",
        "The same instruction is used for the send, the resend and the look-up.",
        _unchanged,
    ),
    Check(
        "pure.unworldly",
        "No call looks at a clock, chance, a file, a socket or another process.",
        "The kernel owns time and network; what it does not see it can neither bound nor repeat.",
        _unworldly,
    ),
)
