"""Keeping secrets that we must be able to say again, such as our keys at providers."""

from typing import Protocol

import msgspec

from domain.ids import ProviderAccountId, TenantId


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where credentials belong: sealed for one place, they open at no other."""

    tenant_id: TenantId
    account_id: ProviderAccountId
    version: int


class Vault(Protocol):
    """Seals secrets, so that whoever reads a table, a dump or a backup of it learns nothing but their length."""

    def seal(self, secret: bytes, place: Place) -> bytes:
        """Seal a secret for one place; twice the same gives different bytes."""
        ...

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Open what was sealed for just this place. Raises PROV_CREDENTIALS_SEALED when it does not open."""
        ...
