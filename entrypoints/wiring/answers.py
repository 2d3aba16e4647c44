"""Answers for processes that answer nobody: the worker and the command line settle operations without a caller."""

from application.ports.answers import Answers
from application.ports.journal import Answer
from domain.dossier import Dossier
from domain.ids import OperationId


class NoAnswers(Answers):
    """Refuses to be asked: only the HTTP door has somebody to answer to."""

    def payment(self, dossier: Dossier, *, request_id: str) -> Answer:
        """Raise LookupError."""
        raise LookupError(f"nobody waits to hear of {dossier.payment.id} ({request_id})")

    def operation(self, dossier: Dossier, operation_id: OperationId, *, request_id: str) -> Answer:
        """Raise LookupError."""
        raise LookupError(f"nobody waits to hear of {operation_id} of {dossier.payment.id} ({request_id})")
