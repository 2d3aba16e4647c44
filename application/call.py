"""A call: who asks, for which tenant, under which request, and with which idempotency key."""

from uuid import UUID

import msgspec

from application.ports.journal import Answer, Claim, IdempotencyKey, Keep, Release
from domain.audit import AuditRecord
from domain.ids import ApiKeyId, TenantId
from domain.moment import Moment

ANSWERED_FOR_GOOD_BELOW = 500
LEASE_SECONDS = 30.0
"""How long a request may run before its idempotency key can be taken over."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """The circumstances of one use of a use case."""

    tenant_id: TenantId
    actor: str
    request_id: str
    idempotency: IdempotencyKey | None = None
    api_key_id: ApiKeyId | None = None

    def audit(self, action: str, subject: str, moment: Moment, **details: str) -> AuditRecord:
        """Write the audit record of an act of this call."""
        return AuditRecord(
            tenant_id=self.tenant_id,
            id=moment.new_id(),
            at=moment.now,
            actor=self.actor,
            action=action,
            subject=subject,
            request_id=self.request_id,
            details=details,
        )

    def claim(self, resource_id: UUID, *, taken_over: bool = False) -> Claim | None:
        """Claim this call's idempotency key for the resource that its effect is found by."""
        if self.idempotency is None:
            return None
        return Claim(self.idempotency, resource_id, LEASE_SECONDS, taken_over)

    def kept(self, answer: Answer) -> Keep | Release | None:
        """Keep a final answer under this call's key; let the key go when nothing was done (503)."""
        if self.idempotency is None:
            return None
        if answer.status < ANSWERED_FOR_GOOD_BELOW:
            return Keep(self.idempotency, answer)
        return Release(self.idempotency)
