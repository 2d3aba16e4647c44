"""List the installed providers and what each can do."""

from dataclasses import dataclass

from application.ports.provider_forms import ProviderForm, ProviderForms


@dataclass(frozen=True, slots=True)
class ListProvidersHandler:
    """The policy: what is told is what the kernel enforces and the router reads, to the letter."""

    forms: ProviderForms

    async def __call__(self) -> tuple[ProviderForm, ...]:
        """Give every one, by name."""
        return self.forms.all()
