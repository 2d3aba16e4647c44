"""PostgreSQL for the container: the engine and everything that is kept there."""

from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.accounts import PostgresAccountBook, PostgresAccountFinder
from adapters.postgres.balances import PostgresBalanceReads
from adapters.postgres.beneficiaries import PostgresBeneficiaryBook
from adapters.postgres.bookings import PostgresHoldQueries, PostgresTransactionQueries
from adapters.postgres.breakers import PostgresBreakers
from adapters.postgres.callback_rows import PostgresCallbackQueries
from adapters.postgres.callbacks import PostgresCallbackInbox
from adapters.postgres.controls import PostgresLimitBook, PostgresMonitorBook
from adapters.postgres.engine import APPLICATION_ROLE, PoolSize, make_engine
from adapters.postgres.fx import (
    PostgresFxAccounts,
    PostgresQuoteExpiry,
    PostgresQuoteQueries,
    PostgresQuoteRepository,
    PostgresRateRepository,
)
from adapters.postgres.identity import PostgresApiKeyRepository, PostgresTenants
from adapters.postgres.jobs import PostgresEventStore, PostgresParkedJobs
from adapters.postgres.journal import PostgresJournal
from adapters.postgres.lanes import dispose
from adapters.postgres.ledger import PostgresLedgerQueries
from adapters.postgres.ledger_copies import PostgresLedgerCopies
from adapters.postgres.outbox import PostgresOutbox
from adapters.postgres.payments import PostgresPaymentQueries, PostgresPaymentRepository
from adapters.postgres.payouts import PostgresPayoutQueries, PostgresPayoutRepository
from adapters.postgres.proof import PostgresProof
from adapters.postgres.provider_accounts import (
    PostgresAccountsInForce,
    PostgresProviderAccountBook,
    PostgresProviderAccountQueries,
)
from adapters.postgres.routing import PostgresRouteBook
from adapters.postgres.statements import PostgresStatementReads
from application.ports.balances import BalanceReads
from application.ports.beneficiaries import BeneficiaryBook
from application.ports.bookings import HoldQueries, TransactionQueries
from application.ports.callbacks import CallbackInbox, CallbackQueries
from application.ports.controls import AccountBook, LimitBook, MonitorBook
from application.ports.fx import FxAccounts, QuoteExpiry, QuoteQueries, QuoteRepository, RateRepository
from application.ports.identity import ApiKeyRepository, Tenants
from application.ports.journal import Journal
from application.ports.ledger import AccountFinder, LedgerQueries, Proof
from application.ports.ledger_copies import LedgerCopies
from application.ports.outbox import Outbox
from application.ports.payments import PaymentQueries, PaymentRepository
from application.ports.payouts import PayoutQueries, PayoutRepository
from application.ports.provider_accounts import AccountsInForce, ProviderAccountBook, ProviderAccountQueries
from application.ports.provider_health import Breakers
from application.ports.queue import EventStore, ParkedJobs
from application.ports.routing import RouteBook
from application.ports.statements import StatementReads
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
        await dispose(engine)

    @provide
    def proof(self, engine: AsyncEngine) -> Proof:
        """Re-adds the ledger."""
        return PostgresProof(engine)

    @provide
    def journal(self, engine: AsyncEngine) -> Journal:
        """Commits in lanes of their own."""
        return PostgresJournal(engine)

    payments = provide(PostgresPaymentRepository, provides=PaymentRepository)
    breakers = provide(PostgresBreakers, provides=Breakers)
    payouts = provide(PostgresPayoutRepository, provides=PayoutRepository)
    payout_queries = provide(PostgresPayoutQueries, provides=PayoutQueries)
    beneficiaries = provide(PostgresBeneficiaryBook, provides=BeneficiaryBook)
    routes = provide(PostgresRouteBook, provides=RouteBook)
    provider_accounts = provide(PostgresProviderAccountBook, provides=ProviderAccountBook)
    provider_account_queries = provide(PostgresProviderAccountQueries, provides=ProviderAccountQueries)
    accounts_in_force = provide(PostgresAccountsInForce, provides=AccountsInForce)
    payment_queries = provide(PostgresPaymentQueries, provides=PaymentQueries)
    ledger_copies = provide(PostgresLedgerCopies, provides=LedgerCopies)
    balance_reads = provide(PostgresBalanceReads, provides=BalanceReads)
    statement_reads = provide(PostgresStatementReads, provides=StatementReads)
    ledger_queries = provide(PostgresLedgerQueries, provides=LedgerQueries)
    account_finder = provide(PostgresAccountFinder, provides=AccountFinder)
    account_book = provide(PostgresAccountBook, provides=AccountBook)
    limit_book = provide(PostgresLimitBook, provides=LimitBook)
    monitor_book = provide(PostgresMonitorBook, provides=MonitorBook)
    transaction_queries = provide(PostgresTransactionQueries, provides=TransactionQueries)
    hold_queries = provide(PostgresHoldQueries, provides=HoldQueries)
    rates = provide(PostgresRateRepository, provides=RateRepository)
    quotes = provide(PostgresQuoteRepository, provides=QuoteRepository)
    quote_queries = provide(PostgresQuoteQueries, provides=QuoteQueries)
    quote_expiry = provide(PostgresQuoteExpiry, provides=QuoteExpiry)
    fx_accounts = provide(PostgresFxAccounts, provides=FxAccounts)
    callbacks = provide(PostgresCallbackInbox, provides=CallbackInbox)
    callback_queries = provide(PostgresCallbackQueries, provides=CallbackQueries)
    api_keys = provide(PostgresApiKeyRepository, provides=ApiKeyRepository)
    tenants = provide(PostgresTenants, provides=Tenants)
    outbox = provide(PostgresOutbox, provides=Outbox)
    parked_jobs = provide(PostgresParkedJobs, provides=ParkedJobs)
    events = provide(PostgresEventStore, provides=EventStore)
