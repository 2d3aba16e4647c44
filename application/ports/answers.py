"""What a caller is told, to the byte: kept with the effect that it tells of."""

from typing import Protocol

from application.ports.controls import LimitNow
from application.ports.journal import Answer
from application.ports.provider_accounts import ConnectedAccount
from domain.accounts import Account
from domain.beneficiaries import Beneficiary
from domain.dossier import Dossier
from domain.ids import OperationId
from domain.monitors import Monitor
from domain.payout_dossier import PayoutDossier


class Answers(Protocol):
    """Renders answers. Pure: the same dossier and request give the same bytes."""

    def payment(self, dossier: Dossier, *, request_id: str) -> Answer:
        """Tell a payment as it stands, where no provider had to be asked."""
        ...

    def operation(self, dossier: Dossier, operation_id: OperationId, *, request_id: str) -> Answer:
        """Tell what became of one operation: the payment or refund, or the problem that stands in the way.

        201 when it succeeded or waits for the customer, 202 while the outcome is open, 402 or 422 when the provider
        refused, 503 when nothing was sent.
        """
        ...


class PayoutAnswers(Protocol):
    """Renders answers about payouts and beneficiaries. Pure: the same state gives the same bytes."""

    def payout(self, payout: PayoutDossier, *, made: bool) -> Answer:
        """Tell a payout as it stands: 201 with its address when it was made just now, else 200."""
        ...

    def beneficiary(self, beneficiary: Beneficiary) -> Answer:
        """Tell a beneficiary that was added, with 201."""
        ...


class ControlAnswers(Protocol):
    """Renders answers about what the ledger goes by, with 201. Pure: the same state gives the same bytes."""

    def account(self, account: Account) -> Answer:
        """Tell an account that was opened."""
        ...

    def limit(self, limit: LimitNow) -> Answer:
        """Tell a limit that began."""
        ...

    def monitor(self, monitor: Monitor) -> Answer:
        """Tell a monitor that began."""
        ...


class ProviderAnswers(Protocol):
    """Renders answers about accounts at providers, with 201. Pure: the same state gives the same bytes."""

    def connected(self, account: ConnectedAccount) -> Answer:
        """Tell an account that was connected; never its credentials."""
        ...
