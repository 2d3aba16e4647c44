"""Secrets go where they belong, and nowhere else."""

from collections.abc import Iterator

from adapters.providerkit.conformance.check import Check
from adapters.providerkit.conformance.mutations import bent
from adapters.providerkit.conformance.readings import readings
from adapters.providerkit.conformance.secrets import secrets_in
from adapters.providerkit.conformance.subject import NotApplicableError, Sending, Subject, find_question
from adapters.providerkit.messages import HttpRequest, HttpResponse
from domain.providers import AcceptedPending, Finding


def _secrets(subject: Subject) -> tuple[str, ...]:
    secrets = secrets_in(subject.examples.credentials)
    if not secrets:
        raise NotApplicableError("the provider needs no credentials")
    return secrets


def _hidden(subject: Subject) -> Iterator[str]:
    secrets = _secrets(subject)
    for instruction, sending in subject.buildable():
        for asked in (sending, find_question(subject.adapter, instruction)):
            if asked is not None:
                where = (name for name, text in _open(asked) if any(secret in text for secret in secrets))
                yield from (f"{instruction.kind.value}: a secret is in the {name}" for name in where)


def _open(sending: Sending | Finding) -> Iterator[tuple[str, str]]:
    """Give what others see: logs, proxies, the customer's browser."""
    yield "printed form", repr(sending)
    if isinstance(sending, HttpRequest):
        yield "URL", sending.url
    if isinstance(sending, AcceptedPending):
        yield "customer's form", repr(sending.action_fields) + str(sending.action_url)


def _untold(subject: Subject) -> Iterator[str]:
    secrets, chance = _secrets(subject), subject.chance("secrets.untold")
    for reading in readings(subject):
        bodies = [reading.answer.body, *(bent(reading.answer.body, chance) for _ in range(subject.cases // 10))]
        for body in bodies:
            answer = HttpResponse(status=reading.answer.status, headers=reading.answer.headers, body=body)
            if any(secret in repr(reading.read(answer)) for secret in secrets):
                yield f"{reading.name}: what was read holds a secret"


CHECKS = (
    Check(
        "secrets.hidden",
        "No secret is in a URL, in a form for the customer's browser, or in what is printed.",
        "Logs, proxies and browsers keep what they see.",
        _hidden,
    ),
    Check(
        "secrets.untold",
        "No outcome repeats a secret.",
        "Outcomes are stored, shown and audited.",
        _untold,
    ),
)
