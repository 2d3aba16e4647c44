"""Tell what one provider can do, and what an account there is configured by."""

from dataclasses import dataclass

import msgspec

from application.ports.provider_forms import ProviderForm, ProviderForms


class GetProvider(msgspec.Struct, frozen=True):
    """Which provider."""

    name: str


@dataclass(frozen=True, slots=True)
class GetProviderHandler:
    """The policy: what is told is what the kernel enforces, and what `connect` checks by."""

    forms: ProviderForms

    async def __call__(self, command: GetProvider) -> ProviderForm:
        """Give it. Raises NOT_FOUND."""
        return self.forms.get(command.name)
