"""What a defect is: the toy with one thing wrong, and the check that must notice."""

from dataclasses import dataclass

from adapters.providerkit.spec import ProviderSpec


@dataclass(frozen=True, slots=True)
class Defect:
    """One small thing that is wrong, in words; `check` is the one that is meant for it."""

    name: str
    check: str
    spec: ProviderSpec
