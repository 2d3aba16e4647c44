"""Answers for processes that answer nobody: the worker and the command line settle operations without a caller."""

from application.ports.answers import Answers, ControlAnswers, PayoutAnswers, ProviderAnswers
from application.ports.controls import LimitNow
from application.ports.journal import Answer
from application.ports.provider_accounts import ConnectedAccount
from domain.accounts import Account
from domain.beneficiaries import Beneficiary
from domain.dossier import Dossier
from domain.ids import OperationId
from domain.monitors import Monitor
from domain.payout_dossier import PayoutDossier


class NoAnswers(Answers):
    """Refuses to be asked: only the HTTP door has somebody to answer to."""

    def payment(self, dossier: Dossier, *, request_id: str) -> Answer:
        """Raise LookupError."""
        raise LookupError(f"nobody waits to hear of {dossier.payment.id} ({request_id})")

    def operation(self, dossier: Dossier, operation_id: OperationId, *, request_id: str) -> Answer:
        """Raise LookupError."""
        raise LookupError(f"nobody waits to hear of {operation_id} of {dossier.payment.id} ({request_id})")


class NoPayoutAnswers(PayoutAnswers):
    """Refuses to be asked, for the same reason."""

    def payout(self, payout: PayoutDossier, *, made: bool) -> Answer:
        """Raise LookupError."""
        raise LookupError(f"nobody waits to hear of {payout.payout.id} ({made})")

    def beneficiary(self, beneficiary: Beneficiary) -> Answer:
        """Raise LookupError."""
        raise LookupError(f"nobody waits to hear of {beneficiary.id}")


class NoControlAnswers(ControlAnswers):
    """Refuses to be asked, for the same reason."""

    def account(self, account: Account) -> Answer:
        """Raise LookupError."""
        raise LookupError(f"nobody waits to hear of {account.id}")

    def limit(self, limit: LimitNow) -> Answer:
        """Raise LookupError."""
        raise LookupError(f"nobody waits to hear of {limit.policy.id}")

    def monitor(self, monitor: Monitor) -> Answer:
        """Raise LookupError."""
        raise LookupError(f"nobody waits to hear of {monitor.id}")


class NoProviderAnswers(ProviderAnswers):
    """Refuses to be asked, for the same reason."""

    def connected(self, account: ConnectedAccount) -> Answer:
        """Raise LookupError."""
        raise LookupError(f"nobody waits to hear of {account.id}")
