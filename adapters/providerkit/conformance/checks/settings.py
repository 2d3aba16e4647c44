"""Configuration and credentials are strict, can be described, and show no secret."""

import json
from collections.abc import Iterator

import msgspec

from adapters.providerkit.conformance.check import Check
from adapters.providerkit.conformance.secrets import secrets_in
from adapters.providerkit.conformance.subject import Subject


def _strict(subject: Subject) -> Iterator[str]:
    for shape in (subject.spec.config, subject.spec.credentials):
        settings = shape.__struct_config__
        if not settings.forbid_unknown_fields:
            yield f"{shape.__name__} takes unknown fields"
        if not settings.frozen:
            yield f"{shape.__name__} can be changed"


def _described(subject: Subject) -> Iterator[str]:
    for shape in (subject.spec.config, subject.spec.credentials):
        try:
            json.dumps(msgspec.json.schema(shape))
        except (TypeError, ValueError) as fault:
            yield f"{shape.__name__} has no JSON Schema: {fault}"


def _round(subject: Subject) -> Iterator[str]:
    examples = subject.examples
    for value, shape in ((examples.config, subject.spec.config), (examples.credentials, subject.spec.credentials)):
        if not isinstance(value, shape):
            yield f"the example is a {type(value).__name__}, no {shape.__name__}"
        elif msgspec.json.decode(msgspec.json.encode(value), type=shape) != value:
            yield f"{shape.__name__} is not the same once it was stored as JSON"


def _silent(subject: Subject) -> Iterator[str]:
    credentials = subject.examples.credentials
    secrets = secrets_in(credentials)
    for shown in (repr(credentials), str(credentials), repr(subject.adapter)):
        if any(secret in shown for secret in secrets):
            yield f"{type(credentials).__name__} or the adapter shows a secret when it is printed"


CHECKS = (
    Check(
        "settings.strict",
        "Config and credentials are frozen Structs that refuse unknown fields.",
        "A mistyped setting would be dropped without a word.",
        _strict,
    ),
    Check(
        "settings.described",
        "Config and credentials have JSON Schemas.",
        "A configuration is validated by them before it takes effect.",
        _described,
    ),
    Check(
        "settings.round",
        "Stored as JSON and read again, config and credentials are the same.",
        "They live in a database, the credentials encrypted.",
        _round,
    ),
    Check(
        "settings.silent",
        "Neither credentials nor an adapter show a secret when they are printed.",
        "Logs and tracebacks print what they get.",
        _silent,
    ),
)
