"""PostgreSQL for the container: the engine and everything that is kept there."""

from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.callbacks import PostgresCallbackInbox
from adapters.postgres.engine import APPLICATION_ROLE, PoolSize, make_engine
from adapters.postgres.identity import PostgresApiKeyRepository, PostgresTenants
from adapters.postgres.jobs import PostgresEventStore, PostgresParkedJobs
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.ledger import PostgresLedgerQueries
from adapters.postgres.outbox import PostgresOutbox
from adapters.postgres.payments import PostgresPaymentQueries, PostgresPaymentRepository
from adapters.postgres.proof import PostgresProof
from application.ports.callbacks import CallbackInbox
from application.ports.identity import ApiKeyRepository, Tenants
from application.ports.journal import Journal
from application.ports.ledger import LedgerQueries, Proof
from application.ports.outbox import Outbox
from application.ports.payments import PaymentQueries, PaymentRepository
from application.ports.queue import EventStore, ParkedJobs
from entrypoints.settings import Settings


class Storage(Provider):
    """One engine per process, shared by everything that reads or writes."""

    scope = Scope.APP

    @provide
    async def engine(self, settings: Settings) -> AsyncIterator[AsyncEngine]:
        """Open the pool; under the owner's login every statement is lowered to the application's role."""
        kept = max(1, settings.database_pool_size // 2)
        engine = make_engine(
            settings.application_database,
            pool=PoolSize(kept, settings.database_pool_size - kept),
            application=settings.otel_service_name,
            as_role=APPLICATION_ROLE if settings.one_login else None,
        )
        yield engine
        await engine.dispose()

    @provide
    def proof(self, engine: AsyncEngine) -> Proof:
        """Re-adds the ledger."""
        return PostgresProof(engine)

    journal = provide(PostgresJournal, provides=Journal)
    payments = provide(PostgresPaymentRepository, provides=PaymentRepository)
    payment_queries = provide(PostgresPaymentQueries, provides=PaymentQueries)
    ledger_queries = provide(PostgresLedgerQueries, provides=LedgerQueries)
    callbacks = provide(PostgresCallbackInbox, provides=CallbackInbox)
    api_keys = provide(PostgresApiKeyRepository, provides=ApiKeyRepository)
    tenants = provide(PostgresTenants, provides=Tenants)
    outbox = provide(PostgresOutbox, provides=Outbox)
    parked_jobs = provide(PostgresParkedJobs, provides=ParkedJobs)
    events = provide(PostgresEventStore, provides=EventStore)
