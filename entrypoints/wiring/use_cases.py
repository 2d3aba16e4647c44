"""Every use case, by name."""

from dishka import Provider, Scope, provide, provide_all

from adapters.postgres.proof import CHECKS
from application.callbacks.apply_callback import ApplyCallbackHandler
from application.callbacks.receive_callback import ReceiveCallbackHandler
from application.identity.authenticate import AuthenticateHandler
from application.identity.open_tenant import OpenTenantHandler
from application.ledger.list_accounts import ListAccountsHandler
from application.ledger.list_entries import ListEntriesHandler
from application.ledger.prove import ProveHandler
from application.payments.cancel_payment import CancelPaymentHandler
from application.payments.capture_payment import CapturePaymentHandler
from application.payments.create_payment import CreatePaymentHandler
from application.payments.expire_payment import ExpirePaymentHandler
from application.payments.get_payment import GetPaymentHandler
from application.payments.list_payments import ListPaymentsHandler
from application.payments.provider_step import ProviderStep
from application.payments.refund_payment import RefundPaymentHandler
from application.payments.resolve_operation import ResolveOperationHandler
from application.ports.identity import Tenants
from application.ports.ledger import Proof
from application.ports.providers import Providers


class UseCases(Provider):
    """A handler holds nothing of a single call, so one of each serves the process."""

    scope = Scope.APP

    step = provide(ProviderStep)
    handlers = provide_all(
        CreatePaymentHandler,
        CapturePaymentHandler,
        CancelPaymentHandler,
        RefundPaymentHandler,
        ResolveOperationHandler,
        ExpirePaymentHandler,
        GetPaymentHandler,
        ListPaymentsHandler,
        ListAccountsHandler,
        ListEntriesHandler,
        ReceiveCallbackHandler,
        ApplyCallbackHandler,
        AuthenticateHandler,
        OpenTenantHandler,
    )

    @provide
    def prove(self, tenants: Tenants, proof: Proof, providers: Providers) -> ProveHandler:
        """Prove with every check that there is."""
        return ProveHandler(tenants, proof, providers, tuple(CHECKS))
