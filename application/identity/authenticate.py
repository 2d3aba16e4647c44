"""Tell who calls by an API key."""

from dataclasses import dataclass

import msgspec

from application.ports.identity import ApiKeyRepository, ApiKeys
from domain.errors import AUTH_INVALID, MediatorError
from domain.ids import ApiKeyId, PrincipalId, TenantId

NOBODY = bytes(32)
"""The digest that an unknown key is compared with, so that it takes the same path as a known one."""


class Caller(msgspec.Struct, frozen=True):
    """Who calls, for which tenant, and with which key."""

    tenant_id: TenantId
    principal_id: PrincipalId
    api_key_id: ApiKeyId


@dataclass(frozen=True, slots=True)
class AuthenticateHandler:
    """The policy: a key is valid whole or not at all, and the answer never says which part of it was wrong."""

    keys: ApiKeys
    repository: ApiKeyRepository

    async def __call__(self, key: str) -> Caller:
        """Tell who calls. Raises AUTH_INVALID."""
        key_id = self.keys.key_id(key)
        if key_id is None:
            raise MediatorError(AUTH_INVALID, "The API key is not valid.")
        stored = await self.repository.find(key_id)
        matches = self.keys.matches(key, NOBODY if stored is None else stored.digest)
        if stored is None or not matches or stored.revoked_at is not None:
            raise MediatorError(AUTH_INVALID, "The API key is not valid.")
        return Caller(stored.tenant_id, stored.principal_id, stored.id)
