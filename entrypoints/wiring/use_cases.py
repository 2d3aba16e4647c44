"""Every use case, by name."""

from dishka import Provider, Scope, provide, provide_all

from adapters.postgres.proof import CHECKS
from application.callbacks.apply_callback import ApplyCallbackHandler
from application.callbacks.event_line import EventLine
from application.callbacks.get_callback import GetCallbackHandler
from application.callbacks.list_callbacks import ListCallbacksHandler
from application.callbacks.receive_callback import ReceiveCallbackHandler
from application.callbacks.replay_callbacks import ReplayCallbacksHandler
from application.callbacks.return_customer import ReturnCustomerHandler
from application.fx.execute_quote import ExecuteQuoteHandler
from application.fx.expire_quotes import ExpireQuotesHandler
from application.fx.get_quote import GetQuoteHandler
from application.fx.list_quotes import ListQuotesHandler
from application.fx.list_rates import ListRatesHandler
from application.fx.open_quote import OpenQuoteHandler
from application.fx.quote_step import QuoteStep
from application.fx.refresh_rates import RefreshRatesHandler
from application.fx.release_quote import ReleaseQuoteHandler
from application.fx.report_exposure import ReportExposureHandler
from application.fx.reserve_quote import ReserveQuoteHandler
from application.hearing import AppliesCallbacks, Hearing
from application.identity.authenticate import AuthenticateHandler
from application.identity.open_tenant import OpenTenantHandler
from application.ledger.change_account import ChangeAccountHandler
from application.ledger.end_limit import EndLimitHandler
from application.ledger.end_monitor import EndMonitorHandler
from application.ledger.expire_holds import ExpireHoldsHandler
from application.ledger.export_ledger import ExportLedgerHandler
from application.ledger.get_account import GetAccountHandler
from application.ledger.get_balance import GetBalanceHandler
from application.ledger.get_hold import GetHoldHandler
from application.ledger.get_statement import GetStatementHandler
from application.ledger.get_transaction import GetTransactionHandler
from application.ledger.import_ledger import ImportLedgerHandler
from application.ledger.list_accounts import ListAccountsHandler
from application.ledger.list_entries import ListEntriesHandler
from application.ledger.list_holds import ListHoldsHandler
from application.ledger.list_limits import ListLimitsHandler
from application.ledger.list_monitors import ListMonitorsHandler
from application.ledger.list_transactions import ListTransactionsHandler
from application.ledger.make_limit import MakeLimitHandler
from application.ledger.make_monitor import MakeMonitorHandler
from application.ledger.make_transfer import MakeTransferHandler
from application.ledger.make_transfers import MakeTransfersHandler
from application.ledger.open_account import OpenAccountHandler
from application.ledger.place_hold import PlaceHoldHandler
from application.ledger.post_hold import PostHoldHandler
from application.ledger.prove import ProveHandler
from application.ledger.release_hold import ReleaseHoldHandler
from application.ledger.remove_import import RemoveImportHandler
from application.ledger.reverse_transaction import ReverseTransactionHandler
from application.payments.cancel_payment import CancelPaymentHandler
from application.payments.capture_payment import CapturePaymentHandler
from application.payments.create_payment import CreatePaymentHandler
from application.payments.expire_payment import ExpirePaymentHandler
from application.payments.get_payment import GetPaymentHandler
from application.payments.hear_callback import PaymentCallbacks
from application.payments.list_payments import ListPaymentsHandler
from application.payments.provider_step import ProviderStep
from application.payments.refund_payment import RefundPaymentHandler
from application.payments.rerouting import Rerouting
from application.payments.resolve_operation import ResolveOperationHandler
from application.payouts.add_beneficiary import AddBeneficiaryHandler
from application.payouts.approve_payout import ApprovePayoutHandler
from application.payouts.archive_beneficiary import ArchiveBeneficiaryHandler
from application.payouts.cancel_payout import CancelPayoutHandler
from application.payouts.carry_out_payout import CarryOutPayoutHandler
from application.payouts.choosing import PayoutAccounts
from application.payouts.create_payout import CreatePayoutHandler
from application.payouts.deciding import PayoutDecisions
from application.payouts.deny_payout import DenyPayoutHandler
from application.payouts.get_beneficiary import GetBeneficiaryHandler
from application.payouts.get_payout import GetPayoutHandler
from application.payouts.hear_callback import PayoutCallbacks
from application.payouts.list_beneficiaries import ListBeneficiariesHandler
from application.payouts.list_payouts import ListPayoutsHandler
from application.payouts.payout_step import PayoutStep
from application.ports.identity import Tenants
from application.ports.ledger import Proof
from application.ports.providers import Providers
from application.providers.change_provider_account import ChangeProviderAccountHandler
from application.providers.connect_provider import ConnectProviderHandler
from application.providers.diff_account_versions import DiffAccountVersionsHandler
from application.providers.follow_settings import FollowSettingsHandler
from application.providers.get_health import GetHealthHandler
from application.providers.get_provider import GetProviderHandler
from application.providers.get_provider_account import GetProviderAccountHandler
from application.providers.list_account_versions import ListAccountVersionsHandler
from application.providers.list_provider_accounts import ListProviderAccountsHandler
from application.providers.list_providers import ListProvidersHandler
from application.providers.roll_back_account import RollBackAccountHandler
from application.providers.set_account_state import SetAccountStateHandler
from application.providers.set_breaker import SetBreakerHandler
from application.providers.verify_account import VerifyAccountHandler
from application.routing.explain_route import ExplainRouteHandler
from application.routing.list_rules import ListRulesHandler
from application.routing.roll_back_rules import RollBackRulesHandler
from application.routing.set_rules import SetRulesHandler
from application.routing.simulate_rules import SimulateRulesHandler


