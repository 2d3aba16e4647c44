"""What the application asks of providers: small abilities, one Protocol each."""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from domain.providers import BookLine, CallbackNotice, Finding, Instruction, Outcome, ProviderManifest


class Collects(Protocol):
    """Takes and gives back money by cards, wallets or transfers."""

    @property
    def manifest(self) -> ProviderManifest:
        """What this provider can do, and how it may be treated."""
        ...

    async def perform(self, instruction: Instruction) -> Outcome:
        """Carry the operation out once, within the manifest's deadline.

        Never raises for anything that the network or the provider does: trouble before the first byte left is
        `NotSent`, everything that leaves doubt is `Unknown`.
        """
        ...

    async def look_up(self, instruction: Instruction) -> Finding:
        """Ask what became of an operation, by its key. Changes nothing at the provider.

        `Missing` when the provider knows nothing of the key; `Unknown` when it could not be asked.
        """
        ...


class CallsBack(Protocol):
    """Sends signed callbacks."""

    def read_callback(self, raw: bytes, headers: Mapping[str, str], *, now_seconds: float) -> CallbackNotice:
        """Verify the signature over the raw bytes and its age, then read it (header names in lower case).

        Raises CALLBACK_REFUSED when it is not authentic, REQUEST_MALFORMED when authentic bytes cannot be read.
        """
        ...


class Reports(Protocol):
    """Shows its own books."""

    def books(self, account: str) -> AsyncIterator[BookLine]:
        """Give each charge of one provider account as the provider's books have it.

        Raises PROV_UNREACHABLE when they cannot be had.
        """
        ...


class Provider(Collects, CallsBack, Reports, Protocol):
    """A provider with every ability this product uses today."""


class Providers(Protocol):
    """The providers that are switched on."""

    def named(self, name: str) -> Provider:
        """Give the provider of that name. Raises ROUTE_NO_PROVIDER when it is not switched on."""
        ...

    def names(self) -> tuple[str, ...]:
        """Give the names of all that are switched on, sorted."""
        ...
