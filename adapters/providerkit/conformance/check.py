"""What a check is: one demand on an adapter, why it is made, and how it is looked at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from adapters.providerkit.conformance.subject import Subject

Look = Callable[[Subject], Iterator[str]]
"""Gives a line of evidence for every fault it finds, as small as it can; nothing when the demand is met."""


@dataclass(frozen=True, slots=True)
class Check:
    """One demand. `id` is stable and names it in reports; `demands` says what must hold, `why` what else would happen.

    `look` raises NotApplicableError where the adapter has nothing that the demand is about.
    """

    id: str
    demands: str
    why: str
    look: Look
