"""An audit record: who did what to which thing, when, and by which request."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.ids import TenantId


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One act. `actor` is a principal's public id or `system:<part>`; `action` is the use case's name."""

    tenant_id: TenantId
    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    request_id: str
    details: dict[str, str]
