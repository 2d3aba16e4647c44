"""What can be installed says of itself, and what an account there is configured by."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from domain.manifests import ProviderManifest


class ProviderForm(msgspec.Struct, frozen=True, kw_only=True):
    """One installed provider: its manifest, and the JSON Schemas (2020-12) of its configuration and credentials."""

    manifest: ProviderManifest
    config_schema: dict[str, Any]
    credentials_schema: dict[str, Any]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider takes: the configuration with every default said, the credentials as JSON to be sealed."""

    config: dict[str, object] | None
    credentials: bytes | None

    def __repr__(self) -> str:
        """Show no credentials."""
        return f"Checked({self.config!r})"


class ProviderForms(Protocol):
    """The installed providers, as one may connect to them."""

    def all(self) -> tuple[ProviderForm, ...]:
        """Give every installed provider, by name."""
        ...

    def get(self, name: str) -> ProviderForm:
        """Give one. Raises NOT_FOUND."""
        ...

    def checked(
        self, name: str, *, config: Mapping[str, object] | None, credentials: Mapping[str, object] | None
    ) -> Checked:
        """Check what is given. Raises VAL_FIELD with a pointer for each fault, into /provider, /config or /credentials.

        No fault repeats a value of the credentials.
        """
        ...
