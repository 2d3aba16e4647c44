"""What becomes of a job that did not run smoothly: the one place that tells expected trouble from a dead letter."""

from enum import StrEnum

from application.ports.journal import Conflict
from domain.errors import NOT_FOUND, STATE_CONFLICT, Kind, MediatorError


class JobVerdict(StrEnum):
    """What a worker does with a job after an error."""

    DONE = "done"
    AGAIN = "again"
    PARK = "park"


def verdict_on(error: MediatorError | Conflict) -> JobVerdict:
    """Judge a refusal by the catalogue.

    A job is an order to look, not a promise that there is something to do: when its subject is gone or has moved on,
    somebody else did the work. What may pass is tried again. What will be refused tomorrow as today waits for a person.
    """
    if isinstance(error, Conflict):
        return JobVerdict.AGAIN
    if error.entry in (NOT_FOUND, STATE_CONFLICT):
        return JobVerdict.DONE
    if error.entry.retryable or error.entry.kind is Kind.UNAVAILABLE:
        return JobVerdict.AGAIN
    return JobVerdict.PARK