class UseCases(Provider):
    """A handler holds nothing of a single call, so one of each serves the process."""

    scope = Scope.APP

    rerouting = provide(Rerouting)
    step = provide(ProviderStep)
    quote_step = provide(QuoteStep)
    payment_callbacks = provide(PaymentCallbacks)
    event_line = provide(EventLine)
    payout_step = provide(PayoutStep)
    payout_callbacks = provide(PayoutCallbacks)
    payout_decisions = provide(PayoutDecisions)
    payout_accounts = provide(PayoutAccounts)
    handlers = provide_all(
        CreatePaymentHandler,
        CapturePaymentHandler,
        CancelPaymentHandler,
        RefundPaymentHandler,
        ResolveOperationHandler,
        ExpirePaymentHandler,
        GetPaymentHandler,
        ListPaymentsHandler,
        AddBeneficiaryHandler,
        ArchiveBeneficiaryHandler,
        GetBeneficiaryHandler,
        ListBeneficiariesHandler,
        ApprovePayoutHandler,
        CancelPayoutHandler,
        CarryOutPayoutHandler,
        CreatePayoutHandler,
        DenyPayoutHandler,
        GetPayoutHandler,
        ListPayoutsHandler,
        ListAccountsHandler,
        ListEntriesHandler,
        ChangeAccountHandler,
        EndLimitHandler,
        EndMonitorHandler,
        ExpireHoldsHandler,
        ExportLedgerHandler,
        GetAccountHandler,
        GetBalanceHandler,
        GetHoldHandler,
        GetTransactionHandler,
        ImportLedgerHandler,
        ListHoldsHandler,
        ListLimitsHandler,
        ListMonitorsHandler,
        ListTransactionsHandler,
        MakeLimitHandler,
        MakeMonitorHandler,
        MakeTransferHandler,
        MakeTransfersHandler,
        OpenAccountHandler,
        PlaceHoldHandler,
        PostHoldHandler,
        ReleaseHoldHandler,
        RemoveImportHandler,
        ReverseTransactionHandler,
        GetStatementHandler,
        ListRatesHandler,
        RefreshRatesHandler,
        OpenQuoteHandler,
        GetQuoteHandler,
        ListQuotesHandler,
        ReserveQuoteHandler,
        ExecuteQuoteHandler,
        ReleaseQuoteHandler,
        ExpireQuotesHandler,
        ReportExposureHandler,
        GetHealthHandler,
        SetBreakerHandler,
        ConnectProviderHandler,
        ChangeProviderAccountHandler,
        SetAccountStateHandler,
        RollBackAccountHandler,
        VerifyAccountHandler,
        ListProviderAccountsHandler,
        GetProviderAccountHandler,
        ListAccountVersionsHandler,
        DiffAccountVersionsHandler,
        ListProvidersHandler,
        GetProviderHandler,
        FollowSettingsHandler,
        SetRulesHandler,
        RollBackRulesHandler,
        ListRulesHandler,
        ExplainRouteHandler,
        SimulateRulesHandler,
        ReceiveCallbackHandler,
        ApplyCallbackHandler,
        ReturnCustomerHandler,
        ListCallbacksHandler,
        GetCallbackHandler,
        ReplayCallbacksHandler,
        AuthenticateHandler,
        OpenTenantHandler,
    )

    @provide
    def hearing(self, payments: PaymentCallbacks, payouts: PayoutCallbacks) -> AppliesCallbacks:
        """Let each context that providers tell us of act on what they say, in this order."""
        return Hearing((payments, payouts))

    @provide
    def prove(self, tenants: Tenants, proof: Proof, providers: Providers) -> ProveHandler:
        """Prove with every check that there is."""
        return ProveHandler(tenants, proof, providers, tuple(CHECKS))
