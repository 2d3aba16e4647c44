"""What a provider's folder shows of itself, so that the conformance kit can hold its adapter to the contract.

Everything here is made up or published: test keys, sample identifiers, answers as the provider's documentation prints
them. Nothing of it is used in production, so a spec gives it by a function that only the kit calls.
"""

import json
from typing import Any

import msgspec

from adapters.providerkit.messages import HttpResponse
from domain.providers import CallbackEvent, Finding, Instruction, Verification


class ExampleAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of the provider to one operation, and exactly what the adapter must make of it.

    Give at least one success and one refusal for each operation, byte for byte as the provider says them. Where a
    refusal proves that nothing was done (`NotSent`), the kit takes just the statuses that are shown here for proof.
    """

    about: Instruction
    response: HttpResponse
    means: Finding


class ExampleVerification(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to the question whether our credentials work, and what it means."""

    response: HttpResponse
    means: Verification


class ExampleCallback(msgspec.Struct, frozen=True, kw_only=True):
    """One authentic callback as it came: its bytes, its headers (lower case), and the secret that it was signed with.

    `now_seconds` is a Unix time within seconds of its signature. `secret` is None where it carries no signature.
    `means` is what the adapter must read in it; an empty `event_id` there stands for any: where the provider gives
    none, the adapter makes one.
    """

    raw: bytes
    headers: dict[str, str] = {}
    now_seconds: float
    secret: str | None
    means: tuple[CallbackEvent, ...]


class Examples(msgspec.Struct, frozen=True, kw_only=True):
    """One configured provider in examples.

    `config` and `credentials` are values of the spec's Structs. `instructions` hold at least one of each operation that
    the manifest declares, complete enough to be built. `answers` are to operations, `look_ups` to questions about them,
    `books` are pages of the provider's books.
    """

    config: Any
    credentials: Any
    instructions: tuple[Instruction, ...]
    answers: tuple[ExampleAnswer, ...] = ()
    look_ups: tuple[ExampleAnswer, ...] = ()
    verifications: tuple[ExampleVerification, ...] = ()
    books: tuple[HttpResponse, ...] = ()
    callbacks: tuple[ExampleCallback, ...] = ()


def answer(about: Instruction, status: int, body: object, means: Finding) -> ExampleAnswer:
    """Show an answer in JSON; bytes are taken as they are."""
    return ExampleAnswer(about=about, response=in_json(status, body), means=means)


def verification(status: int, body: object, means: Verification) -> ExampleVerification:
    """Show an answer in JSON to the question whether our credentials work; bytes are taken as they are."""
    return ExampleVerification(response=in_json(status, body), means=means)


def in_json(status: int, body: object) -> HttpResponse:
    """Give an answer in JSON; bytes are taken as they are."""
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status=status, headers={"content-type": "application/json"}, body=written)
