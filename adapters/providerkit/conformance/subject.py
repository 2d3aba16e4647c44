"""The adapter under test: how it is made, what it was shown with, and the chance that tries it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from adapters.providerkit.adapter import Adapter, Collects, LooksUp, PaysOut
from adapters.providerkit.examples import Examples
from adapters.providerkit.messages import CannotBuildError, FileDrop, HttpRequest, HttpResponse
from adapters.providerkit.spec import ProviderSpec
from domain.providers import Finding, Instruction, OperationKind, Outcome

Sending = HttpRequest | FileDrop | Outcome
"""What an operation becomes: a request, a file, or its outcome at once."""


class NotApplicableError(Exception):
    """The adapter has nothing that a check is about; the message says what is missing."""


@dataclass(frozen=True)
class Subject:
    """One spec, tried with one seed; `cases` bounds the random trials of each check."""

    spec: ProviderSpec
    seed: int
    cases: int

    @cached_property
    def examples(self) -> Examples:
        """What the spec shows. Raises NotApplicableError when it shows nothing."""
        if self.spec.examples is None:
            raise NotApplicableError("the spec gives no examples")
        return self.spec.examples()

    @cached_property
    def adapter(self) -> Adapter:
        """The adapter of the examples' configuration."""
        return self.made()

    def made(self) -> Adapter:
        """Make one more adapter of the same configuration."""
        return self.spec.create(self.examples.config, self.examples.credentials)

    def chance(self, name: str) -> random.Random:
        """Give the chance of one check: the same for the same seed, whatever other checks do."""
        return random.Random(f"{self.seed}:{name}")  # noqa: S311 -- trials are repeated by their seed

    def buildable(self) -> Iterator[tuple[Instruction, Sending]]:
        """Give every example instruction that can be built, with what it becomes."""
        for instruction in self.examples.instructions:
            sending = find_built(self.adapter, instruction)
            if sending is not None:
                yield instruction, sending


def build(adapter: Adapter, instruction: Instruction) -> Sending:
    """Say an operation in the provider's words. Raises CannotBuildError."""
    if instruction.kind is OperationKind.PAYOUT:
        if isinstance(adapter, PaysOut):
            return adapter.build_payout(instruction)
    elif isinstance(adapter, Collects):
        return adapter.build_request(instruction)
    raise CannotBuildError(f"nothing builds a {instruction.kind}")


def find_built(adapter: Adapter, instruction: Instruction) -> Sending | None:
    """Say an operation in the provider's words; None when it cannot be said."""
    try:
        return build(adapter, instruction)
    except CannotBuildError:
        return None


def find_question(adapter: Adapter, instruction: Instruction) -> HttpRequest | Finding | None:
    """Ask what became of an operation; None when it cannot be asked."""
    if not isinstance(adapter, LooksUp):
        return None
    try:
        return adapter.build_look_up(instruction)
    except CannotBuildError:
        return None


def parse(adapter: Adapter, about: Instruction, response: HttpResponse) -> Outcome:
    """Read the answer to an operation. Raises NotApplicableError for an adapter that sends none of that kind."""
    if about.kind is OperationKind.PAYOUT and isinstance(adapter, PaysOut):
        return adapter.parse_payout(about, response)
    if about.kind is not OperationKind.PAYOUT and isinstance(adapter, Collects):
        return adapter.parse_response(about, response)
    raise NotApplicableError(f"the adapter sends no {about.kind}")
