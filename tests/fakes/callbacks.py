"""The inbox of callbacks in memory."""

from application.ports.callbacks import CallbackInbox, InboundCallback
from domain.audit import AuditRecord
from domain.errors import NOT_FOUND, MediatorError
from domain.events import CallbackReceived
from domain.ids import ProviderAccountId, TenantId
from tests.fakes.tables import MemoryDatabase


class MemoryCallbackInbox(CallbackInbox):
    """Keeps callbacks, each once, with a count of how often it came."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Keep them in this database."""
        self._database = database

    async def find_tenant(self, provider_account_id: ProviderAccountId) -> TenantId | None:
        """Find whose provider account it is."""
        account = self._database.accounts.get(provider_account_id)
        return None if account is None else account.tenant_id

    async def receive(self, callback: InboundCallback, event: CallbackReceived, audit: AuditRecord) -> bool:
        """Store a callback with its event and audit record; count a duplicate."""
        tables = self._database.tables(callback.tenant_id)
        key = (callback.provider_account_id, callback.provider_event_id)
        tables.callback_counts[key] = tables.callback_counts.get(key, 0) + 1
        if key in tables.callbacks:
            return False
        tables.callbacks[key] = callback
        tables.write_events((event,), audit)
        return True

    async def get(
        self, tenant_id: TenantId, provider_account_id: ProviderAccountId, provider_event_id: str
    ) -> InboundCallback:
        """Read a callback back. Raises NOT_FOUND."""
        callback = self._database.tables(tenant_id).callbacks.get((provider_account_id, provider_event_id))
        if callback is None:
            raise MediatorError(NOT_FOUND, "There is no such callback.")
        return callback
